package guard

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
)

const (
	creatingPatience = 30 * time.Second // an event may come while the request is still being created
	gonePatience     = 3 * time.Second  // reads lag behind writes
	maxContradicted  = 6                // times that the API may refuse what it has just shown to be pending
)

// handling is the work on one connection, from its facts to its outcome.
type handling struct {
	inv         *Invocation
	partition   peering.Partition // where it is read
	token       string
	patience    time.Duration // how long Creating is waited for
	substituted bool          // the token was taken, and another is in use
}

// settle judges the connection, acts, and judges again what has changed meanwhile, until an outcome stands.
func (h *handling) settle(ctx context.Context, c peering.Connection) Entry {
	pause := newPause()
	waited := time.Now()
	for contradicted := 0; ; {
		entry, step := h.inv.judge(&c, time.Now())
		switch step {
		case wait:
			if time.Since(waited) >= h.patience {
				return notReady(entry)
			}
		case reject:
			var again bool
			if entry, again = h.reject(ctx, &c, entry); !again || contradicted == maxContradicted {
				return entry
			}
			contradicted++
		default:
			return entry
		}
		if step == wait || contradicted > 1 {
			sleep(ctx, pause.NextBackOff())
		}
		fresh, err := h.inv.Cloud.Get(ctx, h.partition, c.ID)
		switch {
		case err == nil:
			c = fresh
		case isGone(err):
			return gone(entry)
		case step == wait && failure(err).Class == peering.OutOfTime:
			return notReady(entry)
		default:
			return entry.fail(failure(err))
		}
	}
}

// gone is the entry of a connection that vanished while it was handled.
func gone(e Entry) Entry {
	return Entry{InstanceID: e.InstanceID, Requester: e.Requester, Accepter: e.Accepter, Status: e.Status, Outcome: Closed, Reason: "no longer there"}
}

// reject rejects a pending connection. It asks for another look when the API says that things are not as they were read.
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

// confirmed is the entry of a rejection that the API answered with success, which it never does to a dry run.
func (e Entry) confirmed(requestID string, dryRun bool) Entry {
	e.APIRequestID = requestID
	if dryRun {
		return e.fail(&peering.Failure{Code: codeNoConfirmation, Message: "the API answered a dry run as if it were none"})
	}
	e.Outcome = Rejected
	return e
}

func notReady(e Entry) Entry {
	e.Outcome = NotReady
	e.Error = &Error{Code: codeNotReady, Message: "the request is still being created", Retryable: true}
	return e
}

func newPause() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{
		InitialInterval:     250 * time.Millisecond,
		Multiplier:          1.5,
		MaxInterval:         3 * time.Second,
		RandomizationFactor: 0.5,
	}
}

// sleep waits, or not so long when the context ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func isGone(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Class == peering.Gone
}
