package guard

import (
	"cmp"
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

const (
	creatingPatience = 30 * time.Second // an event may come while the request is still being created
	readLag          = 3 * time.Second  // reads lag behind writes
	maxRefusals      = 6                // times that the API may refuse to reject what it has just shown to be pending
)

// handling is the work on one connection, from its facts to its outcome.
type handling struct {
	guard     *Guard
	inv       *Invocation
	partition peering.Partition // where it is read
	tokens    tokens
	patience  time.Duration // how long to wait while the request is Creating
	lag       time.Duration // how long the API must deny that the connection exists before that is believed
	fuse      *fuse         // of the sweep; nil for an event

	begun    time.Time
	pause    *backoff.ExponentialBackOff
	asked    bool // once more, for facts that were missing
	refusals int
}

// settle judges the connection, acts, and judges it again if it has changed in the meantime, until its outcome is final.
func (h *handling) settle(ctx context.Context, c peering.Connection) Entry {
	h.begun, h.pause = time.Now(), newPause()
	for {
		rules := h.inv.rules()
		entry, next := h.inv.judgeSurely(ctx, rules, &c)
		if next == stepReject {
			entry, next = h.reject(ctx, rules, &c, entry)
		}
		if h.exhausted(next) {
			return entry
		}
		if next == stepWait || h.refusals > 1 { // the first time, things have most likely changed
			sleep(ctx, h.pause.NextBackOff())
		}
		var err error
		if c, err = h.read(ctx, c.ID); err != nil {
			return entry.unread(err)
		}
	}
}

// read returns the connection as it is now. That there is none is believed when the API says so for long enough.
func (h *handling) read(ctx context.Context, id string) (peering.Connection, error) {
	pause := newPause()
	for start := time.Now(); ; sleep(ctx, pause.NextBackOff()) {
		c, err := h.inv.Cloud.Get(ctx, h.partition, id)
		switch {
		case !isGone(err) || time.Since(start) >= h.lag:
			return c, err
		case ctx.Err() != nil:
			return c, outOfTime()
		}
	}
}

// exhausted reports whether there is no point in another look at the connection: the outcome that it has stands.
func (h *handling) exhausted(next step) bool {
	switch next {
	case stepChanged:
		return false
	case stepWait:
		return time.Since(h.begun) >= h.patience
	case stepRead:
		asked := h.asked
		h.asked = true
		return asked
	case stepRefused:
		h.refusals++
		return h.refusals > maxRefusals
	default:
		return true
	}
}

// reject rejects a pending connection, unless somebody else has just been doing so.
func (h *handling) reject(ctx context.Context, judgedBy *policy.Policy, c *peering.Connection, e Entry) (Entry, step) {
	endTurn, waited, err := h.guard.turns.take(ctx, c.ID)
	switch {
	case err != nil:
		return e.fail(failure(err)), stepNone
	case waited:
		endTurn()
		return e, stepChanged
	}
	defer endTurn()
	if e.Rule == policy.DefaultRule && h.fuse.holds(c.Requester.Account) {
		return e.fail(h.fuse.tooMany()), stepNone
	}
	return h.send(ctx, judgedBy, c, e)
}

// send asks the API to reject, as long as the policy is the one that judged the connection. It asks for another look if
// that has changed, or if the API says that the connection is not as it was read.
func (h *handling) send(ctx context.Context, judgedBy *policy.Policy, c *peering.Connection, e Entry) (Entry, step) {
	in := peering.Partition{Account: c.Accepter.Account, Region: cmp.Or(c.Accepter.Region, h.partition.Region)}
	r := peering.Rejection{ID: c.ID, DryRun: judgedBy.Mode != policy.Enforce, Still: h.inv.unchanged(judgedBy)}
	for {
		r.ClientToken = h.tokens.of(c.ID, r.DryRun)
		e.ClientToken = r.ClientToken
		id, err := h.inv.Cloud.Reject(ctx, in, r)
		if err == nil {
			return e.confirmed(id, r.DryRun), stepNone
		}
		switch f := failure(err); {
		case f.Class == peering.DryRunPassed && r.DryRun:
			e.Outcome, e.APIRequestID = WouldReject, f.RequestID
			return e, stepNone
		case f.Class == peering.TokenTaken && h.tokens.replace():
			continue
		case f.Class == peering.Withdrawn:
			return e, stepChanged
		case f.Class == peering.WrongStatus || f.Class == peering.Gone:
			return e.fail(f), stepRefused
		default:
			return e.fail(f), stepNone
		}
	}
}

// tokens are the client tokens of one rejection. The first one can be taken by chance or by somebody who knows it, the
// second one by somebody who knows it, and the third one by nobody.
type tokens struct {
	first  string
	taken  int
	random string
}

// of returns the token to use now for the rejection of a connection. A dry run never shares a token with a rejection.
func (t *tokens) of(instanceID string, dryRun bool) string {
	token := t.first
	if dryRun {
		token = peering.DryRunToken(token)
	}
	switch t.taken {
	case 0:
		return token
	case 1:
		return peering.SubstituteToken(token, instanceID)
	}
	if t.random == "" {
		t.random = peering.RandomToken()
	}
	return t.random
}

// replace notes that the token in use was taken, and reports whether there is another one.
func (t *tokens) replace() bool {
	t.taken++
	return t.taken <= 2
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
