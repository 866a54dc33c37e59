package guard_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/simulator"
)

// TestVisited: who listens hears of each partition once, of failed ones too.
func TestVisited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.put(3)
	w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Account: own, Region: "cn-hangzhou"})
	var heard []string
	w.inv.OnVisit = func(v guard.Visit) {
		heard = append(heard, fmt.Sprintf("%s %s %d %t", v.Account, v.Region, v.Seen, v.Error != nil))
	}
	report := w.sweep(t, within(t, time.Minute))
	slices.Sort(heard)
	want := []string{"1111111111111111 cn-hangzhou 0 true", "1111111111111111 cn-shanghai 2 false", "9999999999999999 cn-hangzhou 0 false", "9999999999999999 cn-shanghai 0 false"}
	if !slices.Equal(heard, want) || len(report.Partitions) != len(want) || report.Visited != len(want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}
