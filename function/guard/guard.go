// Package guard is the judge: it reads what the cloud says of a connection, asks the policy, rejects what must be
// rejected, and reports what happened.
//
// A pending request connects nothing. Whenever facts, verdict or confirmation are missing, it does nothing and says so.
package guard

import (
	"context"
	"iter"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Cloud is what the guard needs of the cloud. Implementations are safe for concurrent use, retry what is worth
// retrying before the context's deadline, and keep to the cloud's quotas. Every error is a *peering.Failure:
// of class Gone when there is no such connection, WrongStatus when it cannot be rejected (any more), TokenTaken when
// the client token was used with other parameters, DryRunPassed when a dry run found nothing in the way, and
// OutOfTime when the deadline came first.
type Cloud interface {
	// Get reads one connection.
	Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error)
	// List gives all connections of a partition, page by page, and ends at the first error.
	List(ctx context.Context, in peering.Partition) iter.Seq2[[]peering.Connection, error]
	// Reject rejects one pending connection and returns the request id that confirms it.
	Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error)
}

// Guard holds what outlives an invocation: which connections are being handled right now.
// It is safe for concurrent use.
type Guard struct {
	handling locks
}

// New makes a Guard.
func New() *Guard { return &Guard{handling: locks{held: map[string]*lock{}}} }

// Invocation is what one run of the guard works with.
type Invocation struct {
	RequestID string
	Account   peering.Account // the function's own, always guarded
	Region    string          // the function's own
	Policy    *policy.Policy
	Cloud     Cloud
	Judged    func(Entry) // called once for each connection judged, possibly concurrently; nil means nobody listens
	Visited   func(Visit) // called once for each partition that a sweep is done with, one at a time; nil means nobody listens
}

func (inv *Invocation) guards(a peering.Account) bool {
	_, member := inv.Policy.Guard.Roles[a]
	return member || a == inv.Account
}

func (inv *Invocation) dryRun() bool { return inv.Policy.Mode != policy.Enforce }

func (inv *Invocation) judged(e Entry) {
	if inv.Judged != nil {
		inv.Judged(e)
	}
}

func (inv *Invocation) visited(v Visit) {
	if inv.Visited != nil {
		inv.Visited(v)
	}
}
