package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"peerguard/simulator/platform"
)

// function is the subject of a chaos run: an instance on one of the runtimes, or a handler in this process.
type function interface {
	// slots is the number of invocations that it is given at once.
	slots() int
	// do runs one invocation and waits for its answer, until ctx ends.
	do(ctx context.Context, inv platform.Invocation) platform.Result
	// restart ends the process, by kill -9 or politely, and starts another.
	restart(kill bool)
	// close ends the process politely.
	close()
}

// queue delivers asynchronous invocations as Function Compute does: an instance that has room gets the next one. An
// invocation that fails is tried again with the same request id; after the last attempt it goes to the destination for
// failures.
type queue struct {
	checker *checker

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*invocation
	open    int // waiting, running, or waiting for another attempt
	closing bool
	ended   bool
	serial  int
}

// invocation is a delivery on its way.
type invocation struct {
	delivery
	id       string
	attempts int
}

func newQueue(c *checker) *queue {
	q := &queue{checker: c}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// send adds a delivery. It blocks while many others wait, so that the plan proceeds as fast as the functions work.
func (q *queue) send(d delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) > 16 {
		q.changed.Wait()
	}
	q.serial++
	q.open++
	q.waiting = append(q.waiting, &invocation{delivery: d, id: fmt.Sprintf("1-chaos-%08d", q.serial)})
	q.changed.Broadcast()
}

// serve gives invocations to a function until stop.
func (q *queue) serve(f function) {
	for {
		inv := q.take()
		if inv == nil {
			return
		}
		if !q.attempt(f, inv) {
			if q.retries(inv) {
				time.AfterFunc(time.Duration(inv.attempts)*200*time.Millisecond, func() { q.again(inv) })
				continue
			}
			q.checker.giveUp()
		}
		q.done()
	}
}

// retries reports whether an invocation that failed is tried again: it has attempts left, and the run is not about to end.
func (q *queue) retries(inv *invocation) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return inv.attempts <= inv.Retries && !q.closing
}

func (q *queue) attempt(f function, inv *invocation) (ok bool) {
	a := q.checker.begin(inv.delivery, f)
	inv.attempts++
	ctx, cancel := context.WithTimeout(context.Background(), inv.Timeout+2*time.Second)
	defer cancel()
	call := platform.Invocation{
		RequestID: inv.id, Payload: []byte(inv.Payload), Timeout: inv.Timeout, Region: region(0),
		Edit: func(h http.Header) { h.Set("x-fc-retry-count", strconv.Itoa(inv.attempts-1)) },
	}
	if inv.SendDeadline {
		call.Deadline = time.Now().Add(inv.Timeout)
	}
	r := f.do(ctx, call)
	q.checker.end(a, r)
	return r.OK
}

func (q *queue) take() *invocation {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.ended {
		q.changed.Wait()
	}
	if len(q.waiting) == 0 {
		return nil
	}
	inv := q.waiting[0]
	q.waiting = q.waiting[1:]
	q.changed.Broadcast()
	return inv
}

func (q *queue) again(inv *invocation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, inv)
	q.changed.Broadcast()
}

func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open--
	q.changed.Broadcast()
}

// drain waits until every delivery is answered. From now on a failure goes to the destination at once.
func (q *queue) drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closing = true
	for q.open > 0 {
		q.changed.Wait()
	}
}

// stop makes serve return once the queue is empty.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Broadcast()
}
