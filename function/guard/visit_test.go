package guard_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/simulator"
)

// TestVisited: the listener is called once for each partition, including those that fail. The report lists those that failed
// and those in which something was seen.
func TestVisited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.put(3)
	w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Account: own, Region: "cn-hangzhou"})
	var visits []string
	w.inv.OnVisit = func(v guard.Visit) {
		visits = append(visits, fmt.Sprintf("%s %s %d %t", v.Account, v.Region, v.Seen, v.Error != nil))
	}
	report := w.sweep(t, within(t, time.Minute))
	slices.Sort(visits)
	want := []string{"1111111111111111 cn-hangzhou 0 true", "1111111111111111 cn-shanghai 2 false", "9999999999999999 cn-hangzhou 0 false", "9999999999999999 cn-shanghai 0 false"}
	if !slices.Equal(visits, want) || len(report.Partitions) != 2 || report.Visited != len(want) {
		t.Errorf("visits %q, want %q", visits, want)
	}
}

// TestRequestersTakeTurns: the requests of a page are settled round by round, one of each requester in a round, the oldest
// first.
func TestRequestersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")
		w.Latency = 50 * time.Millisecond
		for i := range 60 {
			at := time.Now().Add(time.Duration(i-60) * time.Minute).Format(simulator.TimeFormat)
			requester := int64(stranger)
			if i == 57 || i == 59 {
				requester++
			}
			w.Put(request(fmt.Sprintf("pcc-%02d", i), requester, func(it *simulator.Item) { it.GmtCreate = at }))
		}
		w.sweep(t, within(t, time.Minute))
		var order []string
		for _, c := range w.Calls() {
			if c.Action == "RejectVpcPeerConnection" {
				order = append(order, c.InstanceID)
			}
		}
		// Five run at once, so these are the first five in any order.
		if first := slices.Sorted(slices.Values(order[:5])); len(order) != 60 || !slices.Equal(first, []string{"pcc-00", "pcc-01", "pcc-02", "pcc-57", "pcc-59"}) {
			t.Errorf("%d rejections, the first are those of %v", len(order), first)
		}
	})
}

// TestOurOwnRequestsAreIgnoredOnce: a request to an account that is not guarded is counted where its requester is, and one
// to a guarded account nowhere but there.
func TestOurOwnRequestsAreIgnoredOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	toStranger := func(i *simulator.Item) { i.AcceptingOwnerUID = stranger }
	w.Put(
		request("pcc-a", 1111111111111111, toStranger), request("pcc-b", 9999999999999999, toStranger),
		request("pcc-c", 9999999999999999, func(i *simulator.Item) { i.RegionID, i.AcceptingRegionID = "cn-shanghai", "cn-hangzhou" }),
	)
	if got := nonzero(w.sweep(t, within(t, time.Minute)).Counts); got != "ignored=2 rejected=1" {
		t.Errorf("got %s", got)
	}
}

// TestRejectionsThatDoNotEnd: requests that the API is busy with, as often as it is asked, hold up neither the others of their
// page nor those of the next one. Their requesters can make it so, by changing them all the time.
func TestRejectionsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")
		for i := range 150 {
			id := fmt.Sprintf("pcc-%03d", i)
			w.Put(request(id, stranger+int64(i), func(it *simulator.Item) {
				it.GmtCreate = time.Now().Add(time.Duration(i-200) * time.Minute).Format(simulator.TimeFormat)
			}))
			if i < 12 {
				w.Inject(simulator.Fault{Kind: simulator.Conflict, Action: "RejectVpcPeerConnection", Instance: id})
			}
		}
		start, last := time.Now(), time.Duration(0)
		w.inv.OnEntry = func(e guard.Entry) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if e.Outcome == guard.Rejected {
				last = time.Since(start)
			}
		}
		report := w.sweep(t, within(t, 2*time.Minute))
		if got := nonzero(report.Counts); got != "failed=12 rejected=138" || last > time.Minute || code(report.Connections[0]) != "OperationConflict" {
			t.Errorf("got %s, the last rejection after %v; %+v", got, last, report.Connections[0])
		}
	})
}
