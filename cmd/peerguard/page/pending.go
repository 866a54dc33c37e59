package page

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

const (
	maxAccounts = 20 // that are shown one by one where there are many
	maxAsked    = 3  // VPCs that the table of pending requests lists of each, and names
)

// requester is a row of the table of pending requests: what one account asks for, and what the policy says about it.
type requester struct {
	Account, Path string
	Tallies       []tally // the most serious outcome first
	Asked         []asked // the first VPCs
	More          int     // VPCs that Asked leaves out
	Names         string  // that the requester gave its requests
	Expires       string  // when the first of the requests expires
	Left          string  // how long that is after the sweep
	Key           int64   // Expires as a number, to sort by

	worst, requests int
	first           time.Time // zero if no request says when it expires
	vpcs            map[place]bool
	names           map[string]bool
}

// asked is a VPC that somebody asks for.
type asked struct{ VPC, Region string }

// tally counts the pending requests of an account that have one outcome.
type tally struct {
	kind
	N int
}

// Count is the number as a reader sees it.
func (t tally) Count() string { return thousands(t.N) }

// Words is the outcome after a number: "2 allowed".
func (t tally) Words() string { return strings.ToLower(t.Label) }

// pendingRequests returns a row for each account that has pending requests, those with the most serious outcome first, and says
// how many rows are left out. The entries are sorted by seriousness.
func pendingRequests(entries []guard.Entry, now time.Time) (rows []*requester, note string) {
	known := map[peering.Account]*requester{}
	for i := range entries {
		e := &entries[i]
		if stateOf(e) != pending {
			continue
		}
		r := known[e.Requester.Account]
		if r == nil {
			r = newRequester(e)
			known[e.Requester.Account] = r
			rows = append(rows, r)
		}
		r.add(e)
	}
	slices.SortStableFunc(rows, func(a, b *requester) int {
		return cmp.Or(cmp.Compare(a.worst, b.worst), cmp.Compare(b.requests, a.requests), cmp.Compare(a.Account, b.Account))
	})
	if more := len(rows) - maxAccounts; more > 0 {
		note = "These are the " + count(maxAccounts, "account") + " with the most serious outcomes. " +
			"The table of connections has the pending requests of " + count(more, "other account") + "."
		rows = rows[:maxAccounts]
	}
	for _, r := range rows {
		r.finish(now)
	}
	return rows, note
}

func newRequester(e *guard.Entry) *requester {
	return &requester{
		Account: orUnknown(string(e.Requester.Account)),
		Path:    bounded(string(e.Requester.Path)),
		worst:   rank(e.Outcome),
		vpcs:    map[place]bool{},
		names:   map[string]bool{},
	}
}

func (r *requester) add(e *guard.Entry) {
	r.requests++
	if n := len(r.Tallies); n == 0 || r.Tallies[n-1].Outcome != e.Outcome {
		r.Tallies = append(r.Tallies, tally{kind: kindOf(e.Outcome)})
	}
	r.Tallies[len(r.Tallies)-1].N++
	r.vpcs[vpcOf(e.Accepter)] = true
	if e.Name != "" {
		r.names["“"+e.Name+"”"] = true
	}
	if at, err := time.Parse(time.RFC3339, e.Expires); err == nil && (r.first.IsZero() || at.Before(r.first)) {
		r.first = at
	}
}

func (r *requester) finish(now time.Time) {
	vpcs := slices.SortedFunc(maps.Keys(r.vpcs), place.compare)
	for _, p := range vpcs[:min(len(vpcs), maxAsked)] {
		r.Asked = append(r.Asked, asked{orUnknown(p.vpc), bounded(p.region)})
	}
	r.More = len(vpcs) - len(r.Asked)
	r.Names = listed(slices.Sorted(maps.Keys(r.names)), maxAsked)
	r.Key = math.MaxInt64 // last where requests are sorted
	if !r.first.IsZero() {
		r.Expires, r.Left, r.Key = minute(r.first), left(r.first, now), r.first.Unix()
	}
}

// expires returns when an entry's request expires, in the page's words where it is a time.
func expires(e *guard.Entry) string {
	at, err := time.Parse(time.RFC3339, e.Expires)
	if err != nil {
		return bounded(e.Expires)
	}
	return minute(at)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// left says how long it is from now until then: "in 3 days". It returns "" if now is the zero time.
func left(then, now time.Time) string {
	remains := then.Sub(now)
	switch hours := int(remains.Hours()); {
	case now.IsZero():
		return ""
	case remains < 0:
		return "has passed"
	case hours == 0:
		return "within an hour"
	case hours < 48:
		return "in " + count(hours, "hour")
	default:
		return "in " + count(hours/24, "day")
	}
}
