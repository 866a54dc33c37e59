package guard

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// The bounds of what is in memory at the same time.
const (
	workingAtOnce  = 64  // partitions that a sweep works in, until it knows how fast the cloud answers
	workingAtMost  = 192 // when it knows
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

// As many slots are at work as begin 3,200 calls in a second at the cloud's latency. That is the fastest of the first answers: the
// others may have waited for a new connection, or for a processor, and more calls at once do not shorten that.
const (
	callsRate    = 3_200
	firstAnswers = 2 * workingAtOnce
)

// slots are the places of partitions in a sweep.
type slots struct {
	working, listing, settling *semaphore.Weighted

	mu      sync.Mutex
	answers int
	fastest time.Duration
}

func newSlots() *slots {
	s := &slots{
		working: semaphore.NewWeighted(workingAtMost), listing: semaphore.NewWeighted(listingAtOnce), settling: semaphore.NewWeighted(settlingAtOnce),
		fastest: math.MaxInt64,
	}
	s.working.TryAcquire(workingAtMost - workingAtOnce)
	return s
}

// answered notes how long the cloud took for a page. After the first answers it lets as many partitions work as that suggests.
func (s *slots) answered(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers++
	s.fastest = min(s.fastest, took)
	if s.answers == firstAnswers {
		suggested := int64(s.fastest.Seconds() * callsRate)
		s.working.Release(min(max(suggested, workingAtOnce), workingAtMost) - workingAtOnce)
	}
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
