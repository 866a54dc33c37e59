package guard

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	partitionsAtOnce = 64              // that a sweep works in
	lentAtOnce       = 448             // partitions more, which do nothing but wait
	lendAfter        = time.Second / 4 // how long a partition waits before others need not wait for it
)

// slots bounds how many partitions a sweep works in at the same time. A partition that waits long for the cloud lends its
// slot to another one, so that a region that does not answer does not hold up those that do.
type slots struct{ working, waiting *semaphore.Weighted }

func newSlots() *slots {
	return &slots{semaphore.NewWeighted(partitionsAtOnce), semaphore.NewWeighted(lentAtOnce)}
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

// during calls wait, which waits for the cloud, and lends the slot if that takes long. A slot that was lent once counts
// among those that wait from then on.
func (s *slot) during(wait func()) {
	timer := time.AfterFunc(lendAfter, s.lend)
	wait()
	timer.Stop()
}

func (s *slot) lend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == s.all.working && s.all.waiting.TryAcquire(1) {
		s.in.Release(1)
		s.in = s.all.waiting
	}
}

func (s *slot) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in.Release(1)
	s.in = nil
}
