package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"peerguard/cmd/peerguard/draft"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// draftCommand writes a policy for what is connected now.
type draftCommand struct {
	sweepFlags
	Out  string `placeholder:"DIR" help:"Write policy.yaml and policy_test.yaml into this folder, where neither exists. The default is to print the policy."`
	Fold bool   `help:"One rule for each folder of the resource directory that requesters are in, instead of one for each account."`
}

// Help is the long text of --help.
func (*draftCommand) Help() string {
	return "Lists the connections of every account and region that the policy guards, and writes a policy that allows what is connected and nothing else: " +
		"for each requester one rule with the narrowest keys that the facts give, until in 90 days. Pending requests become comments. Without a policy.yaml, it looks at the account of the credentials, in every region. " +
		"With --fold, a rule for a folder also allows members that join it later.\n\n" + credentialsHelp +
		"\n\nChanges nothing. Exits with 1 if something could not be read: the draft then says what it lacks.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard draft --out drafted"
}

// Run lists what is connected, and writes the draft.
func (d *draftCommand) Run(ctx context.Context, out *console) error {
	if err := d.vacant(); err != nil {
		return err
	}
	rules, err := d.allowingAll()
	if err != nil {
		return out.refuse(err)
	}
	if d.Fold && rules.Directory == nil {
		return usageError("--fold needs the key directory in the policy: the folders are those of the resource directory")
	}
	o, err := d.connectWith(ctx, rules)
	if err != nil {
		return err
	}
	o.warn(out)
	d.warn(out, o.rules)
	scope, err := d.scope(ctx, o)
	if err != nil {
		return err
	}
	var all entryList
	o.inv.OnEntry = all.add
	report, lacking := d.run(ctx, out, o, scope)
	lacking.explain(out.stderr, o.who)
	if ctx.Err() != nil {
		out.note("interrupted: nothing was drafted")
		return errInterrupted
	}
	facts, err := d.facts(ctx, o, all.entries, report)
	if err != nil {
		return err
	}
	drafted, err := draft.New(facts)
	if err != nil {
		return err
	}
	return cmp.Or(d.write(out, drafted), report.Err())
}

// allowingAll returns a policy with the scope of the one that the flags name, and a rule that allows everything: a sweep with it
// lists what there is, and has no reason to reject. Without a policy.yaml, it guards the account of the credentials.
func (d *draftCommand) allowingAll() (*policy.Policy, error) {
	const text = "version: 1\nmode: dry-run\nallow:\n  - {name: all, accounts: [\"*\"]}\n"
	all, err := policy.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the policy that allows all: %w", err)
	}
	given, err := newPolicyFile(d.Policy).load()
	if d.Policy == "policy.yaml" && errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	all.Guard, all.Directory = given.Guard, given.Directory
	return all, nil
}

// facts returns what the draft is made from.
func (d *draftCommand) facts(ctx context.Context, o *operator, entries []guard.Entry, report *guard.Report) (draft.Facts, error) {
	facts := draft.Facts{Guard: o.rules.Guard, Directory: o.rules.Directory, Fold: d.Fold, At: time.Now()}
	var directory *peering.Reading
	if d.Fold {
		var err error
		if directory, err = o.directory.Reading(ctx, 0); err != nil {
			return facts, fmt.Errorf("reading the resource directory: %w", err)
		}
	}
	active, pending := 0, 0
	for _, e := range entries {
		if e.Outcome != guard.Allowed && e.Outcome != guard.NotReady {
			continue
		}
		c := peering.Connection{ID: e.InstanceID, Requester: e.Requester, Accepter: e.Accepter, Status: e.Status, Name: e.Name, Expires: e.Expires}
		if directory != nil {
			c.Requester.Path, c.Accepter.Path = directory.Path(c.Requester.Account), directory.Path(c.Accepter.Account)
		}
		if facts.Connections = append(facts.Connections, c); c.Status.Active() {
			active++
		} else {
			pending++
		}
	}
	facts.Provenance = []string{
		fmt.Sprintf("Drafted by peerguard %s on %s, from what account %s sees: %s and %s.", build().Version, facts.At.UTC().Format(time.DateOnly), o.who.Account,
			count(active, "active connection"), count(pending, "pending request")),
		"It allows what is connected and nothing else. Find out whose each connection is, add owner and reason to its rule, and",
		"remove the rules that nobody owns. Then run peerguard check and peerguard test, and write mode: enforce.",
	}
	if err := report.Err(); err != nil {
		facts.Provenance = append(facts.Provenance, "NOT COMPLETE, so this would reject what could not be read: "+err.Error())
	}
	return facts, nil
}

// files are the paths of the policy and of its tests.
func (d *draftCommand) files() (rules, tests string) {
	return filepath.Join(d.Out, "policy.yaml"), filepath.Join(d.Out, "policy_test.yaml")
}

// vacant returns an error if a file is there that must not be overwritten.
func (d *draftCommand) vacant() error {
	if d.Out == "" {
		return nil
	}
	rules, tests := d.files()
	for _, path := range []string{rules, tests} {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("writing the draft: %s is there already", path)
		}
	}
	return nil
}

// write prints the policy, or writes both files. If it cannot write both, it leaves none.
func (d *draftCommand) write(out *console, drafted *draft.Draft) error {
	if d.Out == "" {
		fprintf(out.stdout, "%s", lines(strings.Split(drafted.Policy(), "\n")...))
		return nil
	}
	if err := os.MkdirAll(d.Out, 0o755); err != nil { //nolint:gosec // a folder for others to read
		return fmt.Errorf("writing the draft: %w", err)
	}
	rules, tests := d.files()
	if err := createFile(rules, drafted.Policy()); err != nil {
		return err
	}
	if err := createFile(tests, drafted.Tests()); err != nil {
		return errors.Join(err, os.Remove(rules))
	}
	out.note("wrote %s and %s", rules, tests)
	return nil
}

// createFile writes a file that must not exist yet.
func createFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a file for others to read
	if err != nil {
		return fmt.Errorf("writing the draft: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing the draft: %w", err), os.Remove(path))
	}
	return nil
}
