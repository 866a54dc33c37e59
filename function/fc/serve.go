// Package fc puts the two runtimes of Alibaba Cloud Function Compute that peerguard runs on behind one [Serve]:
// the Go runtime, through the loop of fc-runtime-go-sdk, and the custom runtime, as an HTTP server.
package fc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Handler handles one invocation. ctx ends at the invocation's deadline and not before: neither a stop of the process nor a
// platform that hangs up cancels it. The result is answered as JSON. An error (preferably an *[Error]) fails the
// invocation, and so does a panic; the next invocation is served all the same.
//
// A Handler is called concurrently. It must not leave a lock or a goroutine behind: between two invocations the platform
// freezes the process.
type Handler func(ctx context.Context, inv Invocation, payload []byte) (result any, err error)

// Config says where to serve, and where to report what Serve cannot return.
type Config struct {
	// RuntimeAPI is the address, host:port, of the Go runtime's API. If it is set, the other addresses are not used.
	RuntimeAPI string
	// Transport reaches the Runtime API. Nil means a direct connection.
	Transport http.RoundTripper

	// Listen is the custom runtime's address. Empty means 0.0.0.0:9000.
	Listen string
	// Listener is used instead of Listen if it is not nil. Serve closes it.
	Listener net.Listener

	// Log takes the lines around each invocation that the platform asks for, each in one Write. Nil means os.Stdout.
	// On the Go runtime the SDK writes them, always to os.Stdout.
	Log io.Writer
	// Warn is called with the *Error of every failed invocation, and with what goes wrong between this process and the
	// platform. requestID is empty if that concerns no single invocation. The errors never hold a secret or the value of a
	// panic. Warn may be called concurrently. Nil means that nobody is told.
	Warn func(requestID string, err error)

	// MaxPayload is the size in bytes above which an event is refused as InvalidEvent. Zero means 6 MiB.
	// Function Compute delivers up to 32 MiB, but EventBridge no more than 256 KiB.
	MaxPayload int64
	// Grace is how long after its deadline an invocation can still delay a stop, how long the bytes of an event may take to
	// arrive, and how long those of an answer may take to leave. Zero means 10 s.
	Grace time.Duration
}

// ConfigFromEnv returns the Config that the platform's variables ask for: FC_RUNTIME_API for the Go runtime, else the
// custom runtime on FC_CUSTOM_LISTEN_PORT, else FC_SERVER_PORT, else 9000. An empty variable counts as unset. lookup is
// os.LookupEnv or a function like it.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	if api, _ := lookup("FC_RUNTIME_API"); api != "" {
		return Config{RuntimeAPI: api}, checkAddress(api)
	}
	for _, name := range []string{"FC_CUSTOM_LISTEN_PORT", "FC_SERVER_PORT"} {
		if port, _ := lookup(name); port != "" {
			if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
				return Config{}, fmt.Errorf("reading %s: %q is not a port", name, port)
			}
			return Config{Listen: net.JoinHostPort("0.0.0.0", port)}, nil
		}
	}
	return Config{}, nil
}

// checkAddress makes sure that the SDK can build a request. If it cannot, its loop spins.
func checkAddress(api string) error {
	u, err := url.Parse("http://" + api + "/")
	if err != nil || u.Host != api || u.Hostname() == "" {
		return fmt.Errorf("reading FC_RUNTIME_API: %q is not host:port", api)
	}
	return nil
}

// Serve serves invocations until ctx is done, finishes those that are running, and returns nil. It returns an error if it
// cannot start, or if an invocation is still running [Config].Grace after its deadline.
//
// On the Go runtime it borrows the globals that the SDK uses: http.DefaultTransport (for the Runtime API's address only),
// the output of package log, and FC_RUNTIME_API. Only one such Serve may run at a time.
func Serve(ctx context.Context, cfg Config, h Handler) error {
	f := newFront(cfg, h)
	if f.RuntimeAPI != "" {
		return f.serveGo(ctx)
	}
	return f.serveCustom(ctx)
}

// front is what both runtimes share.
type front struct {
	Config
	handle   Handler
	flight   flight
	payloads payloads
	tickets  tickets    // of the Go runtime
	mu       sync.Mutex // held while writing to Log
}

func newFront(cfg Config, h Handler) *front {
	f := &front{Config: cfg, handle: h}
	if f.Listen == "" {
		f.Listen = "0.0.0.0:9000"
	}
	if f.Log == nil {
		f.Log = os.Stdout
	}
	if f.Warn == nil {
		f.Warn = func(string, error) {}
	}
	if f.MaxPayload == 0 {
		f.MaxPayload = defaultMaxPayload
	}
	f.payloads = newPayloads(f.MaxPayload)
	if f.Grace == 0 {
		f.Grace = 10 * time.Second
	}
	return f
}

// invoke runs one invocation and tells Warn if it failed.
func (f *front) invoke(ctx context.Context, inv Invocation, payload []byte) (json.RawMessage, *Error) {
	result, failure := f.call(ctx, inv, payload)
	if failure != nil {
		f.Warn(inv.RequestID, failure)
	}
	return result, failure
}

// call runs the handler and turns a panic into an error. The methods of the handler's result and error may panic as well.
func (f *front) call(ctx context.Context, inv Invocation, payload []byte) (result json.RawMessage, failure *Error) {
	defer func() {
		if recover() != nil {
			result, failure = nil, panicked()
		}
	}()
	v, err := f.handle(ctx, inv, payload)
	if err != nil {
		return nil, answer(err)
	}
	if result, err = json.Marshal(v); err != nil {
		return nil, answer(fmt.Errorf("marshalling the result: %w", err))
	}
	return result, nil
}

// print writes one line to Log. If that fails, there is nowhere to report it.
func (f *front) print(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _ = fmt.Fprintf(f.Log, format+"\n", args...)
}

// writer is an io.Writer that calls a function with each entry of a logger.
type writer func(entry string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

// oneLine returns what somebody else logged as an error of one line.
func oneLine(entry string) error { return errors.New(strings.Join(strings.Fields(entry), " ")) }
