package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"peerguard/function/event"
	"peerguard/function/guard"
	"peerguard/function/policy"
)

// sweepCommand runs one sweep from this machine.
type sweepCommand struct {
	reach
	Enforce bool          `help:"Reject what the policy does not allow. Without it nothing is changed, whatever the policy's mode is."`
	Yes     bool          `help:"With --enforce, do not ask before."`
	All     bool          `short:"v" help:"List connections that are allowed, closed or ignored too, instead of counting them."`
	JSON    bool          `help:"Print the report as the function gives it, as JSON."`
	HTML    string        `placeholder:"FILE" help:"Write the report as one self-contained page, too."`
	Timeout time.Duration `default:"10m" help:"Stop after this long and report what was done."`
}

// Help is the long text of --help.
func (*sweepCommand) Help() string {
	return "It lists the connections of every guarded account in every guarded region and judges them as the function would. A dry run asks the API whether it would " +
		"reject, which changes nothing.\n\n" + credentialsHelp +
		"\n\nIt exits with 1 when something would be rejected, is a violation or failed, and with 130 when Ctrl-C stopped it after reporting what was done."
}

// Run sweeps and shows what it found.
func (s *sweepCommand) Run(ctx context.Context, out *console) error {
	if s.Timeout <= 0 {
		return usageError("--timeout must be longer than nothing")
	}
	if s.Enforce && !s.Yes && !out.asks {
		return usageError("--enforce asks before it rejects, and nobody is here to answer: add --yes")
	}
	o, err := s.connect(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(out.stderr, "peerguard: interrupted before anything was done")
		return errInterrupted
	}
	if err != nil {
		return out.refuse(err)
	}
	o.rules = inMode(o.rules, s.Enforce)
	if s.Enforce && !s.Yes && !s.confirmed(out, o) {
		fmt.Fprintln(out.stderr, "peerguard: nothing was done")
		return errFinding
	}
	return s.sweep(ctx, out, o)
}

// inMode is the policy in the mode that the operator asks for.
func inMode(p *policy.Policy, enforce bool) *policy.Policy {
	chosen := *p
	chosen.Mode = policy.DryRun
	if enforce {
		chosen.Mode = policy.Enforce
	}
	return &chosen
}

// confirmed asks before something is done that cannot be undone.
func (s *sweepCommand) confirmed(out *console, o *operator) bool {
	accounts := "account " + string(o.who.Account)
	if n := len(o.rules.Guard.Roles); n > 0 {
		accounts += fmt.Sprintf(" and %s in other accounts", count(n, "role"))
	}
	fmt.Fprintf(out.stderr, "Reject every pending request to %s in %s that %s does not allow?\n"+
		"A rejection cannot be undone: the requester must send a new request. [y/N] ", accounts, strings.Join(o.rules.Guard.Regions, ", "), s.Policy)
	var answer string
	if _, err := fmt.Fscanln(out.stdin, &answer); err != nil {
		return false // an empty line, or the end of the input
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// findings are the connections judged, for those who want to see more than the report lists. It is safe for concurrent
// use.
type findings struct {
	mu      sync.Mutex
	entries []guard.Entry
}

func (f *findings) add(e guard.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries = append(f.entries, e)
}

// sweep does the work and tells of it, all of it even when it is cut short.
func (s *sweepCommand) sweep(ctx context.Context, out *console, o *operator) error {
	cloud := watch(o)
	inv := &guard.Invocation{RequestID: "local", Account: o.who.Account, Region: o.region(), Policy: o.rules, Cloud: cloud}
	scope, err := inv.Scope(nil, nil)
	if err != nil {
		return fmt.Errorf("choosing what to look at: %w", err)
	}
	var all findings
	if s.All || s.HTML != "" {
		inv.OnEntry = all.add
	}
	s.introduce(out, o)
	bar := newProgress(out, scope.Size())
	inv.OnVisit = bar.visited
	now := event.Sweep{TriggerName: "peerguard-sweep", TriggerTime: time.Now().UTC().Format(time.RFC3339Nano)}
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	inv.TriggerID = now.ID()
	report := guard.New().Sweep(limited, inv, scope, now.ClientToken)
	bar.done()
	if err := s.show(out, report, all.entries); err != nil {
		return err
	}
	cloud.explain(out.stderr, o.who)
	if s.HTML != "" {
		if err := writePage(s.HTML, report, o, all.entries); err != nil {
			return err
		}
		fmt.Fprintln(out.stderr, "peerguard: wrote", s.HTML)
	}
	return s.verdict(ctx, out, report)
}

// introduce says what is about to happen, to whom.
func (s *sweepCommand) introduce(out *console, o *operator) {
	mode := "a dry run, nothing is changed"
	if s.Enforce {
		mode = "rejecting"
	}
	fmt.Fprintf(out.stderr, "peerguard: account %s in %s, as %s with %s: %s\n",
		o.who.Account, strings.Join(o.rules.Guard.Regions, ", "), o.who.ARN, o.found.Source, mode)
}

func (s *sweepCommand) show(out *console, report *guard.Report, all []guard.Entry) error {
	if !s.JSON {
		entries := report.Connections
		if s.All {
			entries = all
		}
		showReport(out, report, entries)
		return nil
	}
	encoder := json.NewEncoder(out.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("printing report: %w", err)
	}
	return nil
}

// verdict is how the command ends.
func (s *sweepCommand) verdict(ctx context.Context, out *console, report *guard.Report) error {
	err := report.Err()
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(out.stderr, "peerguard: interrupted: the report holds what was done until then")
		return errInterrupted
	case err != nil:
		return err
	case report.Counts[guard.Violation]+report.Counts[guard.WouldReject] > 0:
		return errFinding
	}
	return nil
}
