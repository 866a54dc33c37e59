package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"peerguard/simulator/platform"
)

// process is one of the programs at work. Its output is only counted.
type process struct {
	cmd     *exec.Cmd
	printed counter
	started time.Time
	ended   chan struct{}
}

// startProcess starts a program with these variables, PATH and HOME.
func startProcess(ctx context.Context, path string, env ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path), ended: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.printed, os.Stderr
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // its exit code does not matter here
	}()
	return p, nil
}

// counter counts the bytes that are written to it.
type counter struct{ atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}

// stop ends the process, by force if it takes too long.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// cpu returns the processor time that the process has used so far.
func (p *process) cpu() (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ, which every Linux shows to programs as 100
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may contain anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading processor time: %d fields", len(fields))
	}
	var total time.Duration
	for _, field := range fields[11:13] { // utime and stime, see proc_pid_stat(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading processor time: %w", err)
		}
		total += time.Duration(n) * tick
	}
	return total, nil
}

// memory is what a process holds, in bytes.
type memory struct {
	resident int // now
	own      int // the part that is not pages of its file, which the kernel caches
	peak     int // of what was resident
}

func (p *process) memory() (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return memory{}, fmt.Errorf("reading memory: %w", err)
	}
	var m memory
	for line := range strings.Lines(string(text)) {
		var name string
		var kib int
		if n, _ := fmt.Sscanf(line, "%s %d kB", &name, &kib); n < 2 {
			continue
		}
		switch name { // see proc_pid_status(5)
		case "VmRSS:":
			m.resident = kib << 10
		case "RssAnon:":
			m.own = kib << 10
		case "VmHWM:":
			m.peak = kib << 10
		}
	}
	return m, nil
}

// function is a program on the Go runtime. The platform's side of it is in this process.
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

// invoke runs one invocation and returns the time from its payload to its reply.
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
