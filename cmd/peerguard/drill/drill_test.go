package drill_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/cmd/peerguard/drill"
	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

const (
	guarded = peering.Account("1111111111111111")
	second  = peering.Account("8888888888888888")
)

// world is a simulated cloud with a drill in it that nobody has started.
type world struct {
	*simulator.Cloud
	*drill.Drill
}

func newWorld() *world {
	cloud := &simulator.Cloud{ReadyAfter: 2 * time.Second, ListLag: time.Second}
	cloud.AddKey(simulator.Key{ID: "id-1", Secret: "secret-1", Account: guarded})
	cloud.AddKey(simulator.Key{ID: "id-2", Secret: "secret-2", Account: second})
	cloud.Deny(second, "RejectVpcPeerConnection")
	api := acs.New(acs.Config{Transport: cloud})
	return &world{cloud, &drill.Drill{
		Cloud:     api,
		Requester: party(api, second, "cn-hangzhou", "vpc-a", peering.NewCredentials("id-2", "secret-2", "")),
		Accepter:  party(api, guarded, "cn-shanghai", "vpc-b", peering.NewCredentials("id-1", "secret-1", "")),
		Enforce:   true, Digest: "sha256:ours", Version: "v1", Timeout: 30 * time.Second,
	}}
}

func party(api *acs.Cloud, account peering.Account, region, vpc string, keys peering.Credentials) drill.Party {
	caller := acs.Caller{Account: account, Region: region, Credentials: keys}
	noRole := func(peering.Account) (peering.Role, bool) { return peering.Role{}, false }
	return drill.Party{Side: peering.Side{Account: account, Region: region, VPC: vpc}, Caller: caller, Client: vpcpeer.New(api, caller, noRole)}
}

// after changes the status of every connection some time from now.
func (w *world) after(t time.Duration, status peering.Status) {
	time.AfterFunc(t, func() {
		for _, item := range w.Items() {
			w.SetStatus(item.InstanceID, status)
		}
	})
}

// says makes a log in which one report names the request from some time on.
func (w *world) says(after time.Duration, told drill.Told) {
	start := time.Now()
	told.Trigger, told.ID = "sweep", "s@1"
	w.Log = func(string) ([]drill.Told, time.Time, error) {
		if time.Since(start) < after {
			return nil, start.Add(-time.Minute), nil
		}
		return []drill.Told{told}, start.Add(after), nil
	}
}

func steps(r *drill.Record) string {
	names := make([]string, len(r.Steps))
	for i, s := range r.Steps {
		names[i] = s.Name
	}
	return strings.Join(names, " ")
}

func points(r *drill.Record) map[string]drill.Point {
	by := map[string]drill.Point{}
	for _, p := range r.Points {
		by[p.Name] = p
	}
	return by
}

// TestDrills: how a drill ends, by what happens during it. It always deletes what it made, and accepts and rejects nothing.
func TestDrills(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set    func(w *world)
		result drill.Result
		why    string // part of it
		clue   string // part of one
		steps  string
	}{
		"the function rejects": {
			set:    func(w *world) { w.after(5*time.Second, peering.Rejected) },
			result: drill.Passed, why: "was rejected, as the policy says", steps: "requested listed pending rejected seen-rejected deleted",
		},
		"nobody rejects": {
			set:    func(*world) {},
			result: drill.Failed, why: "nobody rejected the request within 30s", clue: "seems not to run", steps: "requested listed pending deleted",
		},
		"nobody rejects, and the log ended before": {
			set:    func(w *world) { w.says(time.Hour, drill.Told{}) },
			result: drill.Failed, why: "nobody rejected", clue: "its newest report is 60 s older than the request", steps: "requested listed pending deleted",
		},
		"nobody rejects, and the function does not see it": {
			set: func(w *world) {
				w.Log = func(string) ([]drill.Told, time.Time, error) { return nil, time.Now(), nil }
			},
			result: drill.Failed, why: "nobody rejected", clue: "no report names the request: compare guard.accounts", steps: "requested listed pending deleted",
		},
		"the log cannot be read": {
			set: func(w *world) {
				w.Log = func(string) ([]drill.Told, time.Time, error) { return nil, time.Time{}, errors.New("no such file") }
			},
			result: drill.Failed, why: "nobody rejected", clue: "could not be read: no such file", steps: "requested listed pending deleted",
		},
		"a list that never shows the request": {
			set:    func(w *world) { w.ListLag = time.Hour },
			result: drill.Failed, why: "nobody rejected", clue: "did not show the request", steps: "requested pending deleted",
		},
		"a list that shows it later than the rejection": {
			set: func(w *world) {
				w.ListLag = 8 * time.Second
				w.after(4100*time.Millisecond, peering.Rejected)
			},
			result: drill.Passed, steps: "requested pending rejected seen-rejected listed deleted",
		},
		"an accepter that sees it later than the requester": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.StaleRead, Action: "GetVpcPeerConnectionAttribute", Account: guarded, For: 3 * time.Second})
				w.after(6*time.Second, peering.Rejected)
			},
			result: drill.Passed, steps: "requested listed pending seen-rejected rejected deleted",
		},
		"somebody accepts": {
			set:    func(w *world) { w.after(5*time.Second, peering.Activated) },
			result: drill.Failed, why: "somebody accepted the request", steps: "requested listed pending deleted",
		},
		"somebody deletes it": {
			set: func(w *world) {
				time.AfterFunc(5*time.Second, func() {
					for _, item := range w.Items() {
						w.Remove(item.InstanceID)
					}
				})
			},
			result: drill.Failed, why: "the request became Deleted, which neither the function nor the drill does", steps: "requested listed pending deleted",
		},
		"a rejection that the list shows after the time is over": {
			set: func(w *world) {
				w.ListLag = time.Hour
				w.after(25*time.Second, peering.Rejected)
			},
			result: drill.Passed, steps: "requested pending rejected seen-rejected deleted",
		},
		"it stays in its first state": {
			set:    func(w *world) { w.ReadyAfter = 40 * time.Second },
			result: drill.Failed, why: "was Creating for 30s", steps: "requested listed deleted",
		},
		"a dry run that the log tells of": {
			set: func(w *world) {
				w.Enforce = false
				w.says(6*time.Second, drill.Told{Outcome: "would_reject", Digest: "sha256:ours"})
			},
			result: drill.Passed, why: "left it pending", steps: "requested listed pending reported deleted",
		},
		"a dry run without a log": {
			set:    func(w *world) { w.Enforce = false },
			result: drill.Passed, why: "only --report can show that the function saw it", steps: "requested listed pending deleted",
		},
		"a dry run that nobody tells of": {
			set: func(w *world) {
				w.Enforce = false
				w.says(time.Hour, drill.Told{})
			},
			result: drill.Failed, why: "no report says would_reject within 30s", clue: "60 s older", steps: "requested listed pending deleted",
		},
		"a dry run that rejects": {
			set: func(w *world) {
				w.Enforce = false
				w.after(5*time.Second, peering.Rejected)
			},
			result: drill.Failed, why: "although the policy's mode is dry-run", steps: "requested listed pending rejected seen-rejected deleted",
		},
		"the deployed policy allows it": {
			set:    func(w *world) { w.says(5*time.Second, drill.Told{Outcome: "allowed", Digest: "sha256:other"}) },
			result: drill.Failed, why: "says allowed, and not rejected", clue: "another policy than the drill: sha256:other", steps: "requested listed pending reported deleted",
		},
		"a failed invocation": {
			set: func(w *world) {
				w.says(5*time.Second, drill.Told{Outcome: "failed", Why: "NoPermission: no", Digest: "sha256:ours"})
			},
			result: drill.Failed, why: "nobody rejected", clue: "says failed: NoPermission: no", steps: "requested listed pending deleted",
		},
		"the API refuses the request": {
			set:    func(w *world) { w.Deny(second, "CreateVpcPeerConnection") },
			result: drill.Failed, why: "sending the request: Forbidden.RAM",
		},
		"an answer that is lost": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.ResetAfter, Action: "CreateVpcPeerConnection", Count: 1})
				w.after(5*time.Second, peering.Rejected)
			},
			result: drill.Passed, steps: "requested listed pending rejected seen-rejected deleted",
		},
		"an answer that never comes": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.HangAfter, Action: "CreateVpcPeerConnection"})
			},
			result: drill.Failed, why: "sending the request: ", steps: "found deleted",
		},
		"no answer, and no request": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "CreateVpcPeerConnection"})
			},
			result: drill.Failed, why: "sending the request: ",
		},
		"everything fails once": {
			set: func(w *world) {
				for _, action := range simulator.Actions() {
					for _, account := range []peering.Account{guarded, second} {
						w.Inject(simulator.Fault{Kind: simulator.InternalError, Action: action, Account: account, Count: 1})
					}
				}
				w.after(5*time.Second, peering.Rejected)
			},
			result: drill.Passed, steps: "requested listed pending rejected seen-rejected deleted",
		},
		"the accepter may not read it": {
			set:    func(w *world) { w.Deny(guarded, "GetVpcPeerConnectionAttribute") },
			result: drill.Failed, why: "reading the request as account 1111111111111111: Forbidden.RAM", steps: "requested deleted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				tt.set(w)
				r := w.Run(t.Context())
				if r.Result != tt.result || !strings.Contains(r.Why, tt.why) || steps(r) != tt.steps {
					t.Errorf("%s: %s\nclues %q\nsteps %s\nwant  %s", r.Result, r.Why, r.Clues, steps(r), tt.steps)
				}
				if tt.clue != "" && !slices.ContainsFunc(r.Clues, func(c string) bool { return strings.Contains(c, tt.clue) }) {
					t.Errorf("no clue says %q: %q", tt.clue, r.Clues)
				}
				if left := w.Items(); len(left) > 0 || len(r.Left) > 0 {
					t.Errorf("it left %+v, %q", left, r.Left)
				}
				w.changesNothing(t)
			})
		})
	}
}

// changesNothing fails the test if a call of the drill changed anything but what the drill made and deleted.
func (w *world) changesNothing(t *testing.T) {
	t.Helper()
	for _, c := range w.Calls() {
		switch {
		case c.Action == "AcceptVpcPeerConnection", c.Action == "RejectVpcPeerConnection" && c.Effect:
			t.Errorf("the drill called %+v", c)
		case c.Effect && c.Account != second:
			t.Errorf("the accepter changed something: %+v", c)
		}
	}
}

// TestPoints: what one request in an ordinary cloud shows.
func TestPoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  func(w *world)
		seen map[string]string // what a point says begins with + if it is settled, and - if not
	}{
		"as the simulator is": {
			set: func(w *world) { w.says(4*time.Second, drill.Told{Outcome: "rejected", Digest: "sha256:ours"}) },
			seen: map[string]string{
				"list-by-region": "+the list of cn-shanghai showed the request after 1.0 s, which came from cn-hangzhou",
				"first-status":   "+the requester saw Creating from 0.0 s, Accepting from 2.0 s, Rejected from 5.",
				"second-reject":  "+IncorrectStatus.VpcPeer",
				"dry-run-order":  "+permission comes first",
				"token-memory":   "+yes",
				"quota-pending":  "-a dry run of a second request while this one was pending was answered with ResourceAlreadyExist.VpcPeer",
				"quota-rejected": "-a dry run of a second request while this one was rejected was answered with DryRunOperation",
				"event-path":     "-only sweeps saw it: sweep s@1: rejected",
			},
		},
		"a full quota": {
			set: func(w *world) { w.MaxConnections = 1 },
			seen: map[string]string{
				"quota-pending":  "+yes: ",
				"quota-rejected": "+yes: ",
				"event-path":     "-pass the function's log with --report",
			},
		},
		"existence before permission": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.Vanished, Action: "RejectVpcPeerConnection", Account: second, Skip: 1})
			},
			seen: map[string]string{"dry-run-order": "+existence comes first"},
		},
		"a requester with too many rights": {
			set:  func(w *world) { w.Allow(second, "RejectVpcPeerConnection") },
			seen: map[string]string{"dry-run-order": "-the requester seems to have the permission"},
		},
		"one region": {
			set:  func(w *world) { w.Requester.Side.Region = "cn-shanghai" },
			seen: map[string]string{"list-by-region": "-the list of cn-shanghai showed the request after 1.0 s; both VPCs are in that region"},
		},
		"a list without the request": {
			set:  func(w *world) { w.ListLag = time.Hour },
			seen: map[string]string{"list-by-region": "+the list of cn-shanghai did not show the request, which came from cn-hangzhou"},
		},
		"tokens that nobody remembers": {
			set: func(w *world) {
				w.Inject(simulator.Fault{Kind: simulator.Vanished, Action: "DeleteVpcPeerConnection", Skip: 1})
			},
			seen: map[string]string{"token-memory": "+no"},
		},
		"no permission to reject": {
			set:  func(w *world) { w.Deny(guarded, "RejectVpcPeerConnection") },
			seen: map[string]string{"second-reject": "-Forbidden.RAM"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.after(5*time.Second, peering.Rejected)
				tt.set(w)
				r := w.Run(t.Context())
				by := points(r)
				for point, want := range tt.seen {
					got := map[bool]string{true: "+", false: "-"}[by[point].Settled] + by[point].Seen
					if !strings.HasPrefix(got, want) {
						t.Errorf("%s: %s\nwant %s", point, got, want)
					}
				}
				if r.Result != drill.Passed || len(by) != 8 {
					t.Errorf("%s: %s, %d points", r.Result, r.Why, len(by))
				}
			})
		})
	}
}

// TestInterrupted: after Ctrl-C nothing is left, whatever the drill was doing.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"while it is Creating": time.Second, "while it is pending": 3 * time.Second, "while it is sent": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.Latency = 50 * time.Millisecond
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(after, cancel)
				r := w.Run(ctx)
				if r.Result != drill.Interrupted || len(w.Items()) > 0 || !strings.HasSuffix(steps(r), "deleted") {
					t.Errorf("%s: %s, %s; left %v", r.Result, r.Why, steps(r), w.Items())
				}
				w.changesNothing(t)
			})
		})
	}
}

// TestWhatCannotBeDeleted: a connection that is left is named, and the next drill finds it by its name.
func TestWhatCannotBeDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.Deny(second, "DeleteVpcPeerConnection")
		w.after(5*time.Second, peering.Rejected)
		r := w.Run(t.Context())
		if r.Result != drill.Failed || !slices.Equal(r.Left, []string{r.Connection}) || !strings.Contains(r.Why, "Forbidden.RAM") {
			t.Errorf("%s: %s, left %q", r.Result, r.Why, r.Left)
		}
		theirs := simulator.Item{
			InstanceID: "pcc-theirs", OwnerID: 1111111111111111, AcceptingOwnerUID: 8888888888888888, Name: drill.Prefix + "1",
			RegionID: "cn-hangzhou", AcceptingRegionID: "cn-hangzhou", Status: peering.Accepting,
		}
		other := theirs
		other.InstanceID, other.OwnerID, other.AcceptingOwnerUID, other.Name = "pcc-other", 8888888888888888, 1111111111111111, "payments"
		w.Put(theirs, other)
		time.Sleep(5 * time.Second)
		w.Allow(second, "DeleteVpcPeerConnection")
		left, err := w.Leftovers(t.Context())
		if err != nil || len(left) != 1 || left[0].ID != r.Connection {
			t.Fatalf("%v, %+v", err, left)
		}
		if _, err := w.Delete(t.Context(), left[0].ID); err != nil || len(w.Items()) != 2 {
			t.Errorf("%v, %d connections", err, len(w.Items()))
		}
	})
}

// TestMarkdown: what others chose cannot change the form of the text, and accounts are masked.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := &drill.Record{
		Version: "v1", Mode: "enforce", Requester: w.Requester.Side, Result: drill.Failed, Why: "answered | with <b>", Clues: []string{"@everyone"},
		Steps: []drill.Step{{Name: "listed", Seconds: 1.5, Seen: "a|b"}}, Points: []drill.Point{{Name: "token-memory", Question: "Why?", Settled: true, Seen: "yes"}},
	}
	text := w.Mask()(r.Markdown())
	for _, want := range []string{"### Fire drill: failed\n", `answered \| with \<b\>`, "@<!-- -->everyone", "| 1.5 | listed | a\\|b |\n", "| `token-memory`: Why? | yes | yes |", "account …8888 in cn-hangzhou"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, string(second)) {
		t.Errorf("an account id is in\n%s", text)
	}
}
