package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one of the programs at work. What it prints is read and thrown away, as somebody reads a function's logs.
type process struct {
	cmd     *exec.Cmd
	started time.Time
	ended   chan struct{}
}

// startProcess starts a program with these variables and no others.
func startProcess(ctx context.Context, path string, env ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, path), ended: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, os.Stderr
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // it is stopped, and how it takes that does not matter here
	}()
	return p, nil
}

// stop ends the process, for good after a while.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// cpu is the time that the process has spent on a processor so far.
func (p *process) cpu() (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ, 100 on every Linux for the eyes of programs
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading processor time: %d fields", len(fields))
	}
	var total time.Duration
	for _, field := range fields[11:13] { // utime and stime: see the manual page proc_pid_stat
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
	own      int // of that, without the pages of its file, which are the kernel's cache
	peak     int // the most that was ever resident
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
		switch name { // see the manual page proc_pid_status
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
