package platform

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const invocationPath = "/2020-11-11/runtime/invocation/"

// Runtime is the Runtime API of the Go runtime as an http.Handler: it hands out queued invocations and records their
// results. The zero value is ready to use. Set the fields before the first call. A Runtime is safe for concurrent use.
type Runtime struct {
	// Intercept, if not nil, sees every call first and returns true if it answered the call. See [Status], [Hang] and
	// [Drop] for what it can do.
	Intercept func(w http.ResponseWriter, r *http.Request, call Call) bool
	// Retries is how many times an asynchronous invocation is delivered again after a failure.
	Retries int

	mu      sync.Mutex
	queue   []*ticket
	out     map[string]*ticket // handed out and not yet answered
	more    chan struct{}      // closed when the queue grows
	polls   int
	posts   int
	strays  []string
	results []Result
	dead    []Dead
}

// Call is one request of a function to the Runtime API.
type Call struct {
	Poll bool // asks for the next invocation; otherwise it delivers a result
	N    int  // calls of the same kind before this one
}

// Status answers a call with a status and no body, for use in Intercept.
func Status(w http.ResponseWriter, code int) bool {
	w.WriteHeader(code)
	return true
}

// Hang holds a call until the function gives up or d has passed, for use in Intercept.
func Hang(r *http.Request, d time.Duration) bool {
	select {
	case <-r.Context().Done():
	case <-time.After(d):
	}
	return true
}

// Drop closes the connection without an answer, for use in Intercept.
func Drop() bool { panic(http.ErrAbortHandler) }

// Dead is an asynchronous invocation that went to the dead-letter destination, with the exact bytes of its event.
type Dead struct {
	RequestID string
	Payload   []byte
	Last      Result // of the last delivery
	Attempts  int
}

// ticket is an invocation between its arrival and its result.
type ticket struct {
	Invocation
	async    bool
	attempts int
	done     chan Result // with room for one
}

// Invoke invokes the function synchronously. It waits for the result, for the process to die, or until ctx is done.
func (p *Runtime) Invoke(ctx context.Context, payload []byte) Result {
	return p.Do(ctx, Invocation{Payload: payload})
}

// Do is Invoke with all settings of an invocation.
func (p *Runtime) Do(ctx context.Context, inv Invocation) Result {
	t := p.push(inv, false)
	select {
	case r := <-t.done:
		return r
	case <-ctx.Done():
		return Result{RequestID: t.RequestID, Err: context.Cause(ctx)}
	}
}

// Send invokes the function asynchronously and returns the request id. An invocation that fails is delivered again, up to
// Retries times, with the same request id and a higher x-fc-retry-count. After that it goes to the Destination.
func (p *Runtime) Send(inv Invocation) (requestID string) {
	return p.push(inv, true).RequestID
}

func (p *Runtime) push(inv Invocation, async bool) *ticket {
	t := &ticket{Invocation: inv, async: async, done: make(chan Result, 1)}
	if t.RequestID == "" {
		t.RequestID = newID()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enqueue(t)
	return t
}

func (p *Runtime) enqueue(t *ticket) {
	p.queue = append(p.queue, t)
	if p.more != nil {
		close(p.more)
		p.more = nil
	}
}

// Died tells the platform that the process has ended. The invocations that it was working on have failed.
func (p *Runtime) Died() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, t := range p.out {
		delete(p.out, id)
		p.settle(t, Result{RequestID: id, Err: errors.New("process exited unexpectedly during the invocation")})
	}
}

// Results returns the results of all invocations in their order, including failed attempts of asynchronous ones.
func (p *Runtime) Results() []Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.results)
}

// Destination returns the asynchronous invocations that failed for good.
func (p *Runtime) Destination() []Dead {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.dead)
}

// Pending returns the number of invocations that wait or run.
func (p *Runtime) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue) + len(p.out)
}

// Polls returns the number of requests for a next invocation.
func (p *Runtime) Polls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.polls
}

// Strays returns the requests that the Runtime API does not know, and the results of invocations that are not running.
// A correct function causes none.
func (p *Runtime) Strays() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.strays)
}

// ServeHTTP answers a function's requests.
func (p *Runtime) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ours := strings.CutPrefix(r.URL.Path, invocationPath)
	id, verb, _ := strings.Cut(rest, "/")
	poll := r.Method == http.MethodGet && rest == "next"
	result := r.Method == http.MethodPost && (verb == "response" || verb == "error")
	if !ours || !poll && !result {
		p.stray(w, r, "unknown request")
		return
	}
	if call := p.count(poll); p.Intercept != nil && p.Intercept(w, r, call) {
		return
	}
	if poll {
		p.next(w, r)
		return
	}
	p.take(w, r, id, verb == "response")
}

func (p *Runtime) count(poll bool) Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := &p.posts
	if poll {
		n = &p.polls
	}
	*n++
	return Call{Poll: poll, N: *n - 1}
}

func (p *Runtime) stray(w http.ResponseWriter, r *http.Request, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strays = append(p.strays, why+": "+r.Method+" "+r.URL.Path)
	http.Error(w, why, http.StatusNotFound)
}

// next holds a poll until there is an invocation, or the function hangs up.
func (p *Runtime) next(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		t, more := p.pop()
		if t != nil {
			t.handOut(w)
			return
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

func (p *Runtime) pop() (*ticket, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		if p.more == nil {
			p.more = make(chan struct{})
		}
		return nil, p.more
	}
	t := p.queue[0]
	p.queue = p.queue[1:]
	if p.out == nil {
		p.out = map[string]*ticket{}
	}
	p.out[t.RequestID] = t
	t.attempts++
	return t, nil
}

func (t *ticket) handOut(w http.ResponseWriter) {
	h := t.header()
	h.Set("x-fc-function-type", strconv.Itoa(int(t.Kind)))
	h.Set("x-fc-function-deadline", strconv.FormatInt(t.deadline().UnixMilli(), 10))
	h.Set("x-fc-retry-count", strconv.Itoa(t.attempts-1))
	h.Set("Content-Type", "application/octet-stream")
	if t.Edit != nil {
		t.Edit(h)
	}
	if t.Truncate {
		h.Set("Content-Length", strconv.Itoa(len(t.Payload)+1)) // net/http hangs up because the body is shorter
	}
	maps.Copy(w.Header(), h)
	_, _ = w.Write(t.Payload) // a function that has hung up loses the invocation, as on the real platform
}

func (p *Runtime) take(w http.ResponseWriter, r *http.Request, id string, ok bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "incomplete result", http.StatusBadRequest)
		return
	}
	result := Result{RequestID: id, OK: true, Body: body}
	if !ok {
		result = failed(id, body)
	}
	p.mu.Lock()
	t := p.out[id]
	if t != nil {
		delete(p.out, id)
		p.settle(t, result)
	}
	p.mu.Unlock()
	if t == nil {
		p.stray(w, r, "no such invocation is running")
	}
}

// settle records the result of one delivery.
func (p *Runtime) settle(t *ticket, r Result) {
	p.results = append(p.results, r)
	switch {
	case r.OK || !t.async:
		t.done <- r
	case t.attempts <= p.Retries:
		p.enqueue(t)
	default:
		p.dead = append(p.dead, Dead{RequestID: t.RequestID, Payload: t.Payload, Last: r, Attempts: t.attempts})
	}
}
