package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"peerguard/function/acs"
	"peerguard/function/guard"
)

const (
	quiet = 30 * time.Second       // how long a sweep may run without a result before a message says so
	tick  = 250 * time.Millisecond // between two looks at what has changed
)

// progress shows how much of something is done: a line that changes on a terminal, nothing in a pipe.
type progress struct {
	terminal io.Writer // nil if stderr is not a terminal
	width    int       // that the line may have
	noun     string    // what is counted
	total    int
	traffic  func() acs.Traffic // nil if it is not shown
	note     *time.Timer
	over     chan struct{}

	mu     sync.Mutex
	done   int
	judged int    // connections
	line   string // on the terminal
}

func startProgress(out *console, noun string, total int) *progress {
	return startTraffic(out, noun, total, nil)
}

// startTraffic is startProgress for work that makes calls and judges connections.
func startTraffic(out *console, noun string, total int, traffic func() acs.Traffic) *progress {
	p := &progress{noun: noun, total: total, width: out.columns() - 1, traffic: traffic, over: make(chan struct{})}
	if out.stderrTTY {
		p.terminal = out.stderr
		p.draw()
		go p.watch()
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

// watch shows what changes without a result.
func (p *progress) watch() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-p.over:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// visited counts a partition. It is a guard.Invocation.OnVisit.
func (p *progress) visited(guard.Visit) { p.count() }

// judge counts a connection. It is a guard.Invocation.OnEntry.
func (p *progress) judge(guard.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judged++
}

// count counts one more.
func (p *progress) count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.draw()
}

// draw shows the line, if it has changed. The caller holds mu.
func (p *progress) draw() {
	line := p.text()
	if p.terminal == nil || line == p.line {
		return
	}
	fmt.Fprint(p.terminal, "\r"+line+strings.Repeat(" ", max(0, len(p.line)-len(line))))
	p.line = line
}

func (p *progress) text() string {
	line := fmt.Sprintf("%ss %d/%d", p.noun, p.done, p.total)
	if p.traffic != nil {
		t := p.traffic()
		line += fmt.Sprintf(", %s, %s", count(p.judged, "connection"), count(int(t.Sent), "call"))
		if t.Paced > 0 {
			line += ", paced by the API's quota"
		}
	}
	return line[:min(len(line), p.width)]
}

// stop removes the line.
func (p *progress) stop() {
	p.note.Stop()
	close(p.over)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.terminal = nil // a last tick may come
}

func (p *progress) clear() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r"+strings.Repeat(" ", len(p.line))+"\r")
		p.line = ""
	}
}
