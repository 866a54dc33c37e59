package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
	"peerguard/function/policy"
)

// sweepCommand runs one sweep from this machine.
type sweepCommand struct {
	sweepFlags
	Enforce bool   `help:"Reject what the policy does not allow. Without it nothing is changed, whatever the policy's mode is."`
	Yes     bool   `help:"With --enforce, do not ask first."`
	All     bool   `short:"v" help:"Also list connections that are allowed, closed or ignored, instead of only counting them."`
	JSON    bool   `help:"Print the report as JSON, as the function returns it."`
	HTML    string `placeholder:"FILE" help:"Also write the report as one self-contained page."`
}

// Help is the long text of --help.
func (*sweepCommand) Help() string {
	return "Lists the connections of every guarded account in every guarded region and judges them as the function would. A dry run asks the API whether it would " +
		"reject them, which changes nothing.\n\n" + credentialsHelp +
		"\n\nExits with 1 if something would be rejected, is a violation or failed, and with 130 if Ctrl-C stopped it, after reporting what was done."
}

// Run sweeps and shows what it found.
func (s *sweepCommand) Run(ctx context.Context, out *console) error {
	if s.Enforce && !s.Yes && !out.stdinTTY {
		return usageError("--enforce asks before it rejects, and stdin is not a terminal: add --yes")
	}
	file, err := newOutFile(s.HTML, pageFile)
	if err != nil {
		return err
	}
	defer file.discard()
	o, err := s.connect(ctx)
	if ctx.Err() != nil {
		out.note("interrupted before anything was done")
		return errInterrupted
	}
	if err != nil {
		return out.refuse(err)
	}
	o.warn(out)
	s.warn(out, o.rules)
	o.inv.Policy = inMode(o.rules, s.mode())
	scope, err := s.scope(ctx, o)
	if err != nil {
		return err
	}
	if s.Enforce && !s.Yes && !s.confirmed(out, o, scope) {
		out.note("nothing was done")
		return errFinding
	}
	return s.sweep(ctx, out, o, scope, file)
}

// mode is the one that the operator asks for. The policy's own mode is for the function.
func (s *sweepCommand) mode() policy.Mode {
	if s.Enforce {
		return policy.Enforce
	}
	return policy.DryRun
}

// inMode returns the policy with another mode.
func inMode(p *policy.Policy, mode policy.Mode) *policy.Policy {
	changed := *p
	changed.Mode = mode
	return &changed
}

// confirmed asks before something is done that cannot be undone.
func (s *sweepCommand) confirmed(out *console, o *operator, scope guard.Scope) bool {
	accounts := "account " + string(o.who.Account)
	if n := len(scope.Accounts) - 1; n > 0 {
		accounts += " and to " + count(n, "other account")
	}
	fprintf(out.stderr, "Reject every pending request to %s in %s that %s does not allow?\n"+
		"A rejection cannot be undone: the requester must send a new request. [y/N] ", accounts, o.where(), s.Policy)
	var answer string
	if _, err := fmt.Fscanln(out.stdin, &answer); err != nil {
		return false // an empty line, or the end of the input
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// sweep sweeps, and reports what was done even if it was cut short. file may be nil.
func (s *sweepCommand) sweep(ctx context.Context, out *console, o *operator, scope guard.Scope, file *outFile) error {
	var all entryList
	if s.All || file != nil {
		o.inv.OnEntry = all.add
	}
	s.introduce(out, o)
	report, lacking := s.run(ctx, out, o, scope)
	if err := s.show(out, report, all.entries); err != nil {
		return err
	}
	lacking.explain(out.stderr, o.who)
	meta := page.Meta{Account: string(o.who.Account), Regions: scope.Regions, Generated: time.Now(), Entries: all.entries}
	if err := file.publish(out, func(w io.Writer) error { return page.Write(w, report, meta) }); err != nil {
		return err
	}
	return s.end(ctx, out, report)
}

// introduce says what the command is about to do, and as whom.
func (s *sweepCommand) introduce(out *console, o *operator) {
	effect := "a dry run, nothing is changed"
	if s.Enforce {
		effect = "rejecting"
	}
	out.note("account %s in %s, as %s with %s: %s", o.who.Account, o.where(), o.who.ARN, o.found.Source, effect)
}

func (s *sweepCommand) show(out *console, report *guard.Report, all []guard.Entry) error {
	switch {
	case s.JSON:
		return out.printJSON(report)
	case s.All:
		out.showReport(report, all)
	default:
		out.showReport(report, report.Connections)
	}
	return nil
}

// end returns the error to end with.
func (s *sweepCommand) end(ctx context.Context, out *console, report *guard.Report) error {
	err := report.Err()
	switch {
	case ctx.Err() != nil:
		out.note("interrupted: the report holds what was done until then")
		return errInterrupted
	case err != nil:
		return err
	case report.Counts[guard.Violation]+report.Counts[guard.WouldReject] > 0:
		return errFinding
	}
	return nil
}
