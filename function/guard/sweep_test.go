package guard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestSweepOutcomes: a sweep has the outcomes of an event, except where an event would wait.
func TestSweepOutcomes(t *testing.T) {
	t.Parallel()
	for _, tt := range outcomes {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.policy)
				w.Put(tt.item)
				report := w.sweep(t, within(t, 2*time.Minute))
				want, fails := tt.outcome, tt.outcome == guard.Failed
				if tt.item.InstanceID != "pcc-x" { // a sweep finds the connection that the event does not name
					want = guard.Rejected
				}
				if got := nonzero(report.Counts); !strings.Contains(got, string(want)+"=") {
					t.Errorf("got %s, want %s", got, want)
				}
				if listed := len(report.Connections) == 1; listed != slices.Contains([]guard.Outcome{guard.Failed, guard.Violation, guard.NotReady, guard.Rejected, guard.WouldReject}, want) {
					t.Errorf("the report lists %+v", report.Connections)
				}
				if err := report.Err(); (err != nil) != fails {
					t.Errorf("invocation error %v, want one: %t", err, fails)
				}
			})
		})
	}
}

// TestEachConnectionIsJudgedOnce: a connection between two guarded accounts is listed in both partitions, judged in one, and passed over in the other.
func TestEachConnectionIsJudgedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", 9999999999999999, func(i *simulator.Item) { i.RegionID = "cn-shanghai" }))
	report := w.sweep(t, within(t, time.Minute))
	if got := nonzero(report.Counts); got != "rejected=1" {
		t.Errorf("got %s", got)
	}
	if n := len(w.rejections("pcc-x")); n != 1 {
		t.Errorf("%d rejections", n)
	}
}

// TestAccepterRegionUnknown: a request whose accepting region the API does not tell must not fall between partitions.
func TestAccepterRegionUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.inv.Cloud = regionless{w.inv.Cloud}
	w.Put(request("pcc-x", stranger))
	if got := nonzero(w.sweep(t, within(t, time.Minute)).Counts); got != "rejected=1" {
		t.Errorf("got %s", got)
	}
	if calls := w.rejections("pcc-x"); len(calls) != 1 || calls[0].Region != "cn-shanghai" {
		t.Errorf("calls %+v, want one in the region where it was listed", calls)
	}
}

// TestNamelessConnection: a request that cannot be rejected because it has no id is not skipped silently.
func TestNamelessConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("", stranger))
	report := w.sweep(t, within(t, time.Minute))
	if got := nonzero(report.Counts); got != "failed=1" || code(report.Connections[0]) != "NoConfirmation" {
		t.Errorf("got %s: %+v", got, report.Connections)
	}
}

func TestPartitionsFailAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", stranger), request("pcc-y", stranger, func(i *simulator.Item) { i.AcceptingRegionID = "cn-hangzhou" }))
	w.Deny(member, "ListVpcPeerConnections")
	w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Account: own, Region: "cn-hangzhou"})
	report := w.sweep(t, within(t, time.Minute))
	if got := nonzero(report.Counts); got != "rejected=1" {
		t.Errorf("got %s", got)
	}
	var lines []string
	for _, v := range report.Partitions {
		line := fmt.Sprintf("%s %s %d", v.Account, v.Region, v.Seen)
		if v.Error != nil {
			line += " failed"
		}
		lines = append(lines, line)
	}
	if len(lines) != 4 || lines[3] != "1111111111111111 cn-shanghai 1" || strings.Count(strings.Join(lines, ","), "failed") != 3 {
		t.Errorf("partitions %q, want the three failed ones first", lines)
	}
	err := report.Err()
	if err == nil || !strings.Contains(err.Error(), "3 of 4 partitions failed: listing ") || !strings.Contains(err.Error(), "Forbidden.RAM") {
		t.Errorf("got %v", err)
	}
	if !report.Complete {
		t.Error("a partition that fails is an error, not a sweep cut short")
	}
}

func TestUnknownRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(rules, "9999999999999999:role/peerguard", "8888888888888888:role/nobody", 1))
	w.Put(request("pcc-x", stranger))
	report := w.sweep(t, within(t, time.Minute))
	if got := nonzero(report.Counts); got != "rejected=1" || report.Err() == nil || !strings.Contains(report.Err().Error(), "assuming acs:ram::8888888888888888:role/nobody") {
		t.Errorf("got %s, %v", got, report.Err())
	}
}

// TestAccountsWithoutASessionAreAskedForItOnce: a role that cannot be assumed fails in every region, with a message that names
// it, after one call of STS for each sweep.
func TestAccountsWithoutASessionAreAskedForItOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const regions = 28
		w := newWorld(t, organisation(1, regions))
		w.Latency = 100 * time.Millisecond
		for sweep := 1; sweep <= 2; sweep++ {
			failed := 0
			w.inv.OnVisit = func(v guard.Visit) {
				if v.Error != nil && v.Account != own && strings.Contains(v.Error.Message, "assuming acs:ram::9000000000000000:role/peerguard: ") {
					failed++
				}
			}
			report := w.sweep(t, within(t, time.Minute))
			if n := w.Stats().ByAction["AssumeRole"]; failed != regions || n != sweep || report.Visited != 2*regions {
				t.Errorf("sweep %d: %d partitions failed of %d, after %d calls of AssumeRole", sweep, failed, report.Visited, n)
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	for _, tt := range []struct {
		accounts []peering.Account
		regions  []string
		want     string
	}{
		{nil, nil, "[1111111111111111 9999999999999999] [cn-shanghai cn-hangzhou]"},
		{[]peering.Account{member}, []string{"cn-hangzhou"}, "[9999999999999999] [cn-hangzhou]"},
		{[]peering.Account{own}, nil, "[1111111111111111] [cn-shanghai cn-hangzhou]"},
		{[]peering.Account{"5555555555555555"}, []string{"cn-beijing"}, "account 5555555555555555 is not in the policy's guard\nregion cn-beijing is not in the policy's guard"},
	} {
		scope, err := w.inv.Scope(t.Context(), tt.accounts, tt.regions)
		got := fmt.Sprint(scope.Accounts, scope.Regions)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Scope(%v, %v)\n got %s\nwant %s", tt.accounts, tt.regions, got, tt.want)
		}
	}
}

// put adds n pending requests of strangers, alternating between the two regions.
func (w *world) put(n int) {
	for i := range n {
		w.Put(request(fmt.Sprintf("pcc-%05d", i), stranger, func(it *simulator.Item) {
			it.AcceptingRegionID = []string{"cn-shanghai", "cn-hangzhou"}[i%2]
		}))
	}
}

// TestReportIsBounded: counts include every connection, lists show the most serious.
func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dryRun)
		w.put(1_100)
		w.Put(request("pcc-active", stranger, status(peering.Activated)), request("pcc-nobody", 0), request("pcc-new", stranger, status(peering.Creating)))
		report := w.sweep(t, within(t, time.Hour))
		if got := nonzero(report.Counts); got != "failed=1 not_ready=1 violation=1 would_reject=1100" {
			t.Errorf("got %s", got)
		}
		list := report.Connections
		if len(list) != 1_000 || list[0].Outcome != guard.Failed || list[1].Outcome != guard.Violation || list[2].Outcome != guard.NotReady || list[3].Outcome != guard.WouldReject {
			t.Errorf("%d entries, the first %s, %s, %s, %s", len(list), list[0].Outcome, list[1].Outcome, list[2].Outcome, list[3].Outcome)
		}
	})
}

// TestDeadlineInTheSweep: work that the deadline leaves out is reported as left out, and nothing is half done.
func TestDeadlineInTheSweep(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(*world)
		want    string
	}{
		"in List":    {func(w *world) { w.Latency = 4 * time.Second }, "partitions"},
		"in Reject":  {func(w *world) { w.put(400) }, "connections unresolved"},
		"in backoff": {func(w *world) { w.put(4); w.Inject(simulator.Fault{Kind: simulator.Unavailable}) }, "partitions"},
		"at once":    {func(w *world) { w.Latency = time.Second }, "left when the deadline came"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, rules)
				w.put(250)
				tt.prepare(w)
				given := 10 * time.Second
				if name == "at once" {
					given = 900 * time.Millisecond
				}
				start := time.Now()
				report := w.sweep(t, within(t, given))
				if report.Complete || report.Err() == nil || !strings.Contains(report.Err().Error(), tt.want) {
					t.Errorf("complete %t, %v, want an error about %s", report.Complete, report.Err(), tt.want)
				}
				if took := time.Since(start); took > given {
					t.Errorf("took %v of %v", took, given)
				}
				if n := w.Stats().Effects; n < report.Counts[guard.Rejected] {
					t.Errorf("%d effects, %d reported", n, report.Counts[guard.Rejected])
				}
				if name == "in Reject" && (len(w.judged) > report.Counts[guard.Rejected]+10 || report.Counts[guard.Failed] < 100) {
					t.Errorf("%d judged of %s: what the deadline left needs no line in the log", len(w.judged), nonzero(report.Counts))
				}
				for _, e := range report.Connections {
					if e.Status != peering.Accepting || e.Requester.Account != "6666666666666666" || e.Accepter.Account != own || e.Decision != "reject" {
						t.Fatalf("an entry does not say what it is about: %+v", e)
					}
				}
				if n := w.Stats().Calls; name == "at once" && n > 0 {
					t.Errorf("%d calls began that could not end in time", n)
				}
			})
		})
	}
}

// TestListThatNeverEnds: it is an error of its partition, not a loop.
func TestListThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.put(4)
		w.Inject(simulator.Fault{Kind: simulator.SameToken, Action: "ListVpcPeerConnections"})
		report := w.sweep(t, within(t, time.Minute))
		if report.Err() == nil || !strings.Contains(report.Err().Error(), "NoConfirmation") {
			t.Errorf("got %v", report.Err())
		}
	})
}

// TestSweepTokens: a retry of the same timer event repeats its tokens, the next sweep does not.
func TestSweepTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", stranger))
	w.Inject(simulator.Fault{Kind: simulator.LostUpdate, Action: "RejectVpcPeerConnection", Count: 1})
	sweep := func(at string) *guard.Report {
		scope, err := w.inv.Scope(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return w.Sweep(within(t, time.Minute), w.triggered(at), scope, func(id string) string { return at + id })
	}
	for i, at := range []string{"09:00-", "09:00-", "09:01-"} {
		if got := nonzero(sweep(at).Counts); got != "rejected=1" {
			t.Errorf("sweep %d: got %s", i, got)
		}
	}
	var tokens []string
	for _, c := range w.rejections("pcc-x") {
		tokens = append(tokens, c.ClientToken)
	}
	if want := "[09:00-pcc-x 09:00-pcc-x 09:01-pcc-x]"; fmt.Sprint(tokens) != want {
		t.Errorf("tokens %v, want %s", tokens, want)
	}
	if item, _ := w.Item("pcc-x"); item.Status != peering.Rejected {
		t.Errorf("the connection is %s: an acknowledged rejection that had no effect must be tried again", item.Status)
	}
}

// TestFewCallsAtOnce: a partition's quota is shared with people.
func TestFewCallsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Latency = 100 * time.Millisecond
		w.put(200)
		w.sweep(t, within(t, time.Hour))
		if n := w.Stats().MaxConcurrentPartition; n > 6 || n < 2 {
			t.Errorf("up to %d calls at once in a partition, want a few", n)
		}
	})
}

// TestUnknownOwners: an unknown requester or accepter is not guessed, and the sweep fails.
func TestUnknownOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", 0), request("pcc-y", 1111111111111111, func(i *simulator.Item) { i.AcceptingOwnerUID, i.RegionID = 0, "cn-shanghai" }))
	report := w.sweep(t, within(t, time.Minute))
	if got := nonzero(report.Counts); got != "failed=2" || code(report.Connections[0]) != "UnknownOwner" || code(report.Connections[1]) != "UnknownOwner" {
		t.Errorf("got %s, %+v", got, report.Connections)
	}
	if calls := w.Stats().ByAction["RejectVpcPeerConnection"]; calls > 0 {
		t.Errorf("%d rejections", calls)
	}
}
