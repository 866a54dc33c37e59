package guard_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestFiveThousandPendingInOneRegion: under the documented quota none of our calls is throttled, most of the quota is used,
// and everything is rejected.
func TestFiveThousandPendingInOneRegion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pending = 5_000
		w := newWorld(t, "version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")
		w.inv.OnEntry = nil
		w.Quota = simulator.DocumentedQuota
		w.Latency = 100 * time.Millisecond
		rejections := 0
		w.Record = func(c simulator.Call) {
			if c.Action == "RejectVpcPeerConnection" {
				rejections++
			}
		}
		for i := range pending {
			w.Put(request(fmt.Sprintf("pcc-%05d", i), stranger))
		}
		start := time.Now()
		report := w.sweep(t, within(t, time.Hour))
		used := float64(rejections) / (time.Since(start).Minutes() * 360)
		t.Logf("%d requests rejected in %v, %.0f %% of the quota used", pending, time.Since(start), 100*used)
		if got := nonzero(report.Counts); got != "rejected=5000" || report.Err() != nil {
			t.Errorf("got %s, %v", got, report.Err())
		}
		if n := w.Stats().Throttled; n > 0 {
			t.Errorf("%d throttle answers that we caused", n)
		}
		if used < 0.8 {
			t.Errorf("%.0f %% of the quota used, want 80 %% at least", 100*used)
		}
	})
}

// TestManyPartitions: every account in every region is listed, a bounded number at a time, with one session per account.
func TestManyPartitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const accounts, regions = 12, 10
		w := newWorld(t, organisation(accounts, regions))
		w.Latency = 20 * time.Millisecond
		for a := range accounts {
			w.AddRole(simulator.Role{ARN: fmt.Sprintf("acs:ram::90000000000000%02d:role/peerguard", a), TrustedAccounts: []peering.Account{own}})
			for r := range regions {
				w.Put(request(fmt.Sprintf("pcc-%02dx%02d", a, r), stranger, func(i *simulator.Item) {
					i.AcceptingOwnerUID, i.AcceptingRegionID = 9000000000000000+int64(a), fmt.Sprintf("cn-r%02d", r)
				}))
			}
		}
		report := w.sweep(t, within(t, 2*time.Minute))
		if got := nonzero(report.Counts); got != "rejected=120" || report.Err() != nil {
			t.Errorf("got %s, %v", got, report.Err())
		}
		if want := (accounts + 1) * regions; report.Visited != want || len(report.Partitions) != accounts*regions {
			t.Errorf("%d partitions visited, %d listed, want %d and the %d with requests", report.Visited, len(report.Partitions), want, accounts*regions)
		}
		if n := w.Stats().ByAction["AssumeRole"]; n != accounts {
			t.Errorf("%d sessions for %d accounts", n, accounts)
		}
		if n := w.Stats().MaxConcurrent; n > 70 || n < 20 {
			t.Errorf("up to %d calls at once", n)
		}
	})
}

// TestColdSweepTakesNoLongerThanItsSessions: the pace of AssumeRole is 90 a second after the first ten. Accounts that have a
// session are listed at the same time.
func TestColdSweepTakesNoLongerThanItsSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const accounts, regions = 90, 30
		w := newWorld(t, organisation(accounts, regions))
		w.Latency = 20 * time.Millisecond
		for a := range accounts {
			w.AddRole(simulator.Role{ARN: fmt.Sprintf("acs:ram::90000000000000%02d:role/peerguard", a), TrustedAccounts: []peering.Account{own}})
		}
		start := time.Now()
		report := w.sweep(t, within(t, 2*time.Minute))
		took, pace := time.Since(start), (accounts-10)*time.Second/90
		if report.Err() != nil || took > pace*11/10 {
			t.Errorf("took %v, want at most 1.1 times %v; %v", took, pace, report.Err())
		}
	})
}

// TestSilentSTSHoldsUpNoOthers: accounts that need no session are swept while STS does not answer.
func TestSilentSTSHoldsUpNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const accounts, regions = 90, 30
		w := newWorld(t, organisation(accounts, regions))
		w.Latency = 20 * time.Millisecond
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "AssumeRole"})
		for r := range regions {
			w.Put(request(fmt.Sprintf("pcc-%d", r), stranger, func(it *simulator.Item) { it.AcceptingRegionID = fmt.Sprintf("cn-r%02d", r) }))
		}
		start, last := time.Now(), time.Duration(0)
		w.inv.OnEntry = func(guard.Entry) {
			w.mu.Lock()
			defer w.mu.Unlock()
			last = time.Since(start)
		}
		report := w.sweep(t, within(t, time.Minute))
		if got := nonzero(report.Counts); got != fmt.Sprint("rejected=", regions) || last > time.Second {
			t.Errorf("got %s after %v", got, last)
		}
		if want := fmt.Sprintf("%d of %d partitions failed", accounts*regions, (accounts+1)*regions); !strings.Contains(fmt.Sprint(report.Err()), want) {
			t.Errorf("got %v, want %s", report.Err(), want)
		}
	})
}

// TestConcurrencyFollowsLatency: a sweep begins no fewer partitions in a second when each call takes longer.
func TestConcurrencyFollowsLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const partitions = 1_500
		for _, tt := range []struct{ latency, most time.Duration }{
			{20 * time.Millisecond, 600 * time.Millisecond}, {100 * time.Millisecond, 1250 * time.Millisecond}, {time.Second, 5 * time.Second},
		} {
			w := newWorld(t, organisation(0, partitions))
			w.Latency = tt.latency
			start := time.Now()
			report := w.sweep(t, within(t, 2*time.Minute))
			if took := time.Since(start); report.Err() != nil || took > tt.most {
				t.Errorf("at %v a call: %v, want at most %v; %v", tt.latency, took, tt.most, report.Err())
			}
			if n := w.Stats().MaxConcurrent; n > 640 {
				t.Errorf("at %v a call: %d at once", tt.latency, n)
			}
		}
	})
}

func organisation(accounts, regions int) string {
	var text strings.Builder
	text.WriteString("version: 1\nmode: enforce\nguard:\n  regions: [")
	for r := range regions {
		fmt.Fprintf(&text, "cn-r%02d, ", r)
	}
	text.WriteString("]\n")
	if accounts > 0 {
		text.WriteString("  accounts:\n")
	}
	for a := range accounts {
		fmt.Fprintf(&text, "    - role: acs:ram::90000000000000%02d:role/peerguard\n", a)
	}
	text.WriteString("allow: []\n")
	return text.String()
}

// TestNoPartitionStarves: if there is not enough time for all partitions, different ones are left out in each sweep.
func TestNoPartitionStarves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const partitions = 700
		w := newWorld(t, organisation(0, partitions))
		w.Latency = 3 * time.Second
		visited := map[string]int{}
		w.inv.OnVisit = func(v guard.Visit) {
			if v.Error == nil {
				visited[v.Region]++
			}
		}
		for range 8 {
			report := w.sweep(t, within(t, 4500*time.Millisecond))
			if report.Complete || !strings.Contains(fmt.Sprint(report.Err()), "of 700 partitions left when the deadline came") {
				t.Fatalf("complete %t, %v", report.Complete, report.Err())
			}
			time.Sleep(time.Minute)
		}
		if len(visited) < partitions*95/100 {
			t.Errorf("only %d of %d partitions were ever visited in 8 sweeps", len(visited), partitions)
		}
	})
}

// TestMemoryOfTheReport: a report does not grow with what was found. Beyond a thousand entries only the counts change.
func TestMemoryOfTheReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, strings.Replace(rules, "enforce", "dry-run", 1))
		w.inv.OnEntry = nil
		for i := range 3_000 {
			w.Put(request(fmt.Sprintf("pcc-%05d", i), stranger, status(peering.Activated)))
		}
		report := w.sweep(t, within(t, time.Hour))
		if report.Counts[guard.Violation] != 3_000 || len(report.Connections) != 1_000 {
			t.Errorf("%s, %d listed", nonzero(report.Counts), len(report.Connections))
		}
	})
}

// TestSilentPartitionsHoldUpNoOthers: a third of the partitions never answers. All others are visited in the time that the
// silent ones have at first, and the silent ones get what is left.
func TestSilentPartitionsHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const partitions, silent = 1_100, 366
		w := newWorld(t, organisation(0, partitions))
		w.Latency = 20 * time.Millisecond
		for r := range silent {
			w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "ListVpcPeerConnections", Region: fmt.Sprintf("cn-r%02d", r)})
		}
		for r := silent; r < partitions; r++ {
			w.Put(request(fmt.Sprintf("pcc-%d", r), stranger, func(it *simulator.Item) { it.AcceptingRegionID = fmt.Sprintf("cn-r%02d", r) }))
		}
		start, last := time.Now(), time.Duration(0)
		w.inv.OnEntry = func(guard.Entry) {
			w.mu.Lock()
			defer w.mu.Unlock()
			last = time.Since(start)
		}
		report := w.sweep(t, within(t, 2*time.Minute))
		if got := nonzero(report.Counts); got != fmt.Sprint("rejected=", partitions-silent) || last > 20*time.Second {
			t.Errorf("got %s after %v", got, last)
		}
		if want := fmt.Sprintf("%d of %d partitions failed", silent, partitions); report.Visited != partitions || !strings.Contains(fmt.Sprint(report.Err()), want) || time.Since(start) < 115*time.Second {
			t.Errorf("%d visited in %v, %v; want %s", report.Visited, time.Since(start), report.Err(), want)
		}
	})
}

// TestPagesInFlightAreBounded: each partition that rejects holds a page and a few calls. If the API does not answer any of
// them, the sweep does not go on to hold those of ever more partitions.
func TestPagesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const partitions = 400
		w := newWorld(t, organisation(0, partitions))
		for r := range partitions {
			w.Put(request(fmt.Sprintf("pcc-%d", r), stranger, func(it *simulator.Item) { it.AcceptingRegionID = fmt.Sprintf("cn-r%02d", r) }))
		}
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "RejectVpcPeerConnection"})
		report := w.sweep(t, within(t, time.Minute))
		rejecting := map[string]bool{}
		for _, c := range w.Calls() {
			if c.Action == "RejectVpcPeerConnection" {
				rejecting[c.Region] = true
			}
		}
		if len(rejecting) != 192 || report.Visited != 192 || report.Counts[guard.Failed] != 192 {
			t.Errorf("%d partitions rejected at the same time, %d visited, %s", len(rejecting), report.Visited, nonzero(report.Counts))
		}
	})
}
