package guard

// Outcome is how the handling of one connection ended.
type Outcome string

// The outcomes. README.md says when a connection has which.
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

// Outcomes returns all outcomes, the most serious first.
func Outcomes() []Outcome {
	return []Outcome{Failed, Violation, NotReady, Rejected, WouldReject, Allowed, Closed, Ignored}
}

// Trigger is what started an invocation.
type Trigger string

// The two triggers.
const (
	TriggerEvent Trigger = "event"
	TriggerSweep Trigger = "sweep"
)

// listed returns the outcomes whose connections a report lists. A sweep only counts those that need no attention.
func (t Trigger) listed() []Outcome {
	if t == TriggerSweep {
		return Outcomes()[:5]
	}
	return Outcomes()
}
