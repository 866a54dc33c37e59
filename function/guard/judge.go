package guard

import (
	"fmt"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// step is what a judgement calls for.
type step int

const (
	settled step = iota // the entry's outcome stands
	wait                // still Creating: look again later
	reject              // pending, and the policy rejects it
)

// judge says what the facts of a connection call for. It is total and does nothing.
func (inv *Invocation) judge(c *peering.Connection, at time.Time) (Entry, step) {
	e := Entry{InstanceID: c.ID, Requester: c.Requester, Accepter: c.Accepter, Status: c.Status}
	if outcome, why := inv.outside(c); outcome != "" {
		e.Outcome, e.Reason = outcome, why
		return e, settled
	}
	if trouble := unreadable(c); trouble != nil {
		return e.fail(trouble), settled
	}
	if c.Status == peering.Creating {
		return e, wait
	}
	decision := inv.Policy.Decide(c, at)
	e.Decision, e.Rule, e.Reason = decision.Verdict, decision.Rule, decision.Reason()
	switch {
	case decision.Verdict == policy.Allow:
		e.Outcome = Allowed
	case c.Status.Active():
		e.Outcome = Violation
	default:
		return e, reject
	}
	return e, settled
}

// outside tells connections that are none of the guard's business, or no longer.
func (inv *Invocation) outside(c *peering.Connection) (Outcome, string) {
	switch accepter := c.Accepter.Account; {
	case accepter.Known() && !inv.guards(accepter):
		return Ignored, fmt.Sprintf("accepter %s is not a guarded account", accepter)
	case accepter.Known() && accepter == c.Requester.Account:
		return Ignored, "requester and accepter are the same account"
	case c.ManagedBy != "":
		return Ignored, "managed by " + c.ManagedBy
	case c.Status.Closed():
		return Closed, "already " + string(c.Status)
	}
	return "", ""
}

// unreadable tells facts that no verdict can stand on.
func unreadable(c *peering.Connection) *peering.Failure {
	switch {
	case !peering.ValidID(c.ID):
		return &peering.Failure{Code: codeNoConfirmation, Message: "the API lists a connection without a readable instance id", Retryable: true}
	case !c.Requester.Account.Known():
		return &peering.Failure{Code: codeUnknownOwner, Message: "the API does not say who requests"}
	case !c.Accepter.Account.Known():
		return &peering.Failure{Code: codeUnknownOwner, Message: "the API does not say who accepts"}
	case !c.Status.Pending() && !c.Status.Active() && c.Status != peering.Creating:
		return &peering.Failure{Code: codeUnknownStatus, Message: fmt.Sprintf("the API reports a status that is not documented: %.40q", c.Status)}
	}
	return nil
}

// fail gives the entry of a connection that could not be resolved.
func (e Entry) fail(f *peering.Failure) Entry {
	e.Outcome, e.Error, e.outOfTime = Failed, asError(f), f.Class == peering.OutOfTime
	if e.APIRequestID == "" {
		e.APIRequestID = f.RequestID
	}
	return e
}
