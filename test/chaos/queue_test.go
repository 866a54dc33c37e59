package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"peerguard/simulator/platform"
)

// function is what is put to the test: a process on one of the runtimes, or a handler in this process.
type function interface {
	// slots is how many invocations it is given at once.
	slots() int
	// do runs one invocation and waits for its answer, until ctx ends.
	do(ctx context.Context, inv platform.Invocation) platform.Result
	// restart ends the process, by kill -9 or politely, and starts another.
	restart(kill bool)
	// close ends the process, politely.
	close()
}

// platform delivers asynchronous invocations as Function Compute does: whichever instance has room gets the next one,
// and what fails is tried again with the same request id, and in the end handed to the destination for failures.
type queue struct {
	checker *checker

	mu      sync.Mutex
	changed *sync.Cond
	queue   []*invocation
	open    int // queued, running, or waiting to be tried again
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
	p := &queue{checker: c}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// send takes a delivery in. It waits while many others do: the plan goes on as fast as the functions work.
func (p *queue) send(d delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 16 {
		p.changed.Wait()
	}
	p.serial++
	p.open++
	p.queue = append(p.queue, &invocation{delivery: d, id: fmt.Sprintf("1-chaos-%08d", p.serial)})
	p.changed.Broadcast()
}

// serve gives invocations to a function until the platform is stopped.
func (p *queue) serve(f function) {
	for {
		inv := p.take()
		if inv == nil {
			return
		}
		if !p.attempt(f, inv) {
			if p.patient(inv) {
				time.AfterFunc(time.Duration(inv.attempts)*200*time.Millisecond, func() { p.again(inv) })
				continue
			}
			p.checker.giveUp()
		}
		p.done()
	}
}

// patient reports whether an invocation that failed is tried again: as often as it may be, and not when the end is near.
func (p *queue) patient(inv *invocation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return inv.attempts <= inv.Retries && !p.closing
}

func (p *queue) attempt(f function, inv *invocation) (ok bool) {
	a := p.checker.begin(inv.delivery)
	inv.attempts++
	ctx, cancel := context.WithTimeout(context.Background(), inv.Timeout+2*time.Second)
	defer cancel()
	call := platform.Invocation{
		RequestID: inv.id, Payload: []byte(inv.Payload), Timeout: inv.Timeout, Region: region(0),
		Edit: func(h http.Header) { h.Set("x-fc-retry-count", strconv.Itoa(inv.attempts-1)) },
	}
	if inv.TellsTheEnd {
		call.Deadline = time.Now().Add(inv.Timeout)
	}
	r := f.do(ctx, call)
	p.checker.end(a, r)
	return r.OK
}

func (p *queue) take() *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == 0 && !p.ended {
		p.changed.Wait()
	}
	if len(p.queue) == 0 {
		return nil
	}
	inv := p.queue[0]
	p.queue = p.queue[1:]
	p.changed.Broadcast()
	return inv
}

func (p *queue) again(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, inv)
	p.changed.Broadcast()
}

func (p *queue) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.changed.Broadcast()
}

// drain waits until nothing is on its way any more. What fails from now on goes to the destination at once.
func (p *queue) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	for p.open > 0 {
		p.changed.Wait()
	}
}

// stop ends serve, when the queue is empty.
func (p *queue) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.changed.Broadcast()
}
