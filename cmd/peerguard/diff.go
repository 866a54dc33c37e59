package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"peerguard/analysis"
	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

// diffCommand compares two policies.
type diffCommand struct {
	Files []string `arg:"" optional:"" name:"policy" help:"The old and the new policy; with --git the new one alone, default: policy.yaml. - reads stdin."`

	Git         string `placeholder:"REV" help:"Take the old policy, and the files that it names, from this revision of git."`
	Report      string `placeholder:"FILE" help:"Also list the connections in a report or a log whose verdict changes; - reads stdin."`
	Tests       string `placeholder:"FILE" help:"Write the examples as cases of policy tests, with what the new policy says."`
	FailOn      string `enum:"opens,any,none" default:"opens" placeholder:"WHAT" help:"Exit with 1 if the new policy opens something, for any change, or never: ${enum}; default: opens."`
	At          clock  `placeholder:"TIME" help:"Compare from this instant or day on; default: now."`
	formatFlags `set:"formats=text,json,github,markdown"`
}

// Help is the long text of --help.
func (*diffCommand) Help() string {
	return "Prints what the new policy allows and the old one rejects (opens), and the reverse (closes). It is exact: it covers every connection that there can be, now and at each later date on which a rule ends. " +
		"Each cause is a pair of rules that decide differently, with a connection as an example. Changes of mode, directory, guard and cap are listed as changes of reach; a smaller guard, or a mode from enforce to dry-run, counts as opening.\n\n" +
		"Exits with 1 if the new policy opens something, see --fail-on.\n\n" +
		"Examples:\n\n" +
		"  go tool peerguard diff old.yaml new.yaml\n" +
		"  go tool peerguard diff --git origin/main policy.yaml --format markdown"
}

// Validate checks that there are two policies to compare.
func (d *diffCommand) Validate() error {
	stdin := 0
	for _, file := range append(slices.Clone(d.Files), d.Report) {
		if file == "-" {
			stdin++
		}
	}
	switch {
	case d.Git != "" && len(d.Files) > 1:
		return errors.New("with --git pass the new policy alone: the old one is its earlier revision")
	case d.Git != "" && slices.Contains(d.Files, "-"):
		return errors.New("--git needs the name of a file, not stdin")
	case d.Git == "" && len(d.Files) != 2:
		return errors.New("pass the old and the new policy, or --git REV and the new one")
	case stdin > 1:
		return errors.New("only one file can be read from stdin")
	}
	return d.formatFlags.Validate()
}

// Run compares the policies, and fails on what --fail-on names.
func (d *diffCommand) Run(out *console) error {
	older, newer, err := d.policies(out)
	if err != nil {
		return out.refuse(err)
	}
	at := d.At.now().UTC().Truncate(time.Second)
	found, err := analysis.Compare(older.rules, newer.rules, at)
	if err != nil {
		return err
	}
	result := newDifference(older, newer, found, at)
	if d.Report != "" {
		if err := result.readLive(d.Report, out.stdin); err != nil {
			return err
		}
	}
	if err := d.show(out, result); err != nil {
		return err
	}
	if d.Tests != "" {
		if err := result.writeTests(d.Tests, out); err != nil {
			return err
		}
	}
	if result.fails(d.FailOn) {
		return errFinding
	}
	return nil
}

func (d *diffCommand) show(out *console, result *difference) error {
	switch d.format() {
	case formatJSON:
		return out.printJSON(result)
	case formatGitHub:
		fprintf(out.stdout, "%s", safe(finding.GitHub(result.findings())))
	case formatMarkdown:
		fprintf(out.stdout, "%s", safe(result.markdown()))
	default:
		result.show(out)
	}
	return nil
}

// comparedPolicy is a policy and the path that it was given as.
type comparedPolicy struct {
	path  string
	rules *policy.Policy
}

// policies reads both policies. If both have mistakes, the error has those of both.
func (d *diffCommand) policies(out *console) (older, newer comparedPolicy, err error) {
	if d.Git != "" {
		file := "policy.yaml"
		if len(d.Files) > 0 {
			file = d.Files[0]
		}
		older, err = readRevision(file, d.Git)
		d.Files = []string{file, file}
	} else {
		older, err = readCompared(d.Files[0], out.stdin)
	}
	newer, other := readCompared(d.Files[1], out.stdin)
	errs, broken := errors.AsType[policy.Errors](err)
	more, alsoBroken := errors.AsType[policy.Errors](other)
	if (err == nil || broken) && (other == nil || alsoBroken) && (broken || alsoBroken) {
		return older, newer, slices.Concat(errs, more)
	}
	return older, newer, errors.Join(err, other)
}

func readCompared(path string, stdin io.Reader) (comparedPolicy, error) {
	file, err := openPolicyFile(path, stdin)
	if err != nil {
		return comparedPolicy{}, err
	}
	rules, err := file.load()
	return comparedPolicy{path, rules}, err
}

// readRevision reads a policy, and the files that it names, as they were in a commit.
func readRevision(path, name string) (comparedPolicy, error) {
	file := newPolicyFile(path)
	r, err := openRevision(file.folder, name)
	if err != nil {
		return comparedPolicy{}, err
	}
	rules, err := policy.Load(r, file.name)
	if errs, broken := errors.AsType[policy.Errors](file.located(err)); broken {
		for i := range errs {
			errs[i].File = name + ":" + errs[i].File // not what is on disk
		}
		return comparedPolicy{}, errs
	}
	return comparedPolicy{path, rules}, err
}

// readLive lists the connections in a report or a log whose verdict changes.
func (d *difference) readLive(path string, stdin io.Reader) error {
	subjects, err := readSubjectFile(path, stdin)
	if err != nil {
		return fmt.Errorf("reading report: %w", err)
	}
	d.Live = []liveChange{}
	for _, s := range subjects {
		c := &s.connection
		if s.ignored != "" || s.event || c.ID == "" || c.Requester.Account == c.Accepter.Account {
			continue // nothing that a policy has judged
		}
		d.seen++
		if before, after := d.older.rules.Decide(c, d.at).Verdict, d.newer.rules.Decide(c, d.at).Verdict; before != after {
			d.Live = append(d.Live, liveChange{c.ID, before, after})
		}
	}
	return nil
}
