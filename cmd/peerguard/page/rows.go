package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"peerguard/function/guard"
	"peerguard/function/policy"
)

// row is a line of the table.
type row struct {
	kind
	Rank      int
	ID        string
	Requester side
	Own       side
	Status    string
	State     string
	Rule      string
	Reason    string
	Error     *trouble
	Confirmed string // request id of the API that confirms a rejection
}

// trouble is why something is unresolved.
type trouble struct{ Code, Message, Hint string }

// visit is what was seen of one partition.
type visit struct {
	Account, Region, Seen string
	Key                   int // Seen, to sort by
	Error                 *trouble
}

func rows(entries []guard.Entry) []row {
	all := make([]row, len(entries))
	for i := range entries {
		all[i] = newRow(&entries[i])
	}
	return all
}

func newRow(e *guard.Entry) row {
	r := row{
		kind:      kindOf(e.Outcome),
		Rank:      rank(e.Outcome),
		ID:        cmp.Or(plain(e.InstanceID), "no id"),
		Requester: newSide(e.Requester),
		Own:       newSide(e.Accepter),
		Status:    plain(string(e.Status)),
		State:     stateOf(e),
		Rule:      plain(e.Rule),
		Reason:    plain(e.Reason),
		Error:     newTrouble(e.Error),
	}
	if e.Outcome == guard.Rejected {
		r.Confirmed = plain(e.APIRequestID)
		r.Status = "was " + r.Status // what was judged, not what it is now
	}
	return r
}

func newTrouble(e *guard.Error) *trouble {
	if e == nil {
		return nil
	}
	t := &trouble{Code: plain(e.Code), Message: plain(e.Message)}
	if e.Retryable {
		t.Hint = "may succeed later"
	}
	return t
}

// visits gives the partitions, those with an error first.
func visits(all []guard.Visit) []visit {
	list := make([]visit, len(all))
	for i, p := range slices.SortedStableFunc(slices.Values(all), byTrouble) {
		list[i] = visit{plain(string(p.Account)), plain(p.Region), thousands(p.Seen), p.Seen, newTrouble(p.Error)}
	}
	return list
}

func byTrouble(a, b guard.Visit) int {
	if broken := a.Error != nil; broken != (b.Error != nil) {
		if broken {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Seen, b.Seen))
}

// notice is a sentence at the top, with the sign and colour of an outcome.
type notice struct {
	Sign  guard.Outcome
	Title string
	Text  string
	Link  string // to the part of the page that says more, empty for none
}

// notices say what matters, the worst first. There is always one.
func notices(r *guard.Report, visits []visit) []notice {
	var all []notice
	add := func(n int, sign guard.Outcome, title, text, link string) {
		if n > 0 {
			all = append(all, notice{sign, title, text, link})
		}
	}
	if err := r.Err(); err != nil {
		add(1, guard.Failed, "Not everything is resolved", strings.TrimSuffix(plain(err.Error()), ": ")+".", "")
	}
	broken := 0
	for broken < len(visits) && visits[broken].Error != nil {
		broken++
	}
	add(broken, guard.Failed, count(broken, "partition")+" could not be listed",
		"What is in that account and region is not on this page, or not all of it.", "#partitions")
	n := r.Counts[guard.Violation]
	add(n, guard.Violation, count(n, "violation"), "Connected, although the policy rejects it: delete the connection, or add a rule for it.", "#connections")
	n = r.Counts[guard.Rejected]
	add(n, guard.Rejected, count(n, "request")+" rejected", "Confirmed by the API.", "#connections")
	n = r.Counts[guard.WouldReject]
	add(n, guard.WouldReject, count(n, "pending request")+" would be rejected", "This was a dry run. They wait until they are rejected, or expire.", "#connections")
	n = r.Counts[guard.NotReady]
	add(n, guard.NotReady, count(n, "request")+" not ready", "Still being created: the next sweep sees what becomes of it.", "#connections")
	if r.Ignored != "" {
		add(1, guard.Ignored, "None of the guard's business", plain(r.Ignored)+".", "")
	}
	if len(all) == 0 {
		all = append(all, calm(r))
	}
	return all
}

func calm(r *guard.Report) notice {
	if r.Counts[guard.Allowed] == 0 {
		return notice{guard.Allowed, "Nothing to do", "There is no connection that the policy would have to decide on.", ""}
	}
	what := "connection is"
	if r.Counts[guard.Allowed] > 1 {
		what = "connections are"
	}
	text := fmt.Sprintf("%s foreign %s allowed by the policy, and none is rejected by it.", thousands(r.Counts[guard.Allowed]), what)
	return notice{guard.Allowed, "Nothing to do", text, ""}
}

// Enforced is for the template: it marks a page of a sweep that changed something.
func (v *view) Enforced() bool { return v.Mode == string(policy.Enforce) }
