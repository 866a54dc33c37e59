package guard_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/simulator"
)

// capped is a policy with a fuse.
const capped = `version: 1
mode: enforce
guard:
  regions: [cn-shanghai, cn-hangzhou]
  max_requesters: 3
allow: []
`

// putFrom adds a pending request of each of n accounts, alternating between the two regions.
func (w *world) putFrom(n int) {
	for i := range n {
		w.Put(request(fmt.Sprintf("pcc-%05d", i), 6600000000000000+int64(i), func(it *simulator.Item) {
			it.AcceptingRegionID = []string{"cn-shanghai", "cn-hangzhou"}[i%2]
		}))
	}
}

// TestMaxRequesters: if more accounts than the limit have requests that only the default rejects, none of these requests
// is rejected and the sweep fails. What a reject rule rejects is rejected all the same.
func TestMaxRequesters(t *testing.T) {
	t.Parallel()
	dry := strings.Replace(capped, "enforce", "dry-run", 1)
	for _, tt := range []struct {
		policy     string
		requesters int
		want       string
		fails      string
	}{
		{capped, 3, "rejected=4", ""},
		{capped, 4, "failed=4 rejected=1", "4 of 5 connections unresolved: TooManyRequesters: no rule names the requesters"},
		{capped, 40, "failed=40 rejected=1", "guard.max_requesters: 3"},
		{dry, 3, "would_reject=4", ""},
		{dry, 4, "failed=4 would_reject=1", "TooManyRequesters"},
	} {
		t.Run(fmt.Sprint(tt.requesters, tt.want), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, strings.Replace(tt.policy, "allow:", "reject:\n  - name: phisher\n    accounts: [\"3333333333333333\"]\nallow:", 1))
				w.putFrom(tt.requesters)
				w.Put(request("pcc-phisher", 3333333333333333))
				report := w.sweep(t, within(t, 2*time.Minute))
				if got := nonzero(report.Counts); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				err := report.Err()
				if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("got error %v, want %q", err, tt.fails)
				}
				if report.Complete != (tt.fails == "") || len(w.judged) != tt.requesters+1 || len(report.Errors) != len(tt.fails[:min(1, len(tt.fails))]) {
					t.Errorf("complete %t, %d judged, errors %v", report.Complete, len(w.judged), report.Errors)
				}
				for _, e := range report.Connections {
					if e.Outcome == guard.Failed && (code(e) != "TooManyRequesters" || e.Decision != "reject" || len(w.rejections(e.InstanceID)) > 0) {
						t.Errorf("entry %+v", e)
					}
				}
			})
		})
	}
}

// TestMaxRequestersCountsAccounts: a flood of requests by one account does not blow the fuse.
func TestMaxRequestersCountsAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, capped)
		w.put(40)
		if report := w.sweep(t, within(t, 2*time.Minute)); nonzero(report.Counts) != "rejected=40" || report.Err() != nil {
			t.Errorf("got %s, %v", nonzero(report.Counts), report.Err())
		}
	})
}

// TestMaxRequestersAndAPartitionThatHangs: the others are rejected, and the sweep says which partition failed.
func TestMaxRequestersAndAPartitionThatHangs(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.Hang, simulator.Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, capped)
			w.Inject(simulator.Fault{Kind: kind, Action: "ListVpcPeerConnections", Region: "cn-hangzhou"})
			w.put(6)
			report := w.sweep(t, within(t, 2*time.Minute))
			if got := nonzero(report.Counts); got != "rejected=3" || report.Err() == nil || !strings.Contains(report.Err().Error(), "in cn-hangzhou") {
				t.Errorf("%s: got %s, %v", kind, got, report.Err())
			}
		})
	}
}

// TestCountingDoesNotWaitForTheSilent: a partition that does not answer costs the count of requesters 15 s, not half of the
// sweep's time.
func TestCountingDoesNotWaitForTheSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, capped)
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "ListVpcPeerConnections", Region: "cn-hangzhou"})
		w.Put(request("pcc-x", stranger))
		start := time.Now()
		w.inv.OnEntry = func(e guard.Entry) {
			if took := time.Since(start); e.Outcome != guard.Rejected || took > 20*time.Second {
				t.Errorf("%s after %v", e.Outcome, took)
			}
		}
		w.sweep(t, within(t, 10*time.Minute))
	})
}

// TestMaxRequestersCountsOn: what could not be listed while the requesters were counted is counted when it is.
func TestMaxRequestersCountsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, capped)
		w.putFrom(8)
		w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Count: 2}) // one for each region
		report := w.sweep(t, within(t, 2*time.Minute))
		if got := nonzero(report.Counts); got != "failed=5 rejected=3" || report.Complete {
			t.Errorf("got %s, want no more accounts rejected than the limit", got)
		}
	})
}

// TestMaxRequestersIsNotForEvents: an event is about one connection.
func TestMaxRequestersIsNotForEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, capped)
	w.putFrom(10)
	for i := 0; i < 10; i += 2 {
		if e := only(t, w.check(within(t, time.Minute), fmt.Sprintf("pcc-%05d", i))); e.Outcome != guard.Rejected {
			t.Errorf("got %+v", e)
		}
	}
}
