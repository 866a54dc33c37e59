package guard_test

import (
	"fmt"
	"slices"
	"testing"
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
