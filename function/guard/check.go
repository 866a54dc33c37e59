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
	InstanceID  string
	Accepters   []peering.Account // whom the event names as accepter, the likeliest first
	Region      string            // where to ask; "" means the function's own region
	ClientToken string
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
	endTurn := g.turns.take(ctx, hint.InstanceID)
	if endTurn == nil {
		return e.fail(turnTimedOut())
	}
	defer endTurn()
	h := &handling{inv: inv, partition: inv.partition(hint), token: hint.ClientToken, patience: creatingPatience}
	c, err := h.find(ctx, hint.InstanceID)
	switch {
	case isGone(err):
		e.Outcome, e.Reason = Closed, "no such connection (any more)"
		return e
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
		if !isGone(err) || time.Since(start) >= gonePatience || ctx.Err() != nil {
			return c, err
		}
	}
}

// partition returns where to ask about a hint's connection: in the first guarded account that it names, or in the
// function's own if it names none.
func (inv *Invocation) partition(hint Hint) peering.Partition {
	in := peering.Partition{Account: inv.Account, Region: cmp.Or(hint.Region, inv.Region)}
	if i := slices.IndexFunc(hint.Accepters, inv.guards); i >= 0 {
		in.Account = hint.Accepters[i]
	}
	return in
}
