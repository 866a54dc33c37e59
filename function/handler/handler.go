// Package handler takes an invocation from its bytes to its report. It connects the rooms that do not know one another.
package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/event"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
)

// lastSecond is reserved for the report: work stops that long before the platform ends the invocation.
const lastSecond = time.Second

// maxLines is how many mistakes of a policy an invocation's error names.
const maxLines = 10

// Config is what a Handler needs for the life of a process. All fields but Version must be set.
type Config struct {
	Version string                                        // of peerguard, for reports and the log
	Policy  func(context.Context) (*policy.Policy, error) // returns the policy as it is now
	Cloud   *acs.Cloud
	Log     zerolog.Logger
}

// Handler handles invocations, and keeps what outlives them. It is safe for concurrent use.
type Handler struct {
	Config
	guard     *guard.Guard
	directory *directory.Memory
}

// New returns a Handler that has handled nothing yet.
func New(cfg Config) *Handler {
	return &Handler{cfg, guard.New(), directory.NewMemory(cfg.Cloud)}
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
		return nil, &fc.Error{Type: fc.Unresolved, Message: "the platform does not say the account and region of this invocation"}
	}
	rules, err := h.Policy(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // the policy may be fine
		return nil, &fc.Error{Type: fc.Unresolved, Cause: guard.DeadlineExceeded, Incomplete: true, Message: "the deadline came first: " + err.Error()}
	case err != nil:
		return nil, &fc.Error{Type: fc.InvalidPolicy, Message: firstLines(err.Error())}
	}
	return h.run(ctx, h.invocation(at, rules), input)
}

// run hands the input to the guard, and the report to the log.
func (h *Handler) run(ctx context.Context, inv *guard.Invocation, input event.Input) (*guard.Report, error) {
	var report *guard.Report
	var log journal
	var invalid error
	switch in := input.(type) {
	case *event.Events:
		inv.TriggerID = in.TriggerID
		log = h.journal(inv, guard.TriggerEvent)
		inv.OnEntry = log.decision
		report = h.guard.Check(ctx, inv, hints(in))
		report.Ignored = in.Ignored
		invalid = in.Err
	case *event.Sweep:
		scope, err := inv.Scope(ctx, in.Accounts, in.Regions)
		if err != nil {
			return nil, noScope(err)
		}
		inv.TriggerID = in.ID()
		log = h.journal(inv, guard.TriggerSweep)
		inv.OnEntry, inv.OnVisit = log.decision, log.partition
		report = h.guard.Sweep(ctx, inv, scope, in.ClientToken)
	}
	failed := ending(invalid, report)
	log.report(report, failed)
	if failed != nil { // a nil *fc.Error in an error would not be nil
		return report, failed
	}
	return report, nil
}

// noScope returns the error of a sweep whose scope is not known. If that is not the event's fault, a retry can succeed.
func noScope(err error) *fc.Error {
	failed := &fc.Error{Type: fc.InvalidEvent, Message: "narrowing the sweep: " + oneLine(err)}
	if cause, ok := errors.AsType[*peering.Failure](err); ok {
		failed.Type, failed.Cause = fc.Unresolved, cause.Code
	}
	return failed
}

// ending returns the error of the invocation, nil if it succeeds. An unreadable element takes precedence over unresolved
// work: a retry cannot fix it.
func ending(invalid error, report *guard.Report) *fc.Error {
	unresolved := report.Err()
	if invalid == nil && unresolved == nil {
		return nil
	}
	failed := &fc.Error{Type: fc.Unresolved, Message: oneLine(invalid, unresolved), Incomplete: !report.Complete}
	if invalid != nil {
		failed.Type = fc.InvalidEvent
	}
	if cause, ok := errors.AsType[*guard.Unresolved](unresolved); ok {
		failed.Cause = cause.Code
	}
	return failed
}

// oneLine joins the errors that are not nil.
func oneLine(errs ...error) string {
	var texts []string
	for _, err := range errs {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	return strings.Join(texts, "; ")
}

// invocation binds the platform's credentials to this invocation and nothing else.
func (h *Handler) invocation(at fc.Invocation, rules *policy.Policy) *guard.Invocation {
	caller := acs.Caller{Account: at.Account, Region: at.Region, Credentials: at.Credentials}
	inv := &guard.Invocation{
		RequestID: at.RequestID,
		Version:   h.Version,
		Account:   at.Account,
		Region:    at.Region,
		Policy:    rules,
		Reread:    h.reread,
		Directory: h.directory.Client(caller, Access(rules)),
	}
	inv.Cloud = vpcpeer.New(h.Cloud, caller, inv.Role)
	return inv
}

// Access returns which directory a policy is about, and how to read it.
func Access(rules *policy.Policy) directory.Access {
	if rules.Directory == nil {
		return directory.Access{}
	}
	return directory.Access{ID: rules.Directory.ID, Role: rules.Directory.Role}
}

// reread returns the policy as it is now. The error becomes the cause of a connection's failure, so it is short.
func (h *Handler) reread(ctx context.Context) (*policy.Policy, error) {
	rules, err := h.Policy(ctx)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, errors.New(first)
	}
	return rules, nil
}

func hints(in *event.Events) []guard.Hint {
	list := make([]guard.Hint, len(in.Hints))
	for i, hint := range in.Hints {
		list[i] = guard.Hint{
			InstanceID:         hint.InstanceID,
			Accepters:          hint.Accepters,
			AccepterUnreadable: hint.AccepterUnreadable,
			Region:             hint.Region,
			ClientToken:        hint.ClientToken(),
		}
	}
	return list
}

// firstLines shortens an error that has a line for each mistake: the platform's error should not hold a thousand of them.
func firstLines(text string) string {
	lines := strings.SplitN(text, "\n", maxLines+1)
	if len(lines) <= maxLines {
		return text
	}
	more := 1 + strings.Count(lines[maxLines], "\n")
	return strings.Join(lines[:maxLines], "\n") + fmt.Sprintf("\n… and %d more: see peerguard check", more)
}

// early returns a context that ends a second before the invocation's deadline.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-lastSecond))
	}
	return ctx, func() {}
}
