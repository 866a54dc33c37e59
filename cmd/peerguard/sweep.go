package main

import (
	"context"

	"peerguard/function/guard"
	"peerguard/function/policy"
)

// sweepCommand runs one sweep from this machine.
type sweepCommand struct {
	sweepFlags
	Enforce bool   `help:"Reject what the policy does not allow. Without it nothing is changed, whatever the policy's mode is."`
	Yes     bool   `help:"With --enforce, do not ask first."`
	All     bool   `short:"v" help:"Also list connections that are allowed, closed or ignored, instead of only counting them."`
	JSON    bool   `help:"Print the report as JSON, as the function returns it. With --all it lists every connection and every partition."`
	CSV     string `name:"csv" placeholder:"FILE" help:"Also write every connection as CSV."`
	HTML    string `placeholder:"FILE" help:"Also write the report as one self-contained page."`
}

// Help is the long text of --help.
func (*sweepCommand) Help() string {
	return "Lists the connections of every guarded account in every guarded region and judges them as the function would. A dry run asks the API whether it would " +
		"reject them, which changes nothing.\n\n" +
		"With --enforce it sweeps dry first, shows on stderr what it would reject, and asks. Where nobody can answer, --yes is needed; then there is no dry run and no question.\n\n" + credentialsHelp +
		"\n\nExits with 1 if something would be rejected, is a violation or failed, and with 130 if Ctrl-C stopped it, after reporting what was done."
}

// Run sweeps and shows what it found.
func (s *sweepCommand) Run(ctx context.Context, out *console) error {
	if s.Enforce && !s.Yes && !out.stdinTTY {
		return usageError("--enforce asks before it rejects, and stdin is not a terminal: add --yes")
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	defer files.discard()
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
	s.introduce(out, o)
	if s.Enforce && !s.Yes {
		return s.ask(ctx, out, o, files)
	}
	found, err := s.look(ctx, out, o, s.mode())
	if err != nil {
		return err
	}
	return s.tell(ctx, out, o, found, files)
}

// ask shows what a sweep would reject, and rejects it if somebody agrees.
func (s *sweepCommand) ask(ctx context.Context, out *console, o *operator, files sweepFiles) error {
	found, err := s.look(ctx, out, o, policy.DryRun)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil || found.report.Counts[guard.WouldReject] == 0:
		return s.tell(ctx, out, o, found, files)
	}
	preview := *out
	preview.stdout, preview.colour = out.stderr, out.colour && out.stderrTTY
	preview.showReport(found.report, found.report.Connections)
	if !s.confirmed(ctx, out, o, found) {
		out.note("nothing was done")
		if ctx.Err() != nil {
			return errInterrupted
		}
		return errFinding
	}
	o.begin() // what was known of the directory may be old by now
	if found, err = s.look(ctx, out, o, policy.Enforce); err != nil {
		return err
	}
	return s.tell(ctx, out, o, found, files)
}

// look sweeps, and returns what was found even if it was cut short.
func (s *sweepCommand) look(ctx context.Context, out *console, o *operator, mode policy.Mode) (*swept, error) {
	o.inv.Policy = inMode(o.rules, mode)
	scope, err := s.scope(ctx, o)
	if err != nil {
		return nil, err
	}
	found := &swept{scope: scope}
	if s.All || s.HTML != "" || s.CSV != "" {
		o.inv.OnEntry, o.inv.OnVisit = found.addEntry, found.addVisit
	}
	found.report, found.lacking = s.run(ctx, out, o, scope)
	return found, nil
}

// tell shows what a sweep found, writes the files, and returns the error to end with.
func (s *sweepCommand) tell(ctx context.Context, out *console, o *operator, found *swept, files sweepFiles) error {
	if err := s.show(out, found); err != nil {
		return err
	}
	found.lacking.explain(out.stderr, o.who)
	if err := files.publish(out, found, string(o.who.Account)); err != nil {
		return err
	}
	return s.end(ctx, out, found.report)
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
func (s *sweepCommand) confirmed(ctx context.Context, out *console, o *operator, found *swept) bool {
	accounts := "account " + string(o.who.Account)
	if n := len(found.scope.Accounts) - 1; n > 0 {
		accounts += " and to " + count(n, "other account")
	}
	return out.ask(ctx, "\nReject every pending request to %s in %s that %s does not allow?\n"+
		"Those are the %d above, and what is sent until you answer. A rejection cannot be undone: the requester must send a new request.",
		accounts, o.where(), s.Policy, found.report.Counts[guard.WouldReject])
}

// introduce says what the command is about to do, and as whom.
func (s *sweepCommand) introduce(out *console, o *operator) {
	effect := "a dry run, nothing is changed"
	switch {
	case s.Enforce && s.Yes:
		effect = "rejecting"
	case s.Enforce:
		effect = "a dry run first, then rejecting if you agree"
	}
	out.note("account %s in %s, as %s with %s: %s", o.who.Account, o.where(), o.who.ARN, o.found.Source, effect)
}

func (s *sweepCommand) show(out *console, found *swept) error {
	switch {
	case s.JSON && s.All:
		return out.printJSON(found.whole())
	case s.JSON:
		return out.printJSON(found.report)
	case s.All:
		out.showReport(found.report, found.entries())
	default:
		out.showReport(found.report, found.report.Connections)
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
