package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"peerguard/function/guard"
	"peerguard/function/policy"
)

// row is a row of the table.
type row struct {
	kind
	Rank      int
	ID        string
	Name      string // that the requester gave it
	Requester side
	Own       side
	Status    string
	State     string
	Expires   string
	Rule      string
	Reason    string
	Error     *trouble
	Confirmed string // the API request id that confirms a rejection
}

// trouble is why something is unresolved.
type trouble struct{ Code, Message, Hint string }

// visit is a row of the table of partitions.
type visit struct {
	Account, Region, Seen string
	Key                   int // Seen as a number, to sort by
	Busy                  bool
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
		ID:        cmp.Or(bounded(e.InstanceID), "no id"),
		Name:      bounded(e.Name),
		Requester: newSide(e.Requester),
		Own:       newSide(e.Accepter),
		Status:    bounded(string(e.Status)),
		State:     stateOf(e),
		Expires:   expires(e),
		Rule:      bounded(e.Rule),
		Reason:    bounded(e.Reason),
		Error:     newTrouble(e.Error),
	}
	if e.Outcome == guard.Rejected {
		r.Confirmed = bounded(e.APIRequestID)
		r.Status = "was " + r.Status // it was judged with this status, and has another one now
	}
	return r
}

func newTrouble(e *guard.Error) *trouble {
	if e == nil {
		return nil
	}
	t := &trouble{Code: bounded(e.Code), Message: bounded(e.Message)}
	if e.Retryable {
		t.Hint = "may succeed later"
	}
	return t
}

// visits returns the partitions, those with an error first.
func visits(all []guard.Visit) []visit {
	list := make([]visit, len(all))
	for i, p := range slices.SortedStableFunc(slices.Values(all), byTrouble) {
		list[i] = visit{bounded(string(p.Account)), bounded(p.Region), thousands(p.Seen), p.Seen, p.Busy, newTrouble(p.Error)}
	}
	return list
}

// fewVisits is how many partitions a reader sees without asking for them.
const fewVisits = 20

// fold separates the partitions that only a reader who asks for them sees: those in which nothing was seen and, where there are
// many, those without trouble.
func fold(all []visit) (shown, folded []visit, as string) {
	quiet := func(v visit) bool { return v.Error == nil && !v.Busy && v.Key == 0 }
	as = "in which nothing was seen"
	if len(all) > fewVisits {
		quiet = func(v visit) bool { return v.Error == nil && !v.Busy }
		as = "without trouble"
	}
	for _, v := range all {
		if quiet(v) {
			folded = append(folded, v)
		} else {
			shown = append(shown, v)
		}
	}
	return shown, folded, count(len(folded), "partition") + " " + as
}

// visited says how many partitions a sweep visited, and why its connections may not add up. A report lists the partitions in
// which something was seen or went wrong.
func visited(r *guard.Report, judged int) string {
	if r.Visited == 0 {
		return "No partitions were visited."
	}
	seen := 0
	for _, p := range r.Partitions {
		seen += p.Seen
	}
	text := fmt.Sprintf("Visited %s. Those in which nothing was seen are not listed.", count(r.Visited, "partition"))
	if seen > judged {
		text += fmt.Sprintf(" They list %s and the sweep judged %s: a connection between two guarded accounts or regions is listed for both and judged once.",
			count(seen, "connection"), thousands(judged))
	}
	return text
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

// notices returns what matters, the worst first. There is always at least one.
func notices(r *guard.Report, visits []visit) []notice {
	var all []notice
	add := func(n int, sign guard.Outcome, title, text, link string) {
		if n > 0 {
			all = append(all, notice{sign, title, text, link})
		}
	}
	if err := r.Err(); err != nil {
		add(1, guard.Failed, "Not everything is resolved", strings.TrimSuffix(bounded(err.Error()), ": ")+".", "")
	}
	broken := 0
	for broken < len(visits) && visits[broken].Error != nil {
		broken++
	}
	add(broken, guard.Failed, count(broken, "partition")+" could not be listed",
		"Connections there may be missing from this page.", "#partitions")
	n := r.Counts[guard.Violation]
	add(n, guard.Violation, count(n, "violation"), "Connected, although the policy rejects it: delete the connection, or add a rule for it.", "#connections")
	n = r.Counts[guard.Rejected]
	add(n, guard.Rejected, count(n, "request")+" rejected", "Confirmed by the API.", "#connections")
	n = r.Counts[guard.WouldReject]
	add(n, guard.WouldReject, count(n, "pending request")+" would be rejected", "This was a dry run. They stay pending until they are rejected or expire.", "#pending")
	n = r.Counts[guard.NotReady]
	add(n, guard.NotReady, count(n, "request")+" not ready", "Still being created: the next sweep will check again.", "#pending")
	if r.Ignored != "" {
		add(1, guard.Ignored, "Ignored", bounded(r.Ignored)+".", "")
	}
	if len(all) == 0 {
		all = append(all, calm(r))
	}
	return all
}

// calm is the notice of a report without findings.
func calm(r *guard.Report) notice {
	text := "There are no foreign connections to judge."
	if n := r.Counts[guard.Allowed]; n > 0 {
		text = fmt.Sprintf("The policy allows %s and rejects none.", count(n, "foreign connection"))
	}
	return notice{guard.Allowed, "Nothing to do", text, ""}
}

// Enforced reports whether the sweep could reject. The template calls it.
func (v *view) Enforced() bool { return v.Mode == string(policy.Enforce) }
