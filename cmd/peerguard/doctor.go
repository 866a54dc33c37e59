package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/cmd/peerguard/plain"
	"peerguard/function/peering"
)

// doctorCommand proves that the guard can act.
type doctorCommand struct {
	target
	Report string        `placeholder:"FILE" help:"The deployed function's last report, or the log line that holds it; - reads stdin. It must be recent and complete, have no failed partitions, and be about this policy."`
	MaxAge time.Duration `default:"5m" help:"The maximum age of that report."`
	JSON   bool          `help:"Print the steps as JSON."`
}

// Help is the long text of --help.
func (*doctorCommand) Help() string {
	return "A guardrail that never fires is worse than none. Doctor changes nothing: it tries to reject as a dry run, on an instance id that does not exist, and " +
		"expects \"not found\". It uses your credentials, so run it with the permissions of the function, for example with a profile that assumes its role. " +
		"--report shows whether the function itself does its work.\n\n" + credentialsHelp + "\n\nExits with 1 if a step fails."
}

// state is how a step ended.
type state string

// The states of a step.
const (
	stateOK      state = "ok"
	stateFailed  state = "failed"
	stateSkipped state = "skipped"
)

// step is one thing that the guard needs.
type step struct {
	Name    string `json:"name"`
	Subject string `json:"subject,omitempty"` // what was tried
	State   state  `json:"state"`
	Detail  string `json:"detail,omitempty"` // what was found, cleaned: an error may have several lines
	Fix     string `json:"fix,omitempty"`    // what to do
}

func (s step) show(out *console) {
	colours := map[state]text.Color{stateOK: text.FgGreen, stateFailed: text.FgRed, stateSkipped: text.FgYellow}
	subject := s.Subject
	if subject != "" {
		subject += ": "
	}
	fprintf(out.stdout, "%s  %-11s  %s%s\n", out.tint(colours[s.State], fmt.Sprintf("%-7s", s.State)), s.Name, subject, safe(s.Detail))
	if s.Fix != "" {
		fprintf(out.stdout, "%22s→ %s\n", "", s.Fix)
	}
}

// checkup is a run of doctor.
type checkup struct {
	flags  *doctorCommand
	out    *console
	steps  []step
	failed bool
}

// Run takes all steps. It skips those that an earlier failure makes pointless.
func (d *doctorCommand) Run(ctx context.Context, out *console) error {
	if d.MaxAge <= 0 {
		return usageError("--max-age must be positive")
	}
	c := &checkup{flags: d, out: out}
	c.run(ctx)
	if d.JSON {
		err := out.printJSON(struct {
			OK    bool   `json:"ok"`
			Steps []step `json:"steps"`
		}{!c.failed, c.steps})
		if err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		out.note("interrupted")
		return errInterrupted
	case c.failed:
		return errFinding
	}
	return nil
}

// run takes all steps, from the policy to the deployed function.
func (c *checkup) run(ctx context.Context) {
	o := &operator{}
	if c.policy(o) && c.credentials(ctx, o) && c.identity(ctx, o) {
		for _, account := range guardedAccounts(o) {
			if ctx.Err() == nil {
				c.account(ctx, o, account)
			}
		}
	} else {
		c.skip("permissions", "an earlier step failed")
	}
	if c.flags.Report != "" {
		c.report(o.rules)
	}
}

func guardedAccounts(o *operator) []peering.Account {
	accounts := slices.Collect(maps.Keys(o.rules.Guard.Roles))
	accounts = append(accounts, o.who.Account)
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

func (c *checkup) pass(name, subject, detail string) {
	c.add(step{Name: name, Subject: subject, State: stateOK, Detail: plain.Text(detail)})
}

func (c *checkup) fail(name, subject string, err error, fix string) {
	c.failed = true
	c.add(step{Name: name, Subject: subject, State: stateFailed, Detail: fmt.Sprint(clean(err)), Fix: fix})
}

func (c *checkup) skip(name, reason string) {
	c.add(step{Name: name, State: stateSkipped, Detail: reason})
}

// add shows the step at once, unless the result is to be JSON.
func (c *checkup) add(s step) {
	c.steps = append(c.steps, s)
	if !c.flags.JSON {
		s.show(c.out)
	}
}
