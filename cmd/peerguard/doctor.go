package main

import (
	"context"
	"slices"
	"time"

	"peerguard/cmd/peerguard/evidence"
)

// doctorCommand proves that the guard can act.
type doctorCommand struct {
	target
	Members string        `placeholder:"FILE" help:"A list of account ids, one a line; - reads stdin. Each that nobody guards is a failure."`
	Report  string        `placeholder:"FILE" help:"The deployed function's last report, or the log line that holds it; - reads stdin. It must be recent and complete, have no failed partitions, and be about this policy."`
	MaxAge  time.Duration `default:"5m" help:"The maximum age of that report."`
	All     bool          `short:"v" help:"Print every step, in place of a summary and what failed."`
	JSON    bool          `help:"Print the steps as JSON."`
}

// Help is the long text of --help.
func (*doctorCommand) Help() string {
	return "A guardrail that never fires is worse than none. Doctor shows that the control " + evidence.Control + " (" + evidence.ControlMeans + ") can act. It checks the policy, the credentials, what their account is to the resource directory, the regions, and then each guarded account: " +
		"can its role be assumed, can connections be listed and rejected? It changes nothing: it tries to reject as a dry run, on an instance id that does not exist, and " +
		"expects \"not found\". It uses your credentials, so run it with the permissions of the function, for example with a profile that assumes its role.\n\n" +
		"It lists the connections of the function's account in every region, and those of other accounts in one. --members compares what is guarded with a list of your own, such as that of the finance department. " +
		"--report shows whether the function itself does its work.\n\n" + credentialsHelp + "\n\nExits with 1 if a step fails."
}

// checkup is a run of doctor.
type checkup struct {
	checklist
	flags *doctorCommand
	out   *console
	shown int // how many steps have been printed
}

// Run takes all steps. It skips those that an earlier failure makes pointless.
func (d *doctorCommand) Run(ctx context.Context, out *console) error {
	switch {
	case d.MaxAge <= 0:
		return usageError("--max-age must be positive")
	case d.Members == "-" && d.Report == "-":
		return usageError("--members and --report cannot both read stdin")
	}
	c := &checkup{flags: d, out: out}
	c.run(ctx)
	failed := slices.ContainsFunc(c.steps, step.failed)
	if d.JSON {
		err := out.printJSON(struct {
			OK    bool   `json:"ok"`
			Steps []step `json:"steps"`
		}{!failed, c.steps})
		if err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		out.note("interrupted")
		return errInterrupted
	case failed:
		return errFinding
	}
	return nil
}

// run takes all steps, from the policy to the deployed function.
func (c *checkup) run(ctx context.Context) {
	o := &operator{}
	ready := c.policy(o)
	for _, take := range []func(context.Context, *operator) bool{c.credentials, c.identity} {
		c.flush()
		ready = ready && take(ctx, o)
	}
	c.flush()
	if ready {
		c.organisation(ctx, o)
	} else {
		c.skip("permissions", "an earlier step failed")
	}
	if c.flags.Report != "" {
		c.report(o.rules)
	}
	c.flush()
}

// organisation takes the steps that need an identity.
func (c *checkup) organisation(ctx context.Context, o *operator) {
	known := c.directory(ctx, o)
	c.flush()
	c.regions(ctx, o)
	c.flush()
	scope, err := o.inv.Scope(ctx, nil, nil)
	if err != nil || ctx.Err() != nil {
		c.skip("permissions", "it is not known what is guarded")
		return
	}
	c.add(c.probe(ctx, o, scope))
	if c.flags.Members != "" {
		c.add(c.members(scope, known))
	}
}

// flush prints the steps that have not been printed yet, unless the result is to be JSON.
func (c *checkup) flush() {
	for ; c.shown < len(c.steps); c.shown++ {
		if !c.flags.JSON {
			c.steps[c.shown].show(c.out)
		}
	}
}

// add adds steps of which there may be many: it prints a summary of them, and what failed.
func (c *checkup) add(list checklist) {
	c.steps = append(c.steps, list.steps...)
	if c.flags.All || c.flags.JSON {
		c.flush()
		return
	}
	list.summarise(c.out)
	c.shown = len(c.steps)
}
