package guard

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// The bounds of what is in memory at the same time.
const (
	workingAtOnce  = 64  // partitions that a sweep works in
	listingAtOnce  = 448 // partitions more, which wait for a page of their list
	settlingAtOnce = 128 // partitions more, which wait for rejections: each holds a page and a few calls

	rejectionsAtOnce = 5   // of one partition: enough to use its quota up at a second of latency
	stuckAtOnce      = 256 // connections more, which take long
)

// How long something waits for the cloud before others need not wait for it.
const (
	partitionWait  = time.Second / 4
	connectionWait = 5 * time.Second
)

// slots are the places of partitions in a sweep.
type slots struct{ working, listing, settling *semaphore.Weighted }

func newSlots() *slots {
	return &slots{semaphore.NewWeighted(workingAtOnce), semaphore.NewWeighted(listingAtOnce), semaphore.NewWeighted(settlingAtOnce)}
}

// slot is a place among those that work. Who waits long for the cloud lends it, so that what is not answered does not hold
// up what is.
type slot struct {
	working *semaphore.Weighted

	mu sync.Mutex
	in *semaphore.Weighted // where it counts now; nil after it was given back
}

// takeSlot waits for a place among those that work. It returns nil if the context ends first.
func takeSlot(ctx context.Context, working *semaphore.Weighted) *slot {
	if working.Acquire(ctx, 1) != nil {
		return nil
	}
	return &slot{working: working, in: working}
}

// during calls wait, which waits for the cloud. If that takes longer than patience, the slot counts among those that wait
// from then on, if there is room.
func (s *slot) during(patience time.Duration, waiting *semaphore.Weighted, wait func()) {
	timer := time.AfterFunc(patience, func() { s.lend(waiting) })
	defer timer.Stop()
	wait()
}

func (s *slot) lend(waiting *semaphore.Weighted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == s.working && waiting.TryAcquire(1) {
		s.in.Release(1)
		s.in = waiting
	}
}

// takeBack waits until the slot counts among those that work again. If the context ends first there is no more work.
func (s *slot) takeBack(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != s.working && s.working.Acquire(ctx, 1) == nil {
		s.in.Release(1)
		s.in = s.working
	}
}

func (s *slot) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in.Release(1)
	s.in = nil // a timer may still be on its way to lend it
}
