package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/peering"
)

// doctorCommand proves that the guard can act.
type doctorCommand struct {
	reach
	Report string        `placeholder:"FILE" help:"The deployed function's last report, or the log line that holds it; - is stdin. It must be recent, complete, without failed partitions, and about this very policy."`
	MaxAge time.Duration `default:"5m" help:"How old that report may be."`
	JSON   bool          `help:"Print the steps as JSON."`
}

// Help is the long text of --help.
func (*doctorCommand) Help() string {
	return "A guardrail that never fires is worse than none. Nothing is changed: to reject is tried as a dry run, on an instance id that does not exist, which must be " +
		"answered with not found. The credentials are yours, so run it with the permissions of the function, for example in a profile that assumes its role; " +
		"--report shows whether the function itself does its work.\n\n" + credentialsHelp + "\n\nIt exits with 1 when a step fails."
}

// The ends of a step.
const (
	stepOK      = "ok"
	stepFailed  = "failed"
	stepSkipped = "skipped"
)

// step is one thing that the guard needs.
type step struct {
	Name    string `json:"name"`
	Subject string `json:"subject,omitempty"` // what it was tried on
	State   string `json:"state"`             // ok, failed or skipped
	Detail  string `json:"detail,omitempty"`  // what was found
	Fix     string `json:"fix,omitempty"`     // what to do
}

func passed(name, subject, detail string) step {
	return step{Name: name, Subject: subject, State: stepOK, Detail: detail}
}

func missed(name, subject string, err error, fix string) step {
	return step{Name: name, Subject: subject, State: stepFailed, Detail: err.Error(), Fix: fix}
}

func omitted(name, why string) step {
	return step{Name: name, State: stepSkipped, Detail: why}
}

// examination is a doctor at work.
type examination struct {
	flags  *doctorCommand
	out    *console
	steps  []step
	tell   func(step) // as soon as a step is done
	failed bool
}

func (x *examination) add(s step) {
	x.steps = append(x.steps, s)
	x.failed = x.failed || s.State == stepFailed
	if x.tell != nil {
		x.tell(s)
	}
}

// Run takes all steps; what cannot be tried because of an earlier one is skipped.
func (d *doctorCommand) Run(ctx context.Context, out *console) error {
	if d.MaxAge <= 0 {
		return usageError("--max-age must be longer than nothing")
	}
	x := &examination{flags: d, out: out}
	if !d.JSON {
		x.tell = func(s step) { showStep(out, s) }
	}
	x.all(ctx)
	if d.JSON {
		if err := printSteps(out, x); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(out.stderr, "peerguard: interrupted")
		return errInterrupted
	case x.failed:
		return errFinding
	}
	return nil
}

// all are the steps, from the policy to the deployed function.
func (x *examination) all(ctx context.Context) {
	o := &operator{}
	ready := x.policy(o) && x.credentials(ctx, o) && x.identity(ctx, o)
	if ready {
		for _, account := range slices.Sorted(maps.Keys(guarded(o))) {
			if ctx.Err() == nil {
				x.account(ctx, o, account)
			}
		}
	} else {
		x.add(omitted("permissions", "the steps before it failed"))
	}
	if x.flags.Report != "" {
		x.report(o.rules)
	}
}

// guarded are the accounts whose connections are judged.
func guarded(o *operator) map[peering.Account]bool {
	accounts := map[peering.Account]bool{o.who.Account: true}
	for a := range o.rules.Guard.Roles {
		accounts[a] = true
	}
	return accounts
}

func showStep(out *console, s step) {
	colours := map[string]text.Color{stepOK: text.FgGreen, stepFailed: text.FgRed, stepSkipped: text.FgYellow}
	state := fmt.Sprintf("%-7s", s.State)
	if out.colour {
		state = fmt.Sprintf("\x1b[%dm%s\x1b[0m", int(colours[s.State]), state)
	}
	line := fmt.Sprintf("%s  %-11s  ", state, s.Name)
	if s.Subject != "" {
		line += s.Subject + ": "
	}
	fmt.Fprintln(out.stdout, line+s.Detail)
	if s.Fix != "" {
		fmt.Fprintf(out.stdout, "%22s→ %s\n", "", s.Fix)
	}
}

func printSteps(out *console, x *examination) error {
	encoder := json.NewEncoder(out.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		OK    bool   `json:"ok"`
		Steps []step `json:"steps"`
	}{!x.failed, x.steps})
	if err != nil {
		return fmt.Errorf("printing steps: %w", err)
	}
	return nil
}
