package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"peerguard/simulator/platform"
)

// function is a program on the Go runtime, with the platform's side of it in this process.
type function struct {
	*process
	api    platform.Runtime
	server *http.Server
	polled chan time.Time // when it first asked for an invocation
}

// startFunction starts a program and waits until it asks for an invocation.
func startFunction(ctx context.Context, path string, env ...string) (*function, time.Duration, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, fmt.Errorf("listening: %w", err)
	}
	f := &function{polled: make(chan time.Time, 1)}
	f.api.Intercept = f.notice
	f.server = &http.Server{Handler: &f.api, ReadHeaderTimeout: time.Minute}
	go f.server.Serve(l) //nolint:errcheck // ends when it is closed
	if f.process, err = startProcess(ctx, path, append(env, platform.GoEnv(l.Addr().String()))...); err != nil {
		return nil, 0, errors.Join(err, f.server.Close())
	}
	select {
	case at := <-f.polled:
		return f, at.Sub(f.started), nil
	case <-f.ended:
		return nil, 0, errors.Join(fmt.Errorf("%s ended before it asked for an invocation", path), f.server.Close())
	case <-time.After(30 * time.Second):
		f.stop()
		return nil, 0, fmt.Errorf("%s did not ask for an invocation", path)
	}
}

func (f *function) notice(_ http.ResponseWriter, _ *http.Request, call platform.Call) bool {
	if call.Poll && call.N == 0 {
		f.polled <- time.Now()
	}
	return false
}

// invoke runs one invocation and gives the time from its payload to its reply.
func (f *function) invoke(ctx context.Context, payload string) (time.Duration, []byte, error) {
	start := time.Now()
	r := f.api.Do(ctx, platform.Invocation{Payload: []byte(payload), Region: "cn-hangzhou", Timeout: time.Hour})
	took := time.Since(start)
	switch {
	case r.Err != nil:
		return took, nil, fmt.Errorf("invoking: %w", r.Err)
	case !r.OK:
		return took, nil, fmt.Errorf("invoking: %s: %s", r.ErrorType, r.ErrorMessage)
	}
	return took, r.Body, nil
}

// stop ends the process and the platform's side.
func (f *function) stop() {
	f.process.stop()
	_ = f.server.Close()
}
