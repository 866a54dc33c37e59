package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

var now = time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)

// waiting returns the pending request of an account for a VPC.
func waiting(account peering.Account, vpc, name, expires string, outcome guard.Outcome) guard.Entry {
	return guard.Entry{
		InstanceID: "pcc-a", Name: name, Status: peering.Accepting, Expires: expires, Outcome: outcome,
		Requester: peering.Side{Account: account}, Accepter: peering.Side{Account: "1", Region: "cn-hangzhou", VPC: vpc},
	}
}

// TestPendingRequests: there is one row for each requester, with what it asks for and when the first request expires. Connections
// that are not pending do not count.
func TestPendingRequests(t *testing.T) {
	t.Parallel()
	entries := []guard.Entry{
		{Outcome: guard.Violation, Status: peering.Activated, Requester: peering.Side{Account: "3"}},
		waiting("2", "vpc-b", "urgent", "2026-11-25T10:30:00Z", guard.WouldReject),
		waiting("2", "vpc-a", "urgent", "2026-11-24T10:30:00Z", guard.WouldReject),
		waiting("2", "vpc-c", "", "soon", guard.WouldReject),
		waiting("4", "", "a, b", "", guard.WouldReject),
		waiting("2", "vpc-d", "other", "2026-11-30T22:00:00+08:00", guard.Allowed),
		{Outcome: guard.Rejected, Status: peering.Accepting, Requester: peering.Side{Account: "3"}},
	}
	rows, note := pendingRequests(entries, now)
	var got []string
	for _, r := range rows {
		var parts []string
		for _, tally := range r.Tallies {
			parts = append(parts, tally.Count()+" "+tally.Words())
		}
		got = append(got, fmt.Sprintf("%s: %s for %v and %d more, named %s, expires %q %q", r.Account, strings.Join(parts, ", "), r.Asked, r.More, r.Names, r.Expires, r.Left))
	}
	want := []string{
		`2: 3 would reject, 1 allowed for [{vpc-a cn-hangzhou} {vpc-b cn-hangzhou} {vpc-c cn-hangzhou}] and 1 more, named “other”, “urgent”, expires "2026-11-24 10:30 UTC" "in 12 hours"`,
		`4: 1 would reject for [{unknown cn-hangzhou}] and 0 more, named “a, b”, expires "" ""`,
	}
	if !slices.Equal(got, want) || note != "" {
		t.Errorf("got %q\nand the note %q", strings.Join(got, "\n"), note)
	}
	if rows[0].Key >= rows[1].Key {
		t.Error("a request that expires at an unknown time is sorted before one that is known")
	}
}

// TestManyRequesters: the table stays short. The accounts with the most requests are in it, and the note counts the others.
func TestManyRequesters(t *testing.T) {
	t.Parallel()
	var entries []guard.Entry
	for i := range 500 {
		entries = append(entries, waiting(peering.Account(fmt.Sprintf("%03d", i)), "vpc-a", "", "", guard.WouldReject))
	}
	entries = append(entries, waiting("499", "vpc-b", "", "", guard.WouldReject))
	rows, note := pendingRequests(entries, now)
	if len(rows) != maxAccounts || rows[0].Account != "499" || !strings.Contains(note, "480 other accounts") {
		t.Errorf("%d rows, the first is of %s, and the note is %q", len(rows), rows[0].Account, note)
	}
}

func TestLeft(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{
		-time.Second: "has passed", 0: "within an hour", 59 * time.Minute: "within an hour", time.Hour: "in 1 hour",
		47*time.Hour + 59*time.Minute: "in 47 hours", 48 * time.Hour: "in 2 days", 7 * 24 * time.Hour: "in 7 days",
	} {
		if got := left(now.Add(after), now); got != want {
			t.Errorf("after %v it is %q, want %q", after, got, want)
		}
	}
	if got := left(now, time.Time{}); got != "" {
		t.Errorf("nobody knows when the sweep was, and it is %q", got)
	}
}

// TestFold: partitions in which nothing was seen are folded and, where there are many, all that are without trouble. Those that
// failed or were left to another sweep never are.
func TestFold(t *testing.T) {
	t.Parallel()
	trouble := []visit{{Region: "failed", Error: &trouble{}}, {Region: "busy", Busy: true}}
	few := append(slices.Clone(trouble), visit{Region: "seen", Key: 7}, visit{Region: "empty"})
	many := slices.Concat(trouble, slices.Repeat([]visit{{Region: "seen", Key: 7}}, 30), []visit{{Region: "empty"}})
	for _, c := range []struct {
		all           []visit
		shown, folded int
		as            string
	}{
		{few, 3, 1, "1 partition in which nothing was seen"},
		{many, 2, 31, "31 partitions without trouble"},
		{nil, 0, 0, "0 partitions in which nothing was seen"},
	} {
		shown, folded, as := fold(c.all)
		if len(shown) != c.shown || len(folded) != c.folded || as != c.as {
			t.Errorf("of %d partitions %d are shown and %d folded as %q, want %d and %d as %q", len(c.all), len(shown), len(folded), as, c.shown, c.folded, c.as)
		}
	}
}

// TestVisited: where a connection was listed twice, the page says why the partitions list more than the sweep judged.
func TestVisited(t *testing.T) {
	t.Parallel()
	r := &guard.Report{Visited: 2, Partitions: []guard.Visit{{Seen: 30}, {Seen: 20}}}
	if got := visited(r, 50); strings.Contains(got, "listed for both") {
		t.Errorf("all add up, and the page says %q", got)
	}
	if got := visited(r, 49); !strings.Contains(got, "They list 50 connections and the sweep judged 49: ") {
		t.Errorf("the page says %q", got)
	}
}
