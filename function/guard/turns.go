package guard

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
)

// turns makes sure that one connection is never rejected twice at the same time within the process: the API forbids
// concurrent rejections of one connection.
type turns struct {
	mu    sync.Mutex
	taken map[string]*turn // by instance id
}

// turn is the right to reject one connection.
type turn struct {
	*semaphore.Weighted
	wanted int // by those who have it or wait for it
}

// take waits for the turn of a connection. It returns the function that ends the turn and whether somebody else had one
// before, so that the connection may have changed. It fails if the context ends first.
func (t *turns) take(ctx context.Context, id string) (end func(), waited bool, err error) {
	if ctx.Err() != nil {
		return nil, false, outOfTime()
	}
	one, waited := t.enter(id)
	if one.Acquire(ctx, 1) != nil {
		t.leave(id, one)
		if waited {
			return nil, true, turnTimedOut()
		}
		return nil, false, outOfTime()
	}
	return func() {
		one.Release(1)
		t.leave(id, one)
	}, waited, nil
}

func (t *turns) enter(id string) (one *turn, others bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, others = t.taken[id]
	if !others {
		one = &turn{Weighted: semaphore.NewWeighted(1)}
		t.taken[id] = one
	}
	one.wanted++
	return one, others
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
	f := outOfTime()
	f.Message = "another invocation was handling the connection until the deadline came"
	return f
}
