package guard

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	workingAtOnce  = 64              // partitions that a sweep works in
	listingAtOnce  = 448             // partitions more, which wait for a page of their list
	settlingAtOnce = 128             // partitions more, which wait for rejections: each holds a page and a few calls
	lendAfter      = time.Second / 4 // how long a partition waits before others need not wait for it
)

// slots bounds how many partitions a sweep works in at the same time, and with that its memory. A partition that waits long
// for the cloud lends its slot to another one, so that a region that does not answer does not hold up those that do.
type slots struct{ working, listing, settling *semaphore.Weighted }

func newSlots() *slots {
	return &slots{semaphore.NewWeighted(workingAtOnce), semaphore.NewWeighted(listingAtOnce), semaphore.NewWeighted(settlingAtOnce)}
}

// take waits for a free slot. It returns nil if the context ends first.
func (s *slots) take(ctx context.Context) *slot {
	if s.working.Acquire(ctx, 1) != nil {
		return nil
	}
	return &slot{all: s, in: s.working}
}

// slot is the right to work in one partition.
type slot struct {
	all *slots

	mu sync.Mutex
	in *semaphore.Weighted // where it counts; nil after it was given back
}

// during calls wait, which waits for the cloud. If that takes long the slot counts among those that wait, if there is room,
// until it is taken back. That takes as long as it takes, unless the context ends: then there is no more work.
func (s *slot) during(ctx context.Context, waiting *semaphore.Weighted, wait func()) {
	timer := time.AfterFunc(lendAfter, func() { s.lend(waiting) })
	wait()
	timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != s.all.working && s.all.working.Acquire(ctx, 1) == nil {
		s.in.Release(1)
		s.in = s.all.working
	}
}

func (s *slot) lend(waiting *semaphore.Weighted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == s.all.working && waiting.TryAcquire(1) {
		s.in.Release(1)
		s.in = waiting
	}
}

func (s *slot) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in.Release(1)
	s.in = nil // a timer may still be on its way to lend it
}
