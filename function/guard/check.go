package guard

import (
	"context"
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
	Region      string            // where to ask, "" for the function's own region
	ClientToken string
}

// Check handles the connections that events point at. Of equally serious ones the report keeps the order of the hints.
func (g *Guard) Check(ctx context.Context, inv *Invocation, triggerID string, hints []Hint) *Report {
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
	book := newLedger(inv, TriggerEvent, triggerID)
	for _, e := range entries {
		book.connection(e)
	}
	return book.close()
}

func (g *Guard) check(ctx context.Context, inv *Invocation, hint Hint) Entry {
	e := Entry{InstanceID: hint.InstanceID}
	release := g.handling.acquire(ctx, hint.InstanceID)
	if release == nil {
		return e.fail(heldUp())
	}
	defer release()
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

// find reads a connection, for a few seconds even when there is none: reads lag behind writes.
func (h *handling) find(ctx context.Context, id string) (peering.Connection, error) {
	pause := newPause()
	for start := time.Now(); ; sleep(ctx, pause.NextBackOff()) {
		c, err := h.inv.Cloud.Get(ctx, h.partition, id)
		if !isGone(err) || time.Since(start) >= gonePatience || ctx.Err() != nil {
			return c, err
		}
	}
}

// partition is where to ask about a hint's connection: as the guarded account that it names, else as the function's own.
func (inv *Invocation) partition(hint Hint) peering.Partition {
	in := peering.Partition{Account: inv.Account, Region: hint.Region}
	if in.Region == "" {
		in.Region = inv.Region
	}
	for _, a := range hint.Accepters {
		if inv.guards(a) {
			in.Account = a
			break
		}
	}
	return in
}
