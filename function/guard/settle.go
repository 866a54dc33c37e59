package guard

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
)

const (
	creatingPatience = 30 * time.Second // an event may come while the request is still being created
	gonePatience     = 3 * time.Second  // reads lag behind writes
	maxRefusals      = 6                // times that the API may refuse to reject what it has just shown to be pending
)

// handling is the work on one connection, from its facts to its outcome.
type handling struct {
	inv         *Invocation
	partition   peering.Partition // where it is read
	token       string
	patience    time.Duration // how long to wait while the request is Creating
	substituted bool          // the token was taken, and a substitute is in use
}

// settle judges the connection, acts, and judges it again if it has changed in the meantime, until its outcome is final.
func (h *handling) settle(ctx context.Context, c peering.Connection) Entry {
	pause := newPause()
	start := time.Now()
	for refusals := 0; ; {
		entry, next := h.inv.judge(&c, time.Now())
		switch next {
		case stepWait:
			if time.Since(start) >= h.patience {
				return entry.notReady()
			}
			sleep(ctx, pause.NextBackOff())
		case stepReject:
			var lookAgain bool
			if entry, lookAgain = h.reject(ctx, &c, entry); !lookAgain || refusals == maxRefusals {
				return entry
			}
			if refusals++; refusals > 1 { // the first time, things have most likely changed
				sleep(ctx, pause.NextBackOff())
			}
		default:
			return entry
		}
		var err error
		if c, err = h.inv.Cloud.Get(ctx, h.partition, c.ID); err != nil {
			return entry.unread(err)
		}
	}
}

// reject rejects a pending connection. It asks for another look if the API says that the connection is not as it was read.
func (h *handling) reject(ctx context.Context, c *peering.Connection, e Entry) (_ Entry, lookAgain bool) {
	in := peering.Partition{Account: c.Accepter.Account, Region: c.Accepter.Region}
	if in.Region == "" {
		in.Region = h.partition.Region
	}
	for {
		r := peering.Rejection{ID: c.ID, ClientToken: h.token, DryRun: h.inv.dryRun()}
		if r.DryRun && !h.substituted {
			r.ClientToken = peering.DryRunToken(h.token)
		}
		e.ClientToken = r.ClientToken
		id, err := h.inv.Cloud.Reject(ctx, in, r)
		if err == nil {
			return e.confirmed(id, r.DryRun), false
		}
		switch f := failure(err); {
		case f.Class == peering.DryRunPassed && r.DryRun:
			e.Outcome, e.APIRequestID = WouldReject, f.RequestID
			return e, false
		case f.Class == peering.TokenTaken && !h.substituted:
			h.token, h.substituted = peering.SubstituteToken(r.ClientToken, c.ID), true
		default:
			return e.fail(f), f.Class == peering.WrongStatus || f.Class == peering.Gone
		}
	}
}

func newPause() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     250 * time.Millisecond,
		Multiplier:          1.5,
		MaxInterval:         3 * time.Second,
		RandomizationFactor: 0.5,
	}
}

// sleep waits for d, or until the context ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
