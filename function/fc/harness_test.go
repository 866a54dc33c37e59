package fc_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

// caller is the platform's side of either runtime.
type caller interface {
	Do(context.Context, platform.Invocation) platform.Result
	Invoke(context.Context, []byte) platform.Result
}

// served is a running fc.Serve.
type served struct {
	caller
	warned *warnings
	lines  *buffer // what the custom runtime prints
	stop   func() error
	url    string                                  // of the custom runtime's server, or of the Runtime API
	dial   func(context.Context) (net.Conn, error) // to the custom runtime's server
}

// onRuntime serves on the Go runtime. It changes globals, as Serve does: no two at a time.
func onRuntime(t *testing.T, h fc.Handler, cfg fc.Config, p *platform.Runtime) served {
	t.Helper()
	api := httptest.NewServer(p)
	t.Cleanup(api.Close)
	t.Setenv("FC_RUNTIME_API", "")
	cfg.RuntimeAPI = strings.TrimPrefix(api.URL, "http://")
	s := serve(t, cfg, h)
	s.caller, s.url = p, api.URL
	return s
}

// onCustom serves on the custom runtime.
func onCustom(t *testing.T, h fc.Handler, cfg fc.Config) served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener = l
	s := serve(t, cfg, h)
	s.caller, s.url = &platform.Custom{Addr: l.Addr().String()}, "http://"+l.Addr().String()
	s.dial = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	return s
}

// onPipes serves on the custom runtime without a network and, inside a synctest bubble, on synthetic time. A test with a short
// Grace needs that: Grace also bounds how long a request may take to arrive, which is never short on a busy machine.
func onPipes(t *testing.T, h fc.Handler, cfg fc.Config) served {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	cfg.Listener = l
	s := serve(t, cfg, h)
	s.dial = l.dial
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }}
	t.Cleanup(transport.CloseIdleConnections)
	s.caller = &platform.Custom{Addr: "function.test:9000", Client: &http.Client{Transport: transport}}
	return s
}

// pipes is a listener whose connections are pipes.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) dial(ctx context.Context) (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return mine, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept follows net.Listener.
func (l *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close follows net.Listener.
func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr follows net.Listener.
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func serve(t *testing.T, cfg fc.Config, h fc.Handler) served {
	t.Helper()
	s := served{warned: new(warnings), lines: new(buffer)}
	cfg.Warn, cfg.Log = s.warned.add, s.lines
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- fc.Serve(ctx, cfg, h) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = s.stop() })
	return s
}

// runtimes are both runtimes, for one test that has to hold on either.
var runtimes = map[string]func(*testing.T, fc.Handler, fc.Config) served{"go": onGo, "custom": onCustom}

// onGo serves on the Go runtime.
func onGo(t *testing.T, h fc.Handler, cfg fc.Config) served {
	t.Helper()
	return onRuntime(t, h, cfg, &platform.Runtime{})
}

// inBubble serves on the Go runtime without a network and, inside a synctest bubble, on synthetic time.
func inBubble(t *testing.T, h fc.Handler, p *platform.Runtime) served {
	t.Helper()
	t.Setenv("FC_RUNTIME_API", "")
	s := serve(t, fc.Config{RuntimeAPI: "runtime.test:80", Transport: p.Transport()}, h)
	s.caller = p
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if strays := p.Strays(); len(strays) > 0 {
			t.Errorf("strays: %q", strays)
		}
	})
	return s
}

// within is a context for what must not hang. It bounds, it does not measure.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// warnings records what Warn is told.
type warnings struct {
	mu  sync.Mutex
	got []string
}

func (w *warnings) add(id string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, fmt.Sprintf("%s: %v", id, err))
}

func (w *warnings) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.got...)
}

// buffer is a log that can be read while it is written. Each Write must be whole lines.
type buffer struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	pieces int
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !bytes.HasSuffix(p, []byte("\n")) || bytes.Count(p, []byte("\n")) != 1 {
		b.pieces++
	}
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
