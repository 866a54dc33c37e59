package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// maxListed is how many connections, and how many partitions, a report lists at most.
const maxListed = 1_000

// Report is the result of one invocation, as docs/reference.md describes it.
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
	Visited     int             `json:"visited"`             // partitions that a sweep began or found busy, listed here or not
	Errors      []Problem       `json:"errors,omitempty"`    // what concerns no single partition
	Directory   *Organisation   `json:"directory,omitempty"` // nil unless the policy names folders and the directory was read
	Complete    bool            `json:"complete"`            // false if the deadline or the cap cut the work short

	connection string // the first connection that failed, with its cause
	partition  string // the first partition that failed, with its cause
	code       string // of the first failure
	broken     int    // partitions with an error
	left       int    // partitions that the deadline left out
	partitions int    // of the sweep
}

// Applied says exactly which policy was applied. If the policy changed during the invocation, it is the last one.
type Applied struct {
	Digest string            `json:"digest"`
	Files  map[string]string `json:"files,omitempty"`
}

// Visit is what a sweep saw of one partition.
type Visit struct {
	Account peering.Account `json:"account"`
	Region  string          `json:"region"`
	Seen    int             `json:"seen"`           // connections listed
	Busy    bool            `json:"busy,omitempty"` // left to another sweep that is at work there
	Error   *Error          `json:"error,omitempty"`
	Pages   int             `json:"-"` // of the list
}

// Problem is why a sweep is not complete, if it concerns no single partition.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Organisation is the resource directory, as it was read last.
type Organisation struct {
	ID      string    `json:"id"`
	Members int       `json:"members"` // without the management account
	AsOf    time.Time `json:"as_of"`
}

// Unresolved is the error of an invocation that left something undone.
type Unresolved struct {
	Message string
	Code    string // of the first cause, as in the report
}

// Error says how many of how many, and names the first causes.
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
		parts = append(parts, fmt.Sprintf("%d of %d partitions failed", r.broken, r.partitions))
	}
	if r.left > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d partitions left when the deadline came", r.left, r.partitions))
	}
	var causes []string
	for _, p := range r.Errors {
		causes = append(causes, p.Code+": "+p.Message)
	}
	causes = append(causes, r.connection, r.partition)
	causes = slices.DeleteFunc(causes, func(cause string) bool { return cause == "" })
	message := strings.Join(parts, ", ")
	if len(causes) > 0 {
		message += ": " + strings.Join(causes, "; ")
	}
	return &Unresolved{Message: message, Code: r.causeCode()}
}

// causeCode returns the code of what went wrong first, with what concerns the whole sweep before anything else.
func (r *Report) causeCode() string {
	switch {
	case len(r.Errors) > 0:
		return r.Errors[0].Code
	case r.code != "":
		return r.code
	}
	return DeadlineExceeded
}
