package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"peerguard/function/guard"
)

// quiet is how long a sweep may go without a word when nothing at all has come back.
const quiet = 30 * time.Second

// progress shows how far a sweep is: a bar on a terminal, nothing in a pipe.
type progress struct {
	bar  *progressbar.ProgressBar // nil: nobody looks
	seen atomic.Int64             // partitions done
	note *time.Timer
}

func startProgress(out *console, partitions int) *progress {
	p := &progress{}
	if out.stderrTTY {
		p.bar = progressbar.NewOptions(partitions, progressbar.OptionSetWriter(out.stderr), progressbar.OptionSetDescription("partitions"),
			progressbar.OptionShowCount(), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
		_ = p.bar.RenderBlank() // what cannot be drawn is not missed
	}
	p.note = time.AfterFunc(quiet, func() {
		if p.seen.Load() == 0 {
			fmt.Fprintf(out.stderr, "peerguard: no partition is done after %v: the endpoint does not answer, or throttles; Ctrl-C stops and reports\n", quiet)
		}
	})
	return p
}

// visited counts a partition. It is a guard.Invocation.OnVisit.
func (p *progress) visited(guard.Visit) {
	p.seen.Add(1)
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

func (p *progress) stop() {
	p.note.Stop()
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
