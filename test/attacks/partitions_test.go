package attacks_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// TestPartitionsThatHangStarveNoOthers: two regions of eleven do not answer in any of 100 accounts, and everything that is
// pending in the others is rejected in one sweep.
func TestPartitionsThatHangStarveNoOthers(t *testing.T) {
	t.Parallel()
	const accounts, regions = 100, 11
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(organisation(accounts, regions))
		w.Latency = 20 * time.Millisecond
		for region := range 2 {
			w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "ListVpcPeerConnections", Region: regionID(region)})
		}
		for account := 1; account < accounts; account++ {
			w.AddRole(simulator.Role{ARN: roleOf(account), TrustedAccounts: []peering.Account{platform.Account}})
			for region := 2; region < regions; region++ {
				it := requestIn(regionID(region), fmt.Sprintf("pcc-%d-%d", account, region), stranger)
				it.InstanceID = fmt.Sprintf("pcc-a%dr%d", account, region)
				it.AcceptingOwnerUID = member(account)
				w.Put(it)
			}
		}
		report, err := invoke(w.instance(), sweep("T1"), invocationTime)
		if want := (accounts - 1) * (regions - 2); err == nil || report.Counts[guard.Rejected] != want || report.Visited != accounts*regions {
			t.Errorf("%d of %d rejected, %d of %d partitions visited, error %v", report.Counts[guard.Rejected], want, report.Visited, accounts*regions, err)
		}
	})
}

// organisation is a policy that guards accounts, the first of which is the function's own, in regions.
func organisation(accounts, regions int) string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\nguard:\n  regions:\n")
	for region := range regions {
		fmt.Fprintf(&b, "    - %s\n", regionID(region))
	}
	b.WriteString("  accounts:\n")
	for account := 1; account < accounts; account++ {
		fmt.Fprintf(&b, "    - role: %s\n", roleOf(account))
	}
	return b.String() + "allow: []\n"
}

func regionID(n int) string { return fmt.Sprintf("cn-r%d", n) }

func member(n int) int64 { return 2_000_000_000_000_000 + int64(n) }

func roleOf(n int) string { return fmt.Sprintf("acs:ram::%d:role/peerguard", member(n)) }
