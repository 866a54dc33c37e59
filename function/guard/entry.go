package guard

import (
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Entry is what happened to one connection.
type Entry struct {
	InstanceID   string         `json:"instance_id"`
	Name         string         `json:"name,omitempty"` // that its requester gave it: untrusted text
	Requester    peering.Side   `json:"requester,omitzero"`
	Accepter     peering.Side   `json:"accepter,omitzero"`
	Status       peering.Status `json:"status,omitempty"`  // the one that was judged
	Expires      string         `json:"expires,omitempty"` // of a pending one, as the API writes it
	Decision     policy.Verdict `json:"decision,omitempty"`
	Rule         string         `json:"rule,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Outcome      Outcome        `json:"outcome"`
	ClientToken  string         `json:"client_token,omitempty"`
	APIRequestID string         `json:"api_request_id,omitempty"`
	Error        *Error         `json:"error,omitempty"`

	// For the log only.
	Owner  string      `json:"-"` // of the rule that decided
	Mode   policy.Mode `json:"-"` // of the policy that judged, "" if none has
	Digest string      `json:"-"` // of the same

	outOfTime bool // the deadline came before an outcome
	untouched bool // the deadline came before anything was done, so there is nothing to log
}

// entryOf returns the entry of a connection that has no outcome yet.
func entryOf(c *peering.Connection, rules *policy.Policy) Entry {
	e := Entry{
		InstanceID: c.ID, Name: c.Name, Requester: inFolders(c.Requester), Accepter: inFolders(c.Accepter), Status: c.Status,
		Mode: rules.Mode, Digest: rules.Digest,
	}
	if c.Status.Pending() {
		e.Expires = c.Expires
	}
	return e
}

// inFolders returns a side as an entry shows it: an account outside the directory has no folders to show.
func inFolders(s peering.Side) peering.Side {
	if s.Path == peering.Outside {
		s.Path = ""
	}
	return s
}

// decided returns the entry with what the policy decides.
func (e Entry) decided(d policy.Decision) Entry {
	e.Decision, e.Rule, e.Reason, e.Owner = d.Verdict, d.Rule, d.Reason(), d.Owner()
	return e
}

// managed returns the entry of a connection that another Alibaba Cloud service runs. It is left alone, but a pending one
// that the policy would reject keeps that verdict, for somebody to look at.
func (e Entry) managed(rules *policy.Policy, c *peering.Connection, at time.Time) Entry {
	e.Outcome, e.Reason = Ignored, "managed by "+c.ManagedBy
	if !c.Status.Pending() {
		return e
	}
	if d := rules.Decide(c, at); d.Verdict == policy.Reject {
		e = e.decided(d)
		e.Reason = "managed by " + c.ManagedBy + ", otherwise rejected: " + e.Reason
	}
	return e
}

// fail returns the entry of a connection that could not be resolved.
func (e Entry) fail(f *peering.Failure) Entry {
	e.Outcome, e.Error, e.outOfTime = Failed, asError(f), f.Class == peering.OutOfTime
	if e.APIRequestID == "" {
		e.APIRequestID = f.RequestID
	}
	return e
}

// late returns the entry of a connection for which there was no time: there is no work for it but the report.
func (e Entry) late(cause *Error) Entry {
	e.Outcome, e.Error, e.outOfTime, e.untouched = Failed, cause, true, true
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
		return Entry{
			InstanceID: e.InstanceID, Name: e.Name, Requester: e.Requester, Accepter: e.Accepter, Status: e.Status,
			Outcome: Closed, Reason: "no longer there", Mode: e.Mode, Digest: e.Digest,
		}
	case f.Class == peering.OutOfTime && e.Status == peering.Creating:
		return e.notReady()
	default:
		return e.fail(f)
	}
}
