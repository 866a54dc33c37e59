package guard

import (
	"fmt"
	"strings"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// maxListed is how many connections, and how many partitions, a report lists at most.
const maxListed = 1_000

// Report is the result of one invocation, as README.md describes it.
type Report struct {
	Trigger     Trigger         `json:"trigger"`
	TriggerID   string          `json:"trigger_id"`
	RequestID   string          `json:"request_id"`
	Version     string          `json:"version"`
	Mode        policy.Mode     `json:"mode"`
	Policy      Applied         `json:"policy"`
	Ignored     string          `json:"ignored,omitempty"` // why an event is not about peering
	Counts      map[Outcome]int `json:"counts"`
	Connections []Entry         `json:"connections"`
	Partitions  []Visit         `json:"partitions"`
	Visited     int             `json:"visited"`  // partitions that a sweep began, listed here or not
	Complete    bool            `json:"complete"` // false if the deadline or the cap cut the work short

	cause  string // the first thing that went wrong
	broken int    // partitions with an error
	left   int    // partitions that the deadline left out
}

// Applied says exactly which policy was applied.
type Applied struct {
	Digest string            `json:"digest"`
	Files  map[string]string `json:"files,omitempty"`
}

// Visit is what a sweep saw of one partition.
type Visit struct {
	Account peering.Account `json:"account"`
	Region  string          `json:"region"`
	Seen    int             `json:"seen"` // connections listed
	Error   *Error          `json:"error,omitempty"`
}

// Unresolved is the error of an invocation that left something undone.
type Unresolved struct{ Message string }

// Error says how many of how many, and names the first cause.
func (u *Unresolved) Error() string { return u.Message }

// Err returns nil if everything is resolved. Otherwise the invocation must fail with the error, an *Unresolved, so that
// the platform tries again or alerts somebody.
func (r *Report) Err() error {
	unresolved := r.Counts[Failed]
	if r.Trigger == TriggerEvent {
		unresolved += r.Counts[NotReady]
	}
	if unresolved == 0 && r.broken == 0 && r.Complete {
		return nil
	}
	total := 0
	for _, n := range r.Counts {
		total += n
	}
	parts := []string{fmt.Sprintf("%d of %d connections unresolved", unresolved, total)}
	if r.broken > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d partitions failed", r.broken, r.Visited))
	}
	if r.left > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d partitions left when the deadline came", r.left, r.Visited+r.left))
	}
	return &Unresolved{strings.Join(parts, ", ") + ": " + r.cause}
}
