package simulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// maxBody is the largest request that is read.
const maxBody = 1 << 20

// RoundTrip answers a request in process: no socket, and no goroutine that outlives the call, so it can be used within
// a testing/synctest bubble. Whatever cuts a connection in a server comes back as the error that the client of a
// real connection would see.
func (c *Cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := read(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a := c.exchange(ctx, m)
	if a.cut == hang {
		<-ctx.Done()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	switch a.cut {
	case refused:
		return nil, netError("dial", "connect", syscall.ECONNREFUSED)
	case reset:
		return nil, netError("read", "read", syscall.ECONNRESET)
	default:
		return a.response(r), nil
	}
}

// read takes what counts from a request, and closes its body.
func read(r *http.Request) (message, error) {
	m := message{method: r.Method, path: r.URL.EscapedPath(), host: r.Host, query: r.URL.RawQuery, header: r.Header}
	if m.host == "" {
		m.host = r.URL.Host
	}
	if r.Body == nil {
		return m, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return m, fmt.Errorf("reading request: %w", err)
	}
	m.body = body
	return m, nil
}

func netError(op, call string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(call, errno)}
}

func (a answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        a.header(),
		Body:          io.NopCloser(a.reader(r.Context())),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}
}

func (a answer) header() http.Header {
	h := http.Header{"Content-Type": {"application/json;charset=utf-8"}}
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	if a.ratelimit != "" {
		h.Set("X-Ratelimit-User-Api", a.ratelimit)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	return h
}

// reader gives the body at its pace, as far as it goes.
func (a answer) reader(ctx context.Context) io.Reader {
	switch {
	case a.cut == short:
		return io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), broken{io.ErrUnexpectedEOF})
	case a.pace > 0:
		return &slow{gone: ctx.Done(), cause: func() error { return context.Cause(ctx) }, rest: a.body, size: len(a.body)/slowChunks + 1, every: a.pace / slowChunks}
	}
	return bytes.NewReader(a.body)
}

// broken is where a body ends too early.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// slowChunks is in how many pieces a slow body arrives.
const slowChunks = 8

// slow is a body that arrives piece by piece.
type slow struct {
	gone  <-chan struct{} // closed when the reader gives up
	cause func() error    // and why
	rest  []byte
	size  int
	every time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	t := time.NewTimer(s.every)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.gone:
		return 0, s.cause()
	}
	n := copy(p, s.rest[:min(s.size, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}
