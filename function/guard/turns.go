package guard

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
)

// turns makes sure that one connection is never handled twice at the same time within the process: the API forbids
// concurrent rejections of one connection.
type turns struct {
	mu    sync.Mutex
	taken map[string]*turn // by instance id
}

// turn is the right to handle one connection.
type turn struct {
	*semaphore.Weighted
	wanted int // by those who have it or wait for it
}

// take waits for the turn of a connection and returns the function that ends it, or nil if the context ended first.
func (t *turns) take(ctx context.Context, id string) (end func()) {
	t.mu.Lock()
	one, ok := t.taken[id]
	if !ok {
		one = &turn{Weighted: semaphore.NewWeighted(1)}
		t.taken[id] = one
	}
	one.wanted++
	t.mu.Unlock()
	if one.Acquire(ctx, 1) != nil {
		t.leave(id, one)
		return nil
	}
	return func() {
		one.Release(1)
		t.leave(id, one)
	}
}

func (t *turns) leave(id string, one *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one.wanted--; one.wanted == 0 {
		delete(t.taken, id)
	}
}

// turnTimedOut is the failure of a connection whose turn did not come in time.
func turnTimedOut() *peering.Failure {
	return &peering.Failure{
		Code:      codeDeadline,
		Message:   "another invocation was handling the connection until the deadline came",
		Retryable: true,
		Class:     peering.OutOfTime,
	}
}
