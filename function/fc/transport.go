package fc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const invocationPath = "/2020-11-11/runtime/invocation/"

const (
	firstPause = 100 * time.Millisecond // after a failed call of the Runtime API; doubled with each further one
	longPause  = 5 * time.Second
	quiet      = time.Minute // between two warnings about the same trouble
	postTries  = 5
	postWait   = 5 * time.Second // for the Runtime API to take a result, each try
)

// transport stands between the SDK and the Runtime API and does what the SDK does not: it waits between failed polls, makes
// sure that the SDK can read each invocation, sends a result again that did not arrive, counts what is in flight, and ends
// the SDK's loop.
type transport struct {
	*front
	api http.RoundTripper
}

// until returns the http.RoundTripper for the SDK. It fetches no further invocation once ctx is done, and passes on requests
// to other hosts. A poll returns an invocation, never an error: after the last one it ends the calling goroutine, which is
// the SDK's loop and cannot be ended in any other way.
func (t *transport) until(ctx context.Context) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		call, ours := strings.CutPrefix(r.URL.Path, invocationPath)
		if r.URL.Host != t.RuntimeAPI || !ours {
			return nil, http.ErrSkipAltProtocol
		}
		if r.Method == http.MethodPost {
			defer t.flight.end()
			id, _, _ := strings.Cut(call, "/")
			if err := t.post(r, id); err != nil {
				return nil, err
			}
			return taken(r), nil
		}
		resp := t.poll(ctx, r)
		if resp == nil {
			runtime.Goexit()
		}
		return resp, nil
	})
}

// roundTripper is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip follows http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// poll asks for the next invocation until there is one. It returns nil if ctx ends first.
func (t *transport) poll(ctx context.Context, r *http.Request) *http.Response {
	pause, warned := firstPause, time.Time{}
	for ctx.Err() == nil {
		resp, err := t.next(ctx, r)
		if resp != nil {
			return resp
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		if now := time.Now(); now.Sub(warned) >= quiet {
			warned = now
			t.Warn("", fmt.Errorf("polling the runtime API, will try again: %w", err))
		}
		sleep(ctx, pause)
		pause = min(2*pause, longPause)
	}
	return nil
}

// next makes one poll and returns a response that the SDK can read. If it returns neither a response nor an error, there was
// an invocation, and it has been answered already.
func (t *transport) next(ctx context.Context, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, err := t.api.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	id := resp.Header.Get(headerRequestID)
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", resp.StatusCode)
	}
	if id == "" || url.PathEscape(id) != id {
		return nil, errors.New("answered without a usable request id")
	}
	until := t.mend(id, resp.Header)
	t.flight.begin(until)
	tooSlow := time.AfterFunc(t.Grace, cancel)
	defer tooSlow.Stop()
	payload, failure := t.payloads.read(resp.Body, resp.ContentLength)
	if failure == nil && !isHook(resp.Header) {
		payload, failure = t.ticket(ctx, until, payload)
	}
	if failure != nil {
		t.refuse(r, id, failure)
		return nil, nil
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(payload)), int64(len(payload))
	return resp, nil
}

// ticket waits until there is room for an event and returns its ticket. handleGo gives both back. A stop does not cut the
// wait short: the invocation has begun.
func (t *transport) ticket(ctx context.Context, until time.Time, payload []byte) ([]byte, *Error) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), until)
	defer cancel()
	if failure := t.payloads.admit(ctx, int64(len(payload))); failure != nil {
		return nil, failure
	}
	return []byte(t.tickets.issue(payload)), nil
}

// mend makes the headers readable for the SDK, which never answers an invocation if it cannot read the deadline, timeout,
// retry count or baggage. The last two are dropped: nothing here uses them.
func (t *transport) mend(id string, h http.Header) (until time.Time) {
	until = deadline(h, time.Now())
	ms, s := strconv.FormatInt(until.UnixMilli(), 10), strconv.Itoa(int(timeout(h)/time.Second))
	if h.Get(headerDeadline) != ms || h.Get(headerTimeout) != s {
		t.Warn(cleanID(id), fmt.Errorf("reading the invocation: no deadline or no timeout, assuming %s", until.UTC().Format(time.RFC3339)))
	}
	h.Set(headerDeadline, ms)
	h.Set(headerTimeout, s)
	h.Del("X-Fc-Retry-Count")
	h.Del("X-Fc-Tracing-Opentracing-Span-Baggages")
	return until
}

// refuse answers an invocation that the SDK must not see.
func (t *transport) refuse(poll *http.Request, id string, cause *Error) {
	defer t.flight.end()
	t.Warn(cleanID(id), cause)
	body := cause.body()
	r := poll.Clone(poll.Context())
	r.Method, r.URL.Path = http.MethodPost, invocationPath+id+"/error"
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	_ = t.post(r, id) // it has reported a failure
}

// post sends a result until the Runtime API has taken it, a few times at most. A stop does not cut it short. A lost result
// is reported here, while the invocation still counts as running: the SDK may be too late.
func (t *transport) post(r *http.Request, id string) error {
	pause := firstPause
	for try := 1; ; try++ {
		again, err := t.postOnce(r)
		if err == nil {
			return nil
		}
		if !again || try == postTries {
			t.Warn(cleanID(id), fmt.Errorf("sending the result, which is lost: %w", err))
			return err
		}
		sleep(r.Context(), pause)
		pause = min(2*pause, longPause)
	}
}

// postOnce reports whether a failed try is worth another.
func (t *transport) postOnce(r *http.Request) (again bool, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), postWait)
	defer cancel()
	try := r.Clone(ctx)
	if try.Body, err = r.GetBody(); err != nil {
		return false, err
	}
	resp, err := t.api.RoundTrip(try)
	if err != nil {
		return true, err
	}
	_ = resp.Body.Close() // only its status counts
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode >= 500, fmt.Errorf("answered %d", resp.StatusCode)
	}
	return false, nil
}

// taken returns the one answer to a result that the SDK understands.
func taken(r *http.Request) *http.Response {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
