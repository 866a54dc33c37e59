package guard

import (
	"errors"
	"fmt"
	"strings"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Outcome is how the handling of one connection ended.
type Outcome string

// The outcomes. README.md says when each comes about.
const (
	Ignored     Outcome = "ignored"
	Closed      Outcome = "closed"
	Allowed     Outcome = "allowed"
	Rejected    Outcome = "rejected"
	WouldReject Outcome = "would_reject"
	Violation   Outcome = "violation"
	NotReady    Outcome = "not_ready"
	Failed      Outcome = "failed"
)

// gravity orders outcomes, the most serious first.
var gravity = []Outcome{Failed, Violation, NotReady, Rejected, WouldReject, Allowed, Closed, Ignored}

// maxListed is how many connections, and how many partitions, a report lists at most.
const maxListed = 1_000

// The codes that the guard itself gives to an Error.
const (
	codeNoConfirmation = "NoConfirmation"
	codeUnknownOwner   = "UnknownOwner"
	codeUnknownStatus  = "UnknownStatus"
	codeNotReady       = "NotReady"
	codeTooMany        = "TooManyRejections"
	codeDeadline       = "DeadlineExceeded"
)

// Trigger is what started an invocation.
type Trigger string

// The two producers of work.
const (
	TriggerEvent Trigger = "event"
	TriggerSweep Trigger = "sweep"
)

// listed are the outcomes of which a report lists the connections; a sweep's only counts those that need nobody.
func (t Trigger) listed() []Outcome {
	if t == TriggerSweep {
		return gravity[:5]
	}
	return gravity
}

// Report is the result of one invocation, as README.md describes it.
type Report struct {
	Trigger     Trigger         `json:"trigger"`
	TriggerID   string          `json:"trigger_id"`
	RequestID   string          `json:"request_id"`
	Mode        policy.Mode     `json:"mode"`
	Policy      Applied         `json:"policy"`
	Ignored     string          `json:"ignored,omitempty"` // why an event was none of the guard's business
	Counts      map[Outcome]int `json:"counts"`
	Connections []Entry         `json:"connections"`
	Partitions  []Visit         `json:"partitions"`
	Complete    bool            `json:"complete"` // false when the deadline or the cap cut the work short

	cause   string // the first thing that went wrong
	visited int    // partitions, listed or not
	broken  int    // partitions with an error
	left    int    // partitions that the deadline left out
}

// Applied tells exactly which policy was applied.
type Applied struct {
	Digest string            `json:"digest"`
	Files  map[string]string `json:"files,omitempty"`
}

// Entry is what happened to one connection.
type Entry struct {
	InstanceID   string         `json:"instance_id"`
	Requester    peering.Side   `json:"requester,omitzero"`
	Accepter     peering.Side   `json:"accepter,omitzero"`
	Status       peering.Status `json:"status,omitempty"` // the one that was judged
	Decision     policy.Verdict `json:"decision,omitempty"`
	Rule         string         `json:"rule,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Outcome      Outcome        `json:"outcome"`
	ClientToken  string         `json:"client_token,omitempty"`
	APIRequestID string         `json:"api_request_id,omitempty"`
	Error        *Error         `json:"error,omitempty"`

	outOfTime bool // the deadline came before an outcome
}

// Visit is what a sweep saw of one partition.
type Visit struct {
	Account peering.Account `json:"account"`
	Region  string          `json:"region"`
	Seen    int             `json:"seen"`
	Error   *Error          `json:"error,omitempty"`
}

// Error is why a connection or a partition is unresolved.
type Error struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// Unresolved is the error of an invocation that left something undone.
type Unresolved struct{ Message string }

// Error says how many of how many, and names the first cause.
func (u *Unresolved) Error() string { return u.Message }

// Err is nil when everything is resolved: what an invocation must answer, so that the platform tries again or tells
// somebody. Its dynamic type is *Unresolved.
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
		parts = append(parts, fmt.Sprintf("%d of %d partitions failed", r.broken, r.visited))
	}
	if r.left > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d partitions left when the deadline came", r.left, r.visited+r.left))
	}
	return &Unresolved{strings.Join(parts, ", ") + ": " + r.cause}
}

// failure gives what the cloud said, whatever the error is.
func failure(err error) *peering.Failure {
	if f, ok := errors.AsType[*peering.Failure](err); ok {
		return f
	}
	return &peering.Failure{Code: codeNoConfirmation, Message: err.Error()}
}

func asError(f *peering.Failure) *Error {
	return &Error{Code: f.Code, Message: f.Message, Retryable: f.Retryable}
}
