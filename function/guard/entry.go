package guard

import (
	"peerguard/function/peering"
	"peerguard/function/policy"
)

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

	Owner string `json:"-"` // of the rule that decided; for the log only

	outOfTime bool // the deadline came before an outcome
}

// entryOf returns the entry of a connection that has no outcome yet.
func entryOf(c *peering.Connection) Entry {
	return Entry{InstanceID: c.ID, Requester: c.Requester, Accepter: c.Accepter, Status: c.Status}
}

// fail returns the entry of a connection that could not be resolved.
func (e Entry) fail(f *peering.Failure) Entry {
	e.Outcome, e.Error, e.outOfTime = Failed, asError(f), f.Class == peering.OutOfTime
	if e.APIRequestID == "" {
		e.APIRequestID = f.RequestID
	}
	return e
}

// notReady returns the entry of a request that is still being created.
func (e Entry) notReady() Entry {
	e.Outcome = NotReady
	e.Error = &Error{Code: codeNotReady, Message: "the request is still being created", Retryable: true}
	return e
}

// confirmed returns the entry of a rejection that the API answered with success, which it never does to a dry run.
func (e Entry) confirmed(requestID string, dryRun bool) Entry {
	e.APIRequestID = requestID
	if dryRun {
		return e.fail(&peering.Failure{Code: codeNoConfirmation, Message: "the API answered a dry run as if it were none"})
	}
	e.Outcome = Rejected
	return e
}

// unread returns the entry of a connection that was judged, and then could not be read again.
func (e Entry) unread(err error) Entry {
	switch f := failure(err); {
	case f.Class == peering.Gone:
		return Entry{InstanceID: e.InstanceID, Requester: e.Requester, Accepter: e.Accepter, Status: e.Status, Outcome: Closed, Reason: "no longer there"}
	case f.Class == peering.OutOfTime && e.Status == peering.Creating:
		return e.notReady()
	default:
		return e.fail(f)
	}
}
