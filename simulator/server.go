package simulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"
)

// The limits of a request, in bytes. A longer body is cut off; a longer query is refused as front ends refuse it, without
// an error of the API.
const (
	maxBody  = 1 << 20
	maxQuery = 8 << 10
)

// ServeHTTP answers a request of any product; the parameters Version and Action say which one is meant.
// A fault that cuts the connection cuts it for real, with a TCP reset if there is a TCP connection.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, err := read(r)
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	a := c.exchange(r.Context(), m)
	switch a.cut {
	case hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case refused, reset:
		sever(w)
	default:
		a.write(w, r)
	}
}

// RoundTrip answers a request in process. It uses no socket, and no goroutine outlives the call, so it works inside a
// testing/synctest bubble. If a fault cuts the connection, RoundTrip returns the error that a real client would see.
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

// message is a request without the transport that carried it.
type message struct {
	method string
	path   string
	host   string
	query  string
	header http.Header
	body   []byte
}

// read copies what matters from a request and closes its body.
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

// answer is what the caller receives, and how it arrives.
type answer struct {
	status      int
	code        string // for the record; "" is success
	body        []byte
	contentType string // "": JSON
	ratelimit   string // X-Ratelimit-User-Api
	location    string
	cut         cut
	pace        time.Duration // how long the body takes to arrive
}

// cut says how an exchange breaks off.
type cut int

const (
	whole   cut = iota
	refused     // nobody listens
	reset       // the connection breaks without an answer
	hang        // there is never an answer
	short       // the body ends before its announced length
)

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), a.header())
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if _, err := io.Copy(flusher{w}, a.reader(r.Context())); err != nil {
		panic(http.ErrAbortHandler) // otherwise the answer would look complete
	}
}

// flusher sends each piece at once.
type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if fl, ok := f.w.(http.Flusher); ok {
		fl.Flush()
	}
	return n, err
}

// sever resets the connection of a request.
func sever(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // makes Close send a reset
	}
	_ = conn.Close()
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

// reader returns the body, at its pace and up to where it breaks off.
func (a answer) reader(ctx context.Context) io.Reader {
	switch {
	case a.cut == short:
		return io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), broken{})
	case a.pace > 0:
		return &slowBody{
			gone:  ctx.Done(),
			cause: func() error { return context.Cause(ctx) },
			rest:  a.body,
			size:  len(a.body)/slowPieces + 1,
			every: a.pace / slowPieces,
		}
	}
	return bytes.NewReader(a.body)
}

// broken is the end of a body that is too short.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// slowPieces is the number of pieces in which a slow body arrives.
const slowPieces = 8

// slowBody arrives piece by piece.
type slowBody struct {
	gone  <-chan struct{} // closed when the reader gives up
	cause func() error    // why it gave up
	rest  []byte
	size  int // of a piece
	every time.Duration
}

func (s *slowBody) Read(p []byte) (int, error) {
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
