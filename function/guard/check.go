package guard

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

// hintsAtOnce is how many events of one batch are handled at the same time.
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
	var group errgroup.Group
	group.SetLimit(hintsAtOnce)
	for i, hint := range hints {
		group.Go(func() error {
			entries[i] = g.check(ctx, inv, hint)
			return nil
		})
	}
	_ = group.Wait() // the entries hold the errors
	ledger := newLedger(inv, TriggerEvent)
	for _, e := range entries {
		ledger.addEntry(e)
	}
	return ledger.close()
}

func (g *Guard) check(ctx context.Context, inv *Invocation, hint Hint) Entry {
	e := Entry{InstanceID: hint.InstanceID}
	if ctx.Err() != nil { // after the deadline there is no work but the report
		e.untouched = true
		return e.fail(outOfTime())
	}
	h := &handling{guard: g, inv: inv, partition: inv.partition(hint), tokens: tokens{first: hint.ClientToken}, patience: creatingPatience}
	c, err := h.find(ctx, hint.InstanceID)
	switch {
	case isGone(err):
		return inv.notFound(hint, e)
	case err != nil:
		return e.fail(failure(err))
	}
	return h.settle(ctx, c)
}

// find reads a connection. If there is none it keeps trying for a few seconds: reads lag behind writes.
func (h *handling) find(ctx context.Context, id string) (peering.Connection, error) {
	pause := newPause()
	for start := time.Now(); ; sleep(ctx, pause.NextBackOff()) {
		c, err := h.inv.Cloud.Get(ctx, h.partition, id)
		switch {
		case !isGone(err) || time.Since(start) >= gonePatience:
			return c, err
		case ctx.Err() != nil:
			return c, outOfTime()
		}
	}
}

// notFound returns the entry of a connection that is not there. That proves nothing unless it was asked for as the accepter.
func (inv *Invocation) notFound(hint Hint, e Entry) Entry {
	switch {
	case hint.AccepterUnreadable:
		return e.fail(&peering.Failure{
			Code:    codeUnknownAccepter,
			Message: "the event names an accepter that cannot be read, and the function's own account does not see the connection",
		})
	case len(hint.Accepters) > 0 && inv.guarded(hint.Accepters) < 0:
		e.Outcome, e.Reason = Ignored, "accepter "+string(hint.Accepters[0])+" is not a guarded account"
	default:
		e.Outcome, e.Reason = Closed, "no such connection (any more)"
	}
	return e
}

// partition returns where to ask about a hint's connection: in the first guarded account that it names, or in the
// function's own if it names none.
func (inv *Invocation) partition(hint Hint) peering.Partition {
	in := peering.Partition{Account: inv.Account, Region: cmp.Or(hint.Region, inv.Region)}
	if i := inv.guarded(hint.Accepters); i >= 0 {
		in.Account = hint.Accepters[i]
	}
	return in
}

// guarded returns the index of the first account that is guarded, or -1.
func (inv *Invocation) guarded(accounts []peering.Account) int {
	rules := inv.rules()
	return slices.IndexFunc(accounts, func(a peering.Account) bool { return inv.guards(rules, a) })
}
