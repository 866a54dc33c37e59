package guard

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
)

// hintsAtOnce is how many events of one batch are handled at the same time, besides those that take long.
const hintsAtOnce = 8

// Hint is what an event says: that there is something to look at. Facts are read from the cloud.
type Hint struct {
	InstanceID         string
	Accepters          []peering.Account // whom the event names as accepter, the likeliest first
	AccepterUnreadable bool              // the event names an accepter, and it cannot be read whom
	Region             string            // where to ask; "" means the function's own region
	ClientToken        string
}

// Check handles the connections that events point at. Equally serious entries keep the order of the hints.
func (g *Guard) Check(ctx context.Context, inv *Invocation, hints []Hint) *Report {
	entries := make([]Entry, len(hints))
	working, stuck := semaphore.NewWeighted(hintsAtOnce), semaphore.NewWeighted(stuckAtOnce)
	var begun sync.WaitGroup
	for i, hint := range hints {
		own := takeSlot(ctx, working)
		if own == nil {
			entries[i] = g.check(ctx, inv, hint) // says that it is too late
			continue
		}
		begun.Go(func() {
			defer own.giveBack()
			own.during(connectionWait, stuck, func() { entries[i] = g.check(ctx, inv, hint) })
		})
	}
	begun.Wait()
	ledger := newLedger(inv, TriggerEvent)
	for _, e := range entries {
		ledger.addEntry(e)
	}
	return ledger.close()
}

func (g *Guard) check(ctx context.Context, inv *Invocation, hint Hint) Entry {
	e := Entry{InstanceID: hint.InstanceID}
	if tooLate(ctx) {
		return e.late(asError(outOfTime()))
	}
	in, guarded, err := inv.partition(ctx, hint)
	if err != nil {
		return e.fail(failure(err))
	}
	h := &handling{guard: g, inv: inv, partition: in, tokens: tokens{first: hint.ClientToken}, patience: creatingPatience, lag: readLag}
	c, err := h.read(ctx, hint.InstanceID)
	switch {
	case isGone(err):
		return e.notFound(hint, guarded)
	case err != nil:
		return e.fail(failure(err))
	}
	return h.settle(ctx, c)
}

// tooLate reports whether no call can begin any more. Then there is no work but the report.
func tooLate(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < peering.LastStart
}

// notFound returns the entry of a connection that is not there. That proves nothing unless it was asked for as the accepter.
func (e Entry) notFound(hint Hint, guarded bool) Entry {
	switch {
	case hint.AccepterUnreadable:
		return e.fail(&peering.Failure{
			Code:    codeUnknownAccepter,
			Message: "the event names an accepter that cannot be read, and the function's own account does not see the connection",
		})
	case !guarded:
		e.Outcome, e.Reason = Ignored, "accepter "+string(hint.Accepters[0])+" is not a guarded account"
	default:
		e.Outcome, e.Reason = Closed, "no such connection (any more)"
	}
	return e
}

// partition returns where to ask about a hint's connection: in the first guarded account that it names, or in the
// function's own if it names none. guarded is false if it names others only; with an error nobody knows. What counts is the
// policy that the invocation began with: the roles that can be assumed are those of that policy.
func (inv *Invocation) partition(ctx context.Context, hint Hint) (in peering.Partition, guarded bool, err error) {
	in = peering.Partition{Account: inv.Account, Region: cmp.Or(hint.Region, inv.Region)}
	for _, a := range hint.Accepters {
		yes, unknown := inv.guarded(ctx, inv.Policy, a)
		if yes {
			in.Account = a
			return in, true, nil
		}
		err = cmp.Or(err, unknown)
	}
	return in, len(hint.Accepters) == 0, err
}
