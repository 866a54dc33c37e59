// Package guard is the judge: it reads what the cloud says about a connection, asks the policy, rejects what must be
// rejected, and reports what happened.
//
// A pending request connects nothing. If facts, verdict or confirmation are missing, the guard does nothing and says so.
package guard

import (
	"context"
	"maps"
	"sync/atomic"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Cloud is what the guard needs from the cloud. Implementations are safe for concurrent use, retry what is worth
// retrying before the context's deadline, and stay within the cloud's quotas. Every error is a *peering.Failure. Its
// class is Gone if there is no such connection, WrongStatus if it cannot be rejected (any more), TokenTaken if the client
// token was used with other parameters, DryRunPassed if a dry run found no obstacle, and OutOfTime if the deadline came
// first.
type Cloud interface {
	// Assume opens a session in an account, if one is needed and none is open.
	Assume(ctx context.Context, account peering.Account) error
	// Get reads one connection.
	Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error)
	// List returns a function that returns the connections of a partition, each once: a page with each call, and io.EOF
	// after the last. A call that failed can be repeated, with another context too, and goes on where the list was.
	List(in peering.Partition) func(context.Context) ([]peering.Connection, error)
	// Reject rejects one pending connection and returns the request id that confirms it. It calls r.Still right before each
	// attempt.
	Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error)
}

// Guard holds what outlives an invocation: which connections are being rejected right now, and which partitions are being
// swept. It is safe for concurrent use.
type Guard struct {
	turns turns
	swept partitions
}

// New returns a Guard that is not at work yet.
func New() *Guard {
	return &Guard{turns: turns{taken: map[string]*turn{}}, swept: partitions{taken: map[peering.Partition]bool{}}}
}

// Invocation is what one run of the guard works with.
type Invocation struct {
	RequestID string
	TriggerID string          // of the event or the timer, as the report shows it
	Version   string          // of peerguard, as the report shows it
	Account   peering.Account // the function's own, always guarded
	Region    string          // the function's own
	Policy    *policy.Policy  // as it was when the invocation began
	Cloud     Cloud
	// Directory is asked if the policy names folders, or guards every region.
	Directory Directory

	// Reread returns the policy as it is now. It is called before each attempt to reject, so it must be cheap while nothing has
	// changed. Nil means that the policy cannot change.
	Reread func(context.Context) (*policy.Policy, error)
	// OnEntry is called once for each connection judged, possibly concurrently. Nil means nobody listens.
	OnEntry func(Entry)
	// OnVisit is called once for each partition that a sweep has visited, one at a time. Nil means nobody listens.
	OnVisit func(Visit)

	latest     atomic.Pointer[policy.Policy] // as it was reread last
	membership membership
}

// rules returns the policy that counts now, as far as the invocation knows.
func (inv *Invocation) rules() *policy.Policy {
	if latest := inv.latest.Load(); latest != nil {
		return latest
	}
	return inv.Policy
}

// reread looks whether the policy has changed, and returns the one that counts from now on.
func (inv *Invocation) reread(ctx context.Context) (*policy.Policy, error) {
	if inv.Reread == nil {
		return inv.Policy, nil
	}
	latest, err := inv.Reread(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // the policy may be fine
		return nil, outOfTime()
	case err != nil:
		return nil, &peering.Failure{Code: codeInvalidPolicy, Message: "the policy can no longer be read: " + err.Error()}
	}
	inv.latest.Store(latest)
	return latest, nil
}

// unchanged returns a function that fails if the policy is not the one that judged any more.
func (inv *Invocation) unchanged(judgedBy *policy.Policy) func(context.Context) error {
	return func(ctx context.Context) error {
		rules, err := inv.reread(ctx)
		if err == nil && !same(rules, judgedBy) {
			return &peering.Failure{Code: codeInvalidPolicy, Message: "the policy has changed", Class: peering.Withdrawn}
		}
		return err
	}
}

// same reports whether two policies were read from the same bytes.
func same(a, b *policy.Policy) bool {
	return a == b || a.Digest == b.Digest && a.Mode == b.Mode && maps.Equal(a.Files, b.Files)
}
