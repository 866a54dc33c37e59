package guard

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
)

// rejections settles the connections of one partition, a few at a time. One that takes long does not hold up the others: its
// requester may be able to make it so.
type rejections struct {
	sweep   *sweep
	in      peering.Partition
	working *semaphore.Weighted
	begun   sync.WaitGroup
	late    atomic.Pointer[Error] // why there is no time for any more
}

func (s *sweep) rejectionsIn(in peering.Partition) *rejections {
	return &rejections{sweep: s, in: in, working: semaphore.NewWeighted(rejectionsAtOnce)}
}

// settle begins to settle connections, in this order, and returns when all are settled or take long.
func (r *rejections) settle(ctx context.Context, open []peering.Connection) {
	for _, c := range open {
		own := takeSlot(ctx, r.working)
		if own == nil {
			r.sweep.ledger.addEntry(r.tooLate(&c, cmp.Or(r.late.Load(), asError(outOfTime()))))
			continue
		}
		r.begun.Go(func() {
			defer own.giveBack()
			own.during(connectionWait, r.sweep.stuck, func() { r.sweep.ledger.addEntry(r.one(ctx, &c)) })
		})
	}
	if r.working.Acquire(ctx, rejectionsAtOnce) == nil {
		r.working.Release(rejectionsAtOnce)
	}
}

// one settles a connection. If there is no time for it, there is none for those after it.
func (r *rejections) one(ctx context.Context, c *peering.Connection) Entry {
	if cause := r.late.Load(); cause != nil {
		return r.tooLate(c, cause)
	}
	s := r.sweep
	h := &handling{guard: s.guard, inv: s.inv, partition: r.in, tokens: tokens{first: s.token(c.ID)}, fuse: s.fuse}
	entry := h.settle(ctx, *c)
	if entry.outOfTime {
		r.late.Store(entry.Error)
	}
	return entry
}

// tooLate returns the entry of a connection for which there is no time. The cause is another connection's: only what the API
// answered is this one's too.
func (r *rejections) tooLate(c *peering.Connection, cause *Error) Entry {
	if cause.Code == DeadlineExceeded || cause.Code == codeDirectory {
		cause = asError(outOfTime())
	}
	inv := r.sweep.inv
	entry, next := inv.judge(inv.rules(), c, time.Now(), false)
	if next == stepNone {
		return entry
	}
	return entry.late(cause)
}
