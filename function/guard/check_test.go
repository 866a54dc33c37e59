package guard_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

var dryRun = strings.Replace(rules, "enforce", "dry-run", 1)

// outcomes are the rows of README's table: what the API says about a connection, and how an event about it ends.
var outcomes = []struct {
	name    string
	policy  string
	item    simulator.Item
	outcome guard.Outcome
	code    string // of the entry's error
	fails   bool   // the invocation
	asked   int    // calls of Reject
}{
	{"unknown requester", rules, request("pcc-x", stranger), guard.Rejected, "", false, 1},
	{"allowed requester", rules, request("pcc-x", partner), guard.Allowed, "", false, 0},
	{"unknown requester, dry run", dryRun, request("pcc-x", stranger), guard.WouldReject, "", false, 1},
	{"allowed requester, dry run", dryRun, request("pcc-x", partner), guard.Allowed, "", false, 0},
	{"accepted by mistake", rules, request("pcc-x", stranger, status(peering.Activated)), guard.Violation, "", false, 0},
	{"being accepted by mistake", rules, request("pcc-x", stranger, status(peering.Updating)), guard.Violation, "", false, 0},
	{"accepted rightly", rules, request("pcc-x", partner, status(peering.Activated)), guard.Allowed, "", false, 0},
	{"already rejected", rules, request("pcc-x", stranger, status(peering.Rejected)), guard.Closed, "", false, 0},
	{"expired", rules, request("pcc-x", stranger, status(peering.Expired)), guard.Closed, "", false, 0},
	{"being deleted", rules, request("pcc-x", stranger, status(peering.Deleting)), guard.Closed, "", false, 0},
	{"deleted", rules, request("pcc-x", stranger, status(peering.Deleted)), guard.Closed, "", false, 0},
	{"never there", rules, request("pcc-other", stranger), guard.Closed, "", false, 0},
	{"our own request to a stranger", rules, request("pcc-x", 1111111111111111, func(i *simulator.Item) { i.AcceptingOwnerUID = stranger }), guard.Ignored, "", false, 0},
	{"within the account", rules, request("pcc-x", 1111111111111111), guard.Ignored, "", false, 0},
	{"run by a service", rules, request("pcc-x", stranger, func(i *simulator.Item) { i.ManagedService = "SWAS" }), guard.Ignored, "", false, 0},
	{"never finishes being created", rules, request("pcc-x", stranger, status(peering.Creating)), guard.NotReady, "NotReady", true, 0},
	{"requester unknown", rules, request("pcc-x", 0), guard.Failed, "UnknownOwner", true, 0},
	{"requester unknown, active", rules, request("pcc-x", 0, status(peering.Activated)), guard.Failed, "UnknownOwner", true, 0},
	{"a status of tomorrow", rules, request("pcc-x", stranger, status("Negotiating")), guard.Failed, "UnknownStatus", true, 0},
	{"no status", rules, request("pcc-x", stranger, status("")), guard.Failed, "UnknownStatus", true, 0},
	{"a status of tomorrow, allowed", rules, request("pcc-x", partner, status("Negotiating")), guard.Failed, "UnknownStatus", true, 0},
}

func TestEventOutcomes(t *testing.T) {
	t.Parallel()
	for _, tt := range outcomes {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.policy)
				w.Put(tt.item)
				report := w.check(within(t, 2*time.Minute), "pcc-x")
				e := only(t, report)
				if e.Outcome != tt.outcome || code(e) != tt.code {
					t.Errorf("got %s %q, want %s %q", e.Outcome, code(e), tt.outcome, tt.code)
				}
				if err := report.Err(); (err != nil) != tt.fails {
					t.Errorf("invocation error %v, want one: %t", err, tt.fails)
				}
				if n := len(w.rejections("pcc-x")); n != tt.asked {
					t.Errorf("the API was asked to reject %d times, want %d", n, tt.asked)
				}
				if got := report.Counts[tt.outcome]; got != 1 || len(w.judged) != 1 {
					t.Errorf("counts %v, judged %d times, want once", report.Counts, len(w.judged))
				}
				item, _ := w.Item(tt.item.InstanceID)
				if rejected := item.Status == peering.Rejected && tt.item.Status != peering.Rejected; rejected != (tt.outcome == guard.Rejected) {
					t.Errorf("the connection is %s after %s", item.Status, e.Outcome)
				}
			})
		})
	}
}

func TestReportSaysWhatAndWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", stranger))
	report := w.check(within(t, time.Minute), "pcc-x")
	e := only(t, report)
	if e.Decision != "reject" || e.Rule != "default" || !strings.Contains(e.Reason, "6666666666666666") ||
		e.Status != peering.Accepting || e.ClientToken != "event-1" || e.APIRequestID == "" || e.Requester.Account != "6666666666666666" {
		t.Errorf("entry %+v", e)
	}
	if report.Trigger != "event" || report.TriggerID != "event-1" || report.RequestID != "request-1" || report.Version != "v1.2.3" || report.Visited != 0 || report.Mode != "enforce" ||
		!strings.HasPrefix(report.Policy.Digest, "sha256:") || !report.Complete || len(report.Counts) != 8 {
		t.Errorf("report %+v", report)
	}
}

// TestCreatingIsWaitedFor: an event can be faster than the request that it announces.
func TestCreatingIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		item := request("pcc-x", stranger, status(peering.Creating))
		item.ReadyAfter = 12 * time.Second
		w.Put(item)
		start := time.Now()
		if e := only(t, w.check(within(t, 2*time.Minute), "pcc-x")); e.Outcome != guard.Rejected || e.Status != peering.Accepting {
			t.Errorf("got %+v", e)
		}
		if took := time.Since(start); took < 12*time.Second || took > 17*time.Second { // the longest pause is 4.5 s
			t.Errorf("took %v for a request that was ready after 12s", took)
		}
	})
}

// TestEventsThatWaitHoldUpNoOthers: in an array, those that wait while their requests are created do not keep the others from
// being handled.
func TestEventsThatWaitHoldUpNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		var hints []guard.Hint
		for i := range 101 {
			id := fmt.Sprintf("pcc-%d", i)
			w.Put(request(id, stranger, status(peering.Creating)))
			hints = append(hints, guard.Hint{InstanceID: id, ClientToken: id})
		}
		w.SetStatus("pcc-100", peering.Accepting)
		start, took := time.Now(), time.Duration(0)
		w.Record = func(c simulator.Call) {
			if c.Effect {
				took = time.Since(start)
			}
		}
		if report := w.Check(within(t, 2*time.Minute), w.triggered("event-1 (+100)"), hints); nonzero(report.Counts) != "not_ready=100 rejected=1" || took > 75*time.Second {
			t.Errorf("got %s, rejected after %v", nonzero(report.Counts), took)
		}
	})
}

// TestDeadlineWhileCreating: if the deadline comes first the connection is not ready, which is not the same as failed.
func TestDeadlineWhileCreating(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-x", stranger, status(peering.Creating)))
		report := w.check(within(t, 10*time.Second), "pcc-x")
		if e := only(t, report); e.Outcome != guard.NotReady || report.Err() == nil {
			t.Errorf("got %+v, %v", e, report.Err())
		}
	})
}

// TestLateReads: a connection that the API does not show at once is not considered gone.
func TestLateReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-x", stranger))
		w.Inject(simulator.Fault{Kind: simulator.Vanished, Action: "GetVpcPeerConnectionAttribute", Count: 4})
		if e := only(t, w.check(within(t, time.Minute), "pcc-x")); e.Outcome != guard.Rejected {
			t.Errorf("got %+v", e)
		}
	})
}

// TestADenialIsNotBelievedAtOnce: what was there a moment ago is looked for again for a few seconds, whichever call denies it.
func TestADenialIsNotBelievedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-x", stranger))
		w.Inject(
			simulator.Fault{Kind: simulator.Vanished, Action: "RejectVpcPeerConnection", Count: 1},
			simulator.Fault{Kind: simulator.Vanished, Action: "GetVpcPeerConnectionAttribute", Skip: 1, Count: 4},
		)
		if e := only(t, w.check(within(t, time.Minute), "pcc-x")); e.Outcome != guard.Rejected {
			t.Errorf("got %+v", e)
		}
	})
}

// TestChangesUnderway: what changes between the read, or the list, and the rejection is judged again.
func TestChangesUnderway(t *testing.T) {
	t.Parallel()
	for becomes, want := range map[peering.Status]guard.Outcome{
		peering.Activated: guard.Violation,
		peering.Rejected:  guard.Closed,
		peering.Expired:   guard.Closed,
		peering.Deleted:   guard.Closed,
		"":                guard.Closed, // removed
	} {
		for _, trigger := range []guard.Trigger{guard.TriggerEvent, guard.TriggerSweep} {
			t.Run(fmt.Sprintf("%s/%s", trigger, becomes), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, rules)
					w.Put(request("pcc-x", stranger))
					w.Before = func(c simulator.Call) {
						switch {
						case c.Action != "RejectVpcPeerConnection":
						case becomes == "":
							w.Remove("pcc-x")
						default:
							w.SetStatus("pcc-x", becomes)
						}
					}
					run := func() *guard.Report { return w.check(within(t, time.Minute), "pcc-x") }
					if trigger == guard.TriggerSweep {
						run = func() *guard.Report { return w.sweep(t, within(t, time.Minute)) }
					}
					report := run()
					if report.Counts[want] != 1 || report.Err() != nil {
						t.Errorf("got %s, %v, want %s", nonzero(report.Counts), report.Err(), want)
					}
				})
			})
		}
	}
}

// TestContradiction: an API that shows a connection as pending and refuses to reject it does not keep the guard busy without end.
func TestContradiction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-x", stranger))
		w.Inject(simulator.Fault{Kind: simulator.WrongStatus, Action: "RejectVpcPeerConnection", Count: 3})
		if e := only(t, w.check(within(t, time.Minute), "pcc-x")); e.Outcome != guard.Rejected {
			t.Errorf("refused thrice: got %+v", e)
		}
		w.Put(request("pcc-y", stranger))
		w.Inject(simulator.Fault{Kind: simulator.WrongStatus, Action: "RejectVpcPeerConnection"})
		start := time.Now()
		report := w.check(within(t, 5*time.Minute), "pcc-y")
		if e := only(t, report); e.Outcome != guard.Failed || code(e) != "IncorrectStatus.VpcPeer" || report.Err() == nil {
			t.Errorf("refused every time: got %+v", e)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("gave up after %v", took)
		}
	})
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestClientTokens: which token is sent, and which one after the API says that the token was used with other parameters.
func TestClientTokens(t *testing.T) {
	t.Parallel()
	const random = "64 random hex digits"
	dry := hash("dry-run\nevent-1")
	for _, tt := range []struct {
		name, policy string
		mismatches   int
		want         []string
		outcome      guard.Outcome
	}{
		{"enforce", rules, 0, []string{"event-1"}, guard.Rejected},
		{"enforce, token taken", rules, 1, []string{"event-1", hash("event-1\npcc-x")}, guard.Rejected},
		{"enforce, both taken", rules, 2, []string{"event-1", hash("event-1\npcc-x"), random}, guard.Rejected},
		{"enforce, all taken", rules, 3, []string{"event-1", hash("event-1\npcc-x"), random}, guard.Failed},
		{"dry run", dryRun, 0, []string{dry}, guard.WouldReject},
		{"dry run, token taken", dryRun, 1, []string{dry, hash(dry + "\npcc-x")}, guard.WouldReject},
		{"dry run, both taken", dryRun, 2, []string{dry, hash(dry + "\npcc-x"), random}, guard.WouldReject},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.policy)
				w.Put(request("pcc-x", stranger))
				if tt.mismatches > 0 {
					w.Inject(simulator.Fault{Kind: simulator.TokenMismatch, Action: "RejectVpcPeerConnection", Count: tt.mismatches})
				}
				e := only(t, w.check(within(t, time.Minute), "pcc-x"))
				var sent []string
				for _, c := range w.rejections("pcc-x") {
					sent = append(sent, c.ClientToken)
				}
				last := sent[len(sent)-1]
				for i := range min(len(sent), len(tt.want)) {
					if tt.want[i] == random && regexp.MustCompile("^[0-9a-f]{64}$").MatchString(sent[i]) {
						sent[i] = random
					}
				}
				if e.Outcome != tt.outcome || fmt.Sprint(sent) != fmt.Sprint(tt.want) || e.ClientToken != last {
					t.Errorf("got %s with tokens %v, reported %s, want %s with %v", e.Outcome, sent, e.ClientToken, tt.outcome, tt.want)
				}
			})
		})
	}
}

// TestTokenOfAnotherConnection: if a forger uses one event id for two connections, both are rejected.
func TestTokenOfAnotherConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	w.Put(request("pcc-x", stranger), request("pcc-y", stranger))
	for _, id := range []string{"pcc-x", "pcc-y"} {
		if e := only(t, w.check(within(t, time.Minute), id)); e.Outcome != guard.Rejected {
			t.Errorf("%s: got %+v", id, e)
		}
	}
}

// TestDryRunTakenForReal: an API that answers a dry run with success may have rejected; that is not a confirmation.
func TestDryRunTakenForReal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dryRun)
	w.Put(request("pcc-x", stranger))
	w.inv.Cloud = obliging{w.inv.Cloud}
	if e := only(t, w.check(within(t, time.Minute), "pcc-x")); e.Outcome != guard.Failed || code(e) != "NoConfirmation" {
		t.Errorf("got %+v", e)
	}
}

// TestRepeatedDeliveries: one event, many times at once, has one effect.
func TestRepeatedDeliveries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Latency = 50 * time.Millisecond
		w.Put(request("pcc-x", stranger))
		ctx := within(t, time.Minute)
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if err := w.check(ctx, "pcc-x").Err(); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		stats := w.Stats()
		if n := len(w.rejections("pcc-x")); stats.Effects != 1 || n != 1 {
			t.Errorf("%d effects of %d rejections, want one of one", stats.Effects, n)
		}
	})
}

// TestBusyConnection: an invocation that waits for another one until its deadline says so.
func TestBusyConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-x", stranger))
		w.Latency = 9 * time.Second
		go w.check(t.Context(), "pcc-x")
		synctest.Wait()
		report := w.check(within(t, 3*time.Second), "pcc-x")
		if e := only(t, report); e.Outcome != guard.Failed || code(e) != "DeadlineExceeded" || report.Complete {
			t.Errorf("got %+v, complete %t", e, report.Complete)
		}
		time.Sleep(time.Minute) // let the first one end
	})
}

// TestWhoIsAsked: the connection of a hint is read as the guarded account that the hint names, or as the function's own.
// The rejection goes to the accepter's region, even if the hint names another one.
func TestWhoIsAsked(t *testing.T) {
	t.Parallel()
	atMember := func(i *simulator.Item) { i.AcceptingOwnerUID, i.AcceptingRegionID = 9999999999999999, "cn-hangzhou" }
	for _, tt := range []struct {
		name       string
		hint       guard.Hint
		reader     peering.Account
		readRegion string
		outcome    guard.Outcome
	}{
		{"a member first", guard.Hint{Accepters: []peering.Account{member}, Region: "cn-hangzhou"}, member, "cn-hangzhou", guard.Rejected},
		{"a member after a stranger", guard.Hint{Accepters: []peering.Account{"5555555555555555", member}, Region: "cn-beijing"}, member, "cn-beijing", guard.Rejected},
		{"nobody that we know", guard.Hint{Accepters: []peering.Account{"5555555555555555"}}, own, "cn-shanghai", guard.Ignored},
		{"nobody", guard.Hint{}, own, "cn-shanghai", guard.Closed}, // the own account does not see a member's requests
		{"somebody who cannot be read", guard.Hint{AccepterUnreadable: true}, own, "cn-shanghai", guard.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, rules)
				w.Put(request("pcc-x", stranger, atMember))
				tt.hint.InstanceID, tt.hint.ClientToken = "pcc-x", "event-1"
				report := w.Check(within(t, time.Minute), w.triggered("event-1"), []guard.Hint{tt.hint})
				for _, c := range w.Calls() {
					switch c.Action {
					case "GetVpcPeerConnectionAttribute":
						if c.Account != tt.reader || c.Region != tt.readRegion {
							t.Errorf("read as %s in %s, want %s in %s", c.Account, c.Region, tt.reader, tt.readRegion)
						}
					case "RejectVpcPeerConnection":
						if c.Account != member || c.Region != "cn-hangzhou" {
							t.Errorf("rejected as %s in %s, want the accepter and its region", c.Account, c.Region)
						}
					}
				}
				if e := only(t, report); e.Outcome != tt.outcome || (tt.outcome == guard.Failed) != (code(e) == "UnknownAccepter") {
					t.Errorf("got %+v, want %s", e, tt.outcome)
				}
			})
		})
	}
}

// TestBatch: every hint of an array is handled. The report begins with the most serious; equal ones keep their order.
func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rules)
	var hints []guard.Hint
	want := map[guard.Outcome]string{}
	for i := range 30 {
		id := fmt.Sprintf("pcc-%02d", i)
		w.Put(request(id, []int64{stranger, partner, 0}[i%3]))
		hints = append(hints, guard.Hint{InstanceID: id, ClientToken: id})
		want[[]guard.Outcome{guard.Rejected, guard.Allowed, guard.Failed}[i%3]] += id + " "
	}
	report := w.Check(within(t, time.Minute), w.triggered("event-1 (+29)"), hints)
	got := ""
	for _, e := range report.Connections {
		got += e.InstanceID + " "
	}
	if want := want[guard.Failed] + want[guard.Rejected] + want[guard.Allowed]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := report.Err(); err == nil || !strings.HasPrefix(err.Error(), "10 of 30 connections unresolved: pcc-02: UnknownOwner: ") {
		t.Errorf("got %v", err)
	}
}

// TestLargeBatch: if a report cannot list all, it lists the most serious.
func TestLargeBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		w.Put(request("pcc-fine", partner), request("pcc-nobody", 0))
		hints := slices.Repeat([]guard.Hint{{InstanceID: "pcc-fine", ClientToken: "t"}}, 1_005)
		hints[1_003].InstanceID = "pcc-nobody"
		report := w.Check(within(t, time.Hour), w.triggered("event-1 (+1004)"), hints)
		if n := len(report.Connections); n != 1_000 || report.Connections[0].InstanceID != "pcc-nobody" || report.Counts[guard.Allowed] != 1_004 {
			t.Errorf("%d listed, counts %v", n, report.Counts)
		}
	})
}

// TestAfterTheDeadline: hints that the deadline leaves are counted as failed, and there is nothing else to do for them.
func TestAfterTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		hints := slices.Repeat([]guard.Hint{{InstanceID: "pcc-x", ClientToken: "t"}}, 10_000)
		report := w.Check(within(t, -time.Second), w.triggered("event-1 (+9999)"), hints)
		if report.Counts[guard.Failed] != 10_000 || report.Complete || report.Err() == nil || len(report.Connections) != 1_000 || code(report.Connections[0]) != "DeadlineExceeded" {
			t.Errorf("got %s, %v", nonzero(report.Counts), report.Err())
		}
		if len(w.judged) > 0 || w.Stats().Calls > 0 {
			t.Errorf("%d judged, %d calls", len(w.judged), w.Stats().Calls)
		}
	})
}

// TestManagedAndPending: a request that another service manages is left alone, and its entry says what the policy would do.
func TestManagedAndPending(t *testing.T) {
	t.Parallel()
	managed := func(i *simulator.Item) { i.ManagedService = "SWAS" }
	for _, tt := range []struct {
		item     simulator.Item
		decision policy.Verdict
	}{
		{request("pcc-x", stranger, managed), policy.Reject},
		{request("pcc-x", partner, managed), ""},
		{request("pcc-x", stranger, managed, status(peering.Activated)), ""},
	} {
		w := newWorld(t, rules)
		w.Put(tt.item)
		if e := only(t, w.check(within(t, time.Minute), "pcc-x")); e.Outcome != guard.Ignored || e.Decision != tt.decision || !strings.HasPrefix(e.Reason, "managed by SWAS") {
			t.Errorf("got %+v, want decision %q", e, tt.decision)
		}
	}
}
