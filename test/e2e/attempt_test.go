package e2e_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator/platform"
)

// attempt is one invocation of a function, as the checker sees it.
type attempt struct {
	delivery
	on      function
	began   time.Time
	ended   time.Time // zero while it runs
	pending []string  // doomed and moving connections in the sweep's scope that were pending when it began
}

// mayWork reports whether the attempt may have been at work at a time. Calls lag: the platform gives up on an invocation
// before the process does.
func (a *attempt) mayWork(at time.Time) bool {
	return a.ended.IsZero() || at.Before(a.ended.Add(grace))
}

// begin notes an attempt, and the client tokens that it explains.
func (c *checker) begin(d delivery, on function) *attempt {
	a := &attempt{delivery: d, on: on}
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
		c.forgetSweeps()
		c.sweeps = append(c.sweeps, a)
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
	c.mu.Lock()
	defer c.mu.Unlock()
	a.began = time.Now()
	return a
}

// forgetSweeps forgets the sweeps that can no longer explain anything. The caller holds the lock.
func (c *checker) forgetSweeps() {
	c.sweeps = slices.DeleteFunc(c.sweeps, func(a *attempt) bool { return !a.mayWork(time.Now().Add(-grace)) })
}

// answer is what the checker reads of a report.
type answer struct {
	Mode        policy.Mode `json:"mode"`
	Connections []struct {
		ID      string        `json:"instance_id"`
		Outcome guard.Outcome `json:"outcome"`
	} `json:"connections"`
	Partitions []struct {
		Account peering.Account `json:"account"`
		Region  string          `json:"region"`
		Busy    bool            `json:"busy"` // left to another sweep on the same instance
	} `json:"partitions"`
}

// outcome returns what the report says of a connection, "" if nothing.
func (r *answer) outcome(id string) guard.Outcome {
	for _, c := range r.Connections {
		if c.ID == id {
			return c.Outcome
		}
	}
	return ""
}

// end judges the answer of an attempt.
func (c *checker) end(a *attempt, r platform.Result) {
	if leaks := leaks(string(r.Body) + r.ErrorMessage); leaks != nil {
		c.complain(func(s *score) *int { return &s.leaks }, "the answer of an invocation holds %v", leaks)
	}
	c.mu.Lock()
	a.ended = time.Now()
	c.mu.Unlock()
	if !r.OK {
		return // the platform knows: it tries again or tells somebody
	}
	var report answer
	if err := json.Unmarshal(r.Body, &report); err != nil || a.Bad {
		c.complain(func(s *score) *int { return &s.lost }, "a false success: %.200q for %.200q", r.Body, a.Payload)
		return
	}
	if report.Mode != policy.Enforce {
		return
	}
	left := c.notBusy(a, &report)
	for _, e := range a.Events {
		if e.Honest {
			left = append(left, e.About)
		}
	}
	for _, id := range left {
		if report.outcome(id) != guard.WouldReject { // the policy may be edited to dry-run in the middle
			c.acknowledged(a, id, &report)
		}
	}
}

// notBusy returns the connections that were pending when a sweep began, without those in partitions that it left to
// another sweep. That other sweep answers for them, and must exist.
func (c *checker) notBusy(a *attempt, report *answer) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	busy := map[peering.Partition]bool{}
	for _, p := range report.Partitions {
		in := peering.Partition{Account: p.Account, Region: p.Region}
		if busy[in] = p.Busy; p.Busy && !c.sweptByAnother(a, in) {
			c.blame(&c.score.lost, "%v was left to another sweep, but there was none: %.300q", in, a.Payload)
		}
	}
	return slices.DeleteFunc(a.pending, func(id string) bool { return busy[c.subjects[id].home] })
}

// sweptByAnother reports whether another sweep of the partition was at work on the same instance. The caller holds the lock. The
// member without a role comes and goes, so that no scope lists it: whoever sweeps the function's own account may sweep it as well.
func (c *checker) sweptByAnother(a *attempt, in peering.Partition) bool {
	if in.Account == accountOf(hollow) {
		in.Account = own
	}
	return slices.ContainsFunc(c.sweeps, func(other *attempt) bool {
		return other != a && other.on == a.on && other.mayWork(a.began) && slices.Contains(other.Sweep.Scope, in)
	})
}

// acknowledged checks that an invocation that succeeded left no unknown request behind, unless the API lied to it.
func (c *checker) acknowledged(a *attempt, id string, r *answer) {
	item, exists := c.cloud.Item(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subjects[id]
	wanted := s.fate == doomed || s.fate == moving && !c.was(true, s.by, time.Now())
	if !exists || !pending(item) || !wanted || s.lied || a.Sweep != nil && c.stale[s.home].After(a.began) {
		return
	}
	said := r.outcome(id)
	what := fmt.Sprintf("%s is %s after an invocation that succeeded and said %q of it: %.300q", id, item.Status, said, a.Payload)
	if said == guard.Allowed { // a policy that was cut off may have lacked the end of an allow rule
		c.suspects = append(c.suspects, suspect{at: a.ended, lost: true, what: what})
		return
	}
	c.blame(&c.score.lost, "%s", what)
}
