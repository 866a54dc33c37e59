package fc

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"peerguard/function/peering"
)

// The custom runtime: the platform sends each invocation as a request to this process
// (https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/event-handlers-1).

// serveCustom listens before anything else: the platform is waiting for the port.
func (f *front) serveCustom(ctx context.Context) error {
	l := f.Listener
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", f.Listen); err != nil {
			return fmt.Errorf("listening for invocations: %w", err)
		}
	}
	srv := &http.Server{
		Handler:           f,
		ReadHeaderTimeout: f.Grace,
		// No ReadTimeout: it would run out during a long invocation. No IdleTimeout: the platform reuses connections.
		ErrorLog: log.New(writer(func(entry string) { f.Warn("", oneLine(entry)) }), "", 0),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving invocations: %w", err)
	case <-ctx.Done():
		return f.stopCustom(context.WithoutCancel(ctx), srv)
	}
}

// stopCustom stops accepting, lets running invocations finish, and then waits for the answers to leave.
func (f *front) stopCustom(ctx context.Context, srv *http.Server) error {
	leaving, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- srv.Shutdown(leaving) }()
	err := f.flight.drain(f.Grace)
	grace := f.Grace
	if err != nil {
		grace = 0
	}
	giveUp := time.AfterFunc(grace, cancel)
	defer giveUp.Stop()
	if <-closed != nil {
		_ = srv.Close() // no connection that is left has an invocation worth waiting for
	}
	return err
}

// ServeHTTP answers the platform's three requests and refuses any other.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	routes := map[string]string{"/invoke": http.MethodPost, "/initialize": http.MethodPost, "/pre-stop": http.MethodGet}
	switch method, known := routes[r.URL.Path]; {
	case !known:
		f.fail(w, http.StatusNotFound, &Error{Message: "no such path", Type: Unresolved})
	case method != r.Method:
		w.Header().Set("Allow", method)
		f.fail(w, http.StatusMethodNotAllowed, &Error{Message: "method not allowed", Type: Unresolved})
	case r.URL.Path == "/invoke":
		f.serveInvoke(w, r)
	default:
		f.succeed(w, nil)
	}
}

func (f *front) serveInvoke(w http.ResponseWriter, r *http.Request) {
	inv := customInvocation(r.Header)
	until := deadline(r.Header, time.Now())
	f.flight.begin(until)
	defer f.flight.end()
	f.print("FC Invoke Start RequestId: %s", inv.RequestID)
	result, failure := f.receive(w, r, inv, until)
	f.print("FC Invoke End RequestId: %s", inv.RequestID)
	if failure != nil {
		f.fail(w, http.StatusNotFound, failure)
		return
	}
	f.succeed(w, result)
}

// receive reads the event and runs the invocation. If the platform hangs up, the invocation goes on: no other event may
// ever announce the request.
func (f *front) receive(w http.ResponseWriter, r *http.Request, inv Invocation, until time.Time) (json.RawMessage, *Error) {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(r.Context()), until)
	defer cancel()
	if failure := f.payloads.admit(ctx, r.ContentLength); failure != nil {
		f.Warn(inv.RequestID, failure)
		return nil, failure
	}
	defer f.payloads.release(r.ContentLength)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(f.Grace)) // net/http clears it at the end of the body
	payload, failure := f.payloads.read(r.Body, r.ContentLength)
	if failure != nil {
		f.Warn(inv.RequestID, failure)
		return nil, failure
	}
	return f.invoke(ctx, inv, payload)
}

func customInvocation(h http.Header) Invocation {
	return newInvocation(h.Get(headerRequestID), h.Get(headerAccount), h.Get(headerRegion),
		peering.NewCredentials(h.Get(headerAccessKeyID), h.Get(headerAccessKeySecret), h.Get(headerSecurityToken)))
}

func (f *front) succeed(w http.ResponseWriter, body []byte) {
	w.Header().Set("X-Fc-Status", "200")
	f.reply(w, http.StatusOK, body)
}

func (f *front) fail(w http.ResponseWriter, status int, e *Error) {
	w.Header().Set("X-Fc-Status", "404")
	f.reply(w, status, e.body())
}

// reply writes an answer. If the platform has gone or does not read, the answer is lost and nothing else is.
func (f *front) reply(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(f.Grace))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, with that content type
}
