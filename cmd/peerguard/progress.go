package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"peerguard/function/guard"
)

// quiet is how long a sweep may run without a result before a message says so.
const quiet = 30 * time.Second

// progress shows how much of something is done: a line that changes on a terminal, nothing in a pipe.
type progress struct {
	terminal io.Writer // nil if stderr is not a terminal
	noun     string    // what is counted
	total    int
	note     *time.Timer

	mu      sync.Mutex
	done    int
	columns int // width of the line
}

func startProgress(out *console, noun string, total int) *progress {
	p := &progress{noun: noun, total: total}
	if out.stderrTTY {
		p.terminal = out.stderr
		p.draw()
	}
	p.note = time.AfterFunc(quiet, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.done == 0 {
			p.clear()
			out.note("no %s is done after %v: the endpoint does not answer, or throttles; Ctrl-C stops and reports", noun, quiet)
			p.draw()
		}
	})
	return p
}

// visited counts a partition. It is a guard.Invocation.OnVisit.
func (p *progress) visited(guard.Visit) { p.count() }

// count counts one more.
func (p *progress) count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.draw()
}

func (p *progress) draw() {
	if p.terminal == nil {
		return
	}
	line := fmt.Sprintf("%ss %d/%d", p.noun, p.done, p.total)
	p.columns = len(line)
	fmt.Fprint(p.terminal, "\r"+line)
}

// stop removes the line.
func (p *progress) stop() {
	p.note.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r"+strings.Repeat(" ", p.columns)+"\r")
	}
}
