package page

import (
	"cmp"
	"slices"

	"peerguard/function/guard"
	"peerguard/function/policy"
)

// kind is an outcome in a reader's words. The outcome is also the CSS class and the name of the sign. Each sign has its own
// shape, so that nobody needs to see colours.
type kind struct {
	Outcome guard.Outcome
	Label   string
	Means   string
}

// kinds are the outcomes, the most serious first.
var kinds = inWords(guard.Outcomes())

func inWords(outcomes []guard.Outcome) []kind {
	words := map[guard.Outcome][2]string{
		guard.Failed:      {"Failed", "No facts, no verdict or no confirmation"},
		guard.Violation:   {"Violation", "Connected, although the policy rejects it"},
		guard.NotReady:    {"Not ready", "Still being created; the next sweep will check it"},
		guard.Rejected:    {"Rejected", "Was pending, and has been rejected"},
		guard.WouldReject: {"Would reject", "Pending; a dry run does not reject it"},
		guard.Allowed:     {"Allowed", "The policy allows it"},
		guard.Closed:      {"Closed", "Rejected, expired or deleted earlier"},
		guard.Ignored:     {"Ignored", "Outside the guard's scope"},
	}
	all := make([]kind, len(outcomes))
	for i, o := range outcomes {
		all[i] = kind{o, words[o][0], words[o][1]}
	}
	return all
}

// rank returns the position of an outcome in kinds; an unknown one comes last.
func rank(o guard.Outcome) int {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.Outcome == o }); i >= 0 {
		return i
	}
	return len(kinds)
}

func kindOf(o guard.Outcome) kind {
	if i := rank(o); i < len(kinds) {
		return kinds[i]
	}
	return kind{Outcome: unknown, Label: bounded(string(o))}
}

// figure is a number in the summary.
type figure struct {
	kind
	Count string
	None  bool
}

// figures returns the counts of a report. It leaves out an outcome that cannot occur in the report's mode.
func figures(r *guard.Report) []figure {
	var all []figure
	for _, k := range kinds {
		n := r.Counts[k.Outcome]
		if n == 0 && (k.Outcome == guard.Rejected && r.Mode != policy.Enforce || k.Outcome == guard.WouldReject && r.Mode == policy.Enforce) {
			continue
		}
		all = append(all, figure{kind: k, Count: thousands(n), None: n == 0})
	}
	return all
}

// The states that a reader filters by.
const (
	pending   = "pending"
	connected = "connected"
	closed    = "closed"
	unknown   = "unknown"
)

func stateOf(e *guard.Entry) string {
	switch {
	case e.Outcome == guard.Rejected || e.Outcome == guard.Closed || e.Status.Closed():
		return closed
	case e.Outcome == guard.NotReady || e.Status.Pending():
		return pending
	case e.Status.Active():
		return connected
	}
	return unknown
}

// bySeriousness is a total order of entries: the most serious first, then by requester, then by accepter.
func bySeriousness(a, b guard.Entry) int {
	return cmp.Or(
		cmp.Compare(rank(a.Outcome), rank(b.Outcome)),
		cmp.Compare(a.Requester.Account, b.Requester.Account),
		cmp.Compare(a.Accepter.Account, b.Accepter.Account),
		cmp.Compare(a.Accepter.Region, b.Accepter.Region),
		cmp.Compare(a.Accepter.VPC, b.Accepter.VPC),
		cmp.Compare(a.InstanceID, b.InstanceID),
		cmp.Compare(a.Requester.VPC, b.Requester.VPC),
		cmp.Compare(a.Status, b.Status),
		cmp.Compare(a.Reason, b.Reason),
	)
}
