package guard

import (
	"context"
	"sync"

	"peerguard/function/peering"
)

// locks serialises the handling of one connection within the process: the API forbids concurrent rejections of one.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

// lock is held by whoever put the token in.
type lock struct {
	token   chan struct{}
	waiting int
}

// acquire waits for the connection's turn. It returns nil when the context ended first.
func (l *locks) acquire(ctx context.Context, id string) (release func()) {
	l.mu.Lock()
	k, ok := l.held[id]
	if !ok {
		k = &lock{token: make(chan struct{}, 1)}
		l.held[id] = k
	}
	k.waiting++
	l.mu.Unlock()
	select {
	case k.token <- struct{}{}:
		return func() {
			<-k.token
			l.leave(id, k)
		}
	case <-ctx.Done():
		l.leave(id, k)
		return nil
	}
}

func (l *locks) leave(id string, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.waiting--; k.waiting == 0 {
		delete(l.held, id)
	}
}

// heldUp is the failure of a connection whose turn did not come in time.
func heldUp() *peering.Failure {
	return &peering.Failure{
		Code:      codeDeadline,
		Message:   "another invocation was handling the connection until the deadline came",
		Retryable: true,
		Class:     peering.OutOfTime,
	}
}
