package attacks_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

const capped = `version: 1
mode: enforce
guard:
  regions: [cn-shanghai, cn-hangzhou]
  max_requesters: 20
reject:
  - name: phisher
    accounts: ["3333333333333333"]
allow: []
`

// TestOneRequesterDoesNotReachTheCap, however many requests it makes.
func TestOneRequesterDoesNotReachTheCap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(capped)
		w.flood(100, "cn-hangzhou")
		w.Put(requestIn("cn-shanghai", "pcc-stranger", stranger), requestIn("cn-shanghai", "pcc-phisher", phisher))
		report, err := invoke(w.instance(), sweep("T1"), invocationTime)
		if err != nil || report.Counts[guard.Rejected] != 102 {
			t.Errorf("%v: %v", err, report.Counts)
		}
		wantStatus(t, w, "pcc-stranger", peering.Rejected)
		wantStatus(t, w, "pcc-phisher", peering.Rejected)
	})
}

// TestACrowdDoesNotHoldOffANamedRule: many requesters reach the cap, which protects none that a reject rule names.
func TestACrowdDoesNotHoldOffANamedRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(capped)
		for i := range 25 {
			w.Put(requestIn("cn-hangzhou", fmt.Sprintf("pcc-crowd%d", i), stranger+10+int64(i)))
		}
		w.Put(requestIn("cn-shanghai", "pcc-phisher", phisher))
		report, err := invoke(w.instance(), sweep("T1"), invocationTime)
		if wantStatus(t, w, "pcc-phisher", peering.Rejected); err == nil || report.Complete {
			t.Errorf("a sweep that held requests back: complete %t, error %v", report.Complete, err)
		}
		wantStatus(t, w, "pcc-crowd0", peering.Accepting)
		if report.Counts[guard.Rejected] != 1 || report.Counts[guard.Failed] != 25 {
			t.Errorf("got %v", report.Counts)
		}
		for _, e := range report.Connections {
			if e.Outcome == guard.Failed && (e.Error == nil || e.Error.Code != "TooManyRequesters") {
				t.Fatalf("got %+v", e)
			}
		}
	})
}

// TestTheCapDoesNotWaitForPartitionsThatFail: what others have to reject is rejected in the first sweep.
func TestTheCapDoesNotWaitForPartitionsThatFail(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.Unavailable, simulator.Hang} {
		bubble(t, string(kind), func(t *testing.T) {
			w := newWorld(capped)
			w.Inject(simulator.Fault{Kind: kind, Action: "ListVpcPeerConnections", Region: "cn-hangzhou"})
			for i := range 3 {
				w.Put(requestIn("cn-shanghai", fmt.Sprintf("pcc-%d", i), stranger+int64(i)))
			}
			report, err := invoke(w.instance(), sweep("T1"), invocationTime)
			if err == nil || report.Counts[guard.Rejected] != 3 {
				t.Errorf("%v, error %v", report.Counts, err)
			}
		})
	}
}
