package fc

import (
	"errors"
	"sync"
	"time"
)

var errUnfinished = errors.New("stopping: an invocation is still running after its deadline")

// flight counts the invocations that are running: from the moment the platform hands one over until its answer is sent. The
// zero flight is empty.
type flight struct {
	mu      sync.Mutex
	running int
	latest  time.Time     // the latest deadline of all invocations so far
	landed  chan struct{} // closed when running drops to 0; nil if nobody waits
}

func (f *flight) begin(deadline time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running++
	if deadline.After(f.latest) {
		f.latest = deadline
	}
}

func (f *flight) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.running == 0 && f.landed != nil {
		close(f.landed)
		f.landed = nil
	}
}

// drain waits until no invocation is running, but no longer than grace after the latest deadline.
func (f *flight) drain(grace time.Duration) error {
	for {
		landed, left := f.state(grace)
		if landed == nil {
			return nil
		}
		select {
		case <-landed:
		case <-time.After(left):
			if _, left = f.state(grace); left <= 0 { // otherwise an invocation with a later deadline has begun
				return errUnfinished
			}
		}
	}
}

func (f *flight) state(grace time.Duration) (landed <-chan struct{}, left time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == 0 {
		return nil, 0
	}
	if f.landed == nil {
		f.landed = make(chan struct{})
	}
	return f.landed, max(time.Until(f.latest.Add(grace)), 0)
}
