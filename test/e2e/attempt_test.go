package e2e_test

import (
	"encoding/json"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator/platform"
)

// attempt is one delivery under way, as the checker sees it.
type attempt struct {
	delivery
	began   time.Time
	pending []string // doomed connections in the sweep's scope that were pending when it began
	watch   *sweepWatch
}

// sweepWatch is one timer event, from its first delivery to the end of its last.
type sweepWatch struct {
	*sweep
	running int
	until   time.Time // zero while it runs
}

// begin notes an attempt, and the client tokens that it explains.
func (c *checker) begin(d delivery) *attempt {
	a := &attempt{delivery: d}
	c.mu.Lock()
	c.score.deliveries++
	for _, e := range d.Events {
		if s := c.subjects[e.About]; s != nil {
			for token := range explained(eventToken(e.ID), e.About) {
				s.tokens[token] = true
			}
		}
	}
	var candidates []string
	if d.Sweep != nil {
		a.watch = c.watch(d.Sweep)
		for _, in := range d.Sweep.Scope {
			for id := range c.open[in] {
				candidates = append(candidates, id)
			}
		}
	}
	c.mu.Unlock()
	for _, id := range candidates {
		if item, ok := c.cloud.Item(id); ok && item.Status == peering.Accepting {
			a.pending = append(a.pending, id)
		}
	}
	a.began = time.Now()
	return a
}

func (c *checker) watch(s *sweep) *sweepWatch {
	kept := c.sweeps[:0]
	var found *sweepWatch
	for _, w := range c.sweeps {
		if w.running > 0 || time.Since(w.until) < 2*grace {
			kept = append(kept, w)
		}
		if w.sweep == s {
			found = w
		}
	}
	c.sweeps = kept
	if found == nil || found.running == 0 {
		found = &sweepWatch{sweep: s}
		c.sweeps = append(c.sweeps, found)
	}
	found.running++
	return found
}

// end judges the answer of an attempt.
func (c *checker) end(a *attempt, r platform.Result) {
	if leaks := leaks(string(r.Body) + r.ErrorMessage); leaks != nil {
		c.complain(func(s *score) *int { return &s.leaks }, "the answer of an invocation holds %v", leaks)
	}
	if a.watch != nil {
		c.mu.Lock()
		a.watch.running--
		a.watch.until = time.Now()
		c.mu.Unlock()
	}
	if !r.OK {
		return // the platform knows: it tries again or tells somebody
	}
	var report guard.Report
	if err := json.Unmarshal(r.Body, &report); err != nil || a.Bad {
		c.complain(func(s *score) *int { return &s.lost }, "a false success: %.200q for %.200q", r.Body, a.Payload)
		return
	}
	if report.Mode != policy.Enforce {
		return
	}
	left := a.pending
	for _, e := range a.Events {
		if e.Honest {
			left = append(left, e.About)
		}
	}
	for _, id := range left {
		c.acknowledged(a, id, r)
	}
}

// acknowledged checks that an invocation that succeeded left no unknown request behind, unless the API lied to it.
func (c *checker) acknowledged(a *attempt, id string, r platform.Result) {
	item, exists := c.cloud.Item(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[id]
	if !exists || !pending(item) || s.fate != doomed || s.lied || a.Sweep != nil && c.stale[s.home].After(a.began) {
		return
	}
	c.blame(&c.score.lost, "%s is %s after an invocation that succeeded: %.300q answered %.300q", id, item.Status, a.Payload, r.Body)
}
