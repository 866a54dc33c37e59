package guard

import (
	"context"
	"fmt"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// step is what a judgement calls for.
type step int

const (
	stepNone    step = iota // the entry's outcome is final
	stepWait                // still Creating: look again later
	stepReject              // pending, and the policy rejects it
	stepRead                // the verdict hangs on a fact that is missing: read the connection once more
	stepAsk                 // the verdict hangs on where an account is: ask the directory
	stepRefused             // the API refused to reject what it had shown to be pending: look again
	stepChanged             // somebody else has handled the connection in the meantime, or the policy has changed: look again
)

// judge says what the facts of a connection call for under a policy. It is total and has no side effect. Unless proven, where the
// accounts are is taken from a list, on which nobody is rejected.
func (inv *Invocation) judge(rules *policy.Policy, c *peering.Connection, at time.Time, proven bool) (Entry, step) {
	e := entryOf(c, rules)
	if outcome, why := inv.outOfScope(rules, c); outcome != "" {
		e.Outcome, e.Reason = outcome, why
		return e, stepNone
	}
	if c.ManagedBy != "" {
		return e.managed(rules, c, at), stepNone
	}
	if trouble := missingFacts(c); trouble != nil {
		return e.fail(trouble), stepNone
	}
	if c.Status == peering.Creating {
		return e.notReady(), stepWait
	}
	d := rules.Decide(c, at)
	if !proven && d.Verdict != policy.Allow && rules.NamesFolders() {
		blank := withoutPaths(c)
		if doubt := rules.Decide(&blank, at); hangs(doubt) {
			return e.decided(doubt).fail(&peering.Failure{Code: codeDirectory, Message: doubt.Reason(), Retryable: true}), stepAsk
		}
	}
	switch e = e.decided(d); {
	case e.Decision == policy.Undecided:
		return e.fail(&peering.Failure{Code: codeUnknownFacts, Message: e.Reason, Retryable: true}), stepRead
	case e.Decision == policy.Allow:
		e.Outcome = Allowed
	case c.Status.Active():
		e.Outcome = Violation
	default:
		return e, stepReject
	}
	return e, stepNone
}

// judgeSurely judges a connection, and asks the directory if the verdict hangs on where an account is.
func (inv *Invocation) judgeSurely(ctx context.Context, rules *policy.Policy, c *peering.Connection) (Entry, step) {
	inv.place(ctx, rules, c)
	if _, err := inv.guarded(ctx, rules, c.Accepter.Account); err != nil {
		return entryOf(c, rules).fail(failure(err)), stepNone
	}
	entry, next := inv.judge(rules, c, time.Now(), false)
	if next != stepAsk {
		return entry, next
	}
	known, err := inv.proven(ctx, rules, c, time.Now())
	if err != nil {
		return entry.fail(failure(err)), stepNone
	}
	return inv.judge(rules, &known, time.Now(), true)
}

// outOfScope returns the outcome of a connection that the guard does not judge, or does not judge any more, and why.
func (inv *Invocation) outOfScope(rules *policy.Policy, c *peering.Connection) (Outcome, string) {
	switch accepter := c.Accepter.Account; {
	case accepter.Known() && !inv.guards(rules, accepter):
		return Ignored, fmt.Sprintf("accepter %s is not a guarded account", accepter)
	case accepter.Known() && accepter == c.Requester.Account:
		return Ignored, "requester and accepter are the same account"
	case c.Status.Closed():
		return Closed, "already " + string(c.Status)
	}
	return "", ""
}

// missingFacts returns why no verdict can be based on the facts, or nil if one can.
func missingFacts(c *peering.Connection) *peering.Failure {
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
