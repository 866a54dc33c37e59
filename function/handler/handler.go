// Package handler takes an invocation from its bytes to its report: it is the only room that sees every other one.
package handler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/event"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
)

// lastSecond is kept for the report: work stops that long before the platform gives the invocation up.
const lastSecond = time.Second

// maxLines is how many mistakes of a policy an invocation's error names.
const maxLines = 10

// Handler handles invocations. All fields must be set. It is safe for concurrent use.
type Handler struct {
	Policy func(context.Context) (*policy.Policy, error) // the policy as it is now
	Cloud  *vpcpeer.Cloud
	Guard  *guard.Guard
	Log    zerolog.Logger
}

// Handle is an fc.Handler. Its result is a *guard.Report; its error an *fc.Error.
func (h *Handler) Handle(ctx context.Context, at fc.Invocation, payload []byte) (any, error) {
	ctx, cancel := early(ctx)
	defer cancel()
	input, err := event.Parse(payload)
	if err != nil {
		return nil, &fc.Error{Type: fc.InvalidEvent, Message: err.Error()}
	}
	if !at.Account.Known() || at.Region == "" {
		return nil, &fc.Error{Type: fc.Unresolved, Message: "the platform names no account or no region for this invocation"}
	}
	rules, err := h.Policy(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // the policy may be fine
		return nil, &fc.Error{Type: fc.Unresolved, Message: "the deadline came first: " + err.Error()}
	case err != nil:
		return nil, &fc.Error{Type: fc.InvalidPolicy, Message: firstLines(err.Error())}
	}
	return h.judge(ctx, h.invocation(at, rules), input)
}

// judge hands the input to the guard, and the report to the log.
func (h *Handler) judge(ctx context.Context, inv *guard.Invocation, input event.Input) (*guard.Report, error) {
	var report *guard.Report
	var invalid error
	switch in := input.(type) {
	case *event.Events:
		inv.Judged = h.decisions(inv.RequestID, in.TriggerID, guard.TriggerEvent)
		report = h.Guard.Check(ctx, inv, in.TriggerID, hints(in))
		report.Ignored = in.Ignored
		invalid = in.Err
	case *event.Sweep:
		scope, err := inv.Scope(in.Accounts, in.Regions)
		if err != nil {
			return nil, &fc.Error{Type: fc.InvalidEvent, Message: "narrowing the sweep: " + err.Error()}
		}
		inv.Judged = h.decisions(inv.RequestID, in.ID(), guard.TriggerSweep)
		report = h.Guard.Sweep(ctx, inv, guard.Sweep{TriggerID: in.ID(), Scope: scope, ClientToken: in.ClientToken})
	}
	h.report(report)
	return report, verdict(invalid, report.Err())
}

// verdict is how the invocation ends. An element that could not be read weighs more than what was left undone:
// trying again does not mend it.
func verdict(invalid, unresolved error) error {
	switch {
	case invalid != nil && unresolved != nil:
		return &fc.Error{Type: fc.InvalidEvent, Message: invalid.Error() + "; " + unresolved.Error()}
	case invalid != nil:
		return &fc.Error{Type: fc.InvalidEvent, Message: invalid.Error()}
	case unresolved != nil:
		return &fc.Error{Type: fc.Unresolved, Message: unresolved.Error()}
	}
	return nil
}

// invocation binds the platform's credentials to this invocation and nothing else.
func (h *Handler) invocation(at fc.Invocation, rules *policy.Policy) *guard.Invocation {
	return &guard.Invocation{
		RequestID: at.RequestID,
		Account:   at.Account,
		Region:    at.Region,
		Policy:    rules,
		Cloud: h.Cloud.As(vpcpeer.Caller{
			Account:     at.Account,
			Region:      at.Region,
			Credentials: vpcpeer.Credentials(at.Credentials),
			Roles:       rules.Guard.Roles,
		}),
	}
}

func hints(in *event.Events) []guard.Hint {
	list := make([]guard.Hint, len(in.Hints))
	for i, hint := range in.Hints {
		list[i] = guard.Hint{
			InstanceID:  hint.InstanceID,
			Accepters:   hint.Accepters,
			Region:      hint.Region,
			ClientToken: hint.ClientToken(),
		}
	}
	return list
}

// firstLines shortens an error that has a line for each mistake: a platform's error is no place for a thousand of them.
func firstLines(text string) string {
	lines := strings.SplitN(text, "\n", maxLines+1)
	if len(lines) <= maxLines {
		return text
	}
	more := 1 + strings.Count(lines[maxLines], "\n")
	return strings.Join(lines[:maxLines], "\n") + fmt.Sprintf("\n… and %d more: see peerguard check", more)
}

func early(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-lastSecond))
	}
	return ctx, func() {}
}
