package vpcpeer_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

func TestGetReadsTheFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := pending("pcc-one", 1111111111111111)
	item.ManagedService = "SWAS"
	w.Put(item)
	got, err := w.session.Get(within(t, time.Minute), home, "pcc-one")
	want := peering.Connection{
		ID:        "pcc-one",
		Requester: peering.Side{Account: "6666666666666666", Region: "cn-hangzhou", VPC: "vpc-a", CIDRs: []string{"10.1.0.0/16", "2001:db8::/56"}},
		Accepter:  peering.Side{Account: own, Region: "cn-shanghai", VPC: "vpc-b"},
		Status:    peering.Accepting,
		ManagedBy: "SWAS",
		Created:   "2026-11-01T00:00:00Z",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, facts (-want +got):\n%s", err, diff)
	}
}

func TestGetOfUnknownOwnersAndConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := pending("pcc-nobody", 1111111111111111)
	item.OwnerID = 0
	w.Put(item)
	got, err := w.session.Get(within(t, time.Minute), home, "pcc-nobody")
	if err != nil || got.Requester.Account.Known() {
		t.Errorf("owner 0: got account %q, error %v, want an unknown one", got.Requester.Account, err)
	}
	_, err = w.session.Get(within(t, time.Minute), home, "pcc-none")
	if f := failed(t, err); f.Class != peering.Gone || f.Retryable || f.Code != "ResourceNotFound.InstanceId" {
		t.Errorf("no such connection: got %+v", f)
	}
}

func TestRejectConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111))
	ctx := within(t, time.Minute)
	id, err := w.session.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-1"})
	if err != nil || id == "" {
		t.Fatalf("got request id %q, error %v", id, err)
	}
	again, err := w.session.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-1"})
	if err != nil || again != id {
		t.Errorf("the same token again: got %q, %v, want the first answer %q", again, err, id)
	}
	_, err = w.session.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-2"})
	if f := failed(t, err); f.Class != peering.WrongStatus || f.Retryable {
		t.Errorf("a second rejection: got %+v", f)
	}
	_, err = w.session.Reject(ctx, home, peering.Rejection{ID: "pcc-two", ClientToken: "event-1"})
	if f := failed(t, err); f.Class != peering.TokenTaken && f.Class != peering.Gone {
		t.Errorf("the token of another connection: got %+v", f)
	}
	for _, call := range w.Calls() {
		if call.Action != "RejectVpcPeerConnection" || call.Region != "cn-shanghai" || call.Account != own {
			t.Errorf("call %+v, want a rejection by the accepter in its region", call)
		}
	}
}

func TestDryRunIsAskedAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111))
	_, err := w.session.Reject(within(t, time.Minute), home, peering.Rejection{ID: "pcc-one", ClientToken: "t", DryRun: true})
	if f := failed(t, err); f.Class != peering.DryRunPassed || f.RequestID == "" {
		t.Errorf("got %+v", f)
	}
	if item, _ := w.Item("pcc-one"); item.Status != peering.Accepting {
		t.Errorf("the connection is %s after a dry run", item.Status)
	}
}

func TestListStreamsPagesOldestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 250 {
		item := pending(fmt.Sprintf("pcc-%03d", i), 1111111111111111)
		item.GmtCreate = fmt.Sprintf("2026-11-01T00:%02d:%02dZ", (249-i)/60, (249-i)%60)
		w.Put(item)
	}
	var sizes []int
	for page, err := range w.session.List(within(t, time.Minute), home) {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page))
		if !slices.IsSortedFunc(page, func(a, b peering.Connection) int { return strings.Compare(a.Created, b.Created) }) {
			t.Errorf("page %d is not in order of age: %s", len(sizes), ids(page))
		}
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("pages of %v, want 100, 100, 50", sizes)
	}
}

func TestListStopsWhenTheReaderDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 250 {
		w.Put(pending(fmt.Sprintf("pcc-%03d", i), 1111111111111111))
	}
	for _, err := range w.session.List(within(t, time.Minute), home) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if calls := w.Stats().Calls; calls != 1 {
		t.Errorf("%d calls, want one: pages are read when they are asked for", calls)
	}
}

func TestListOfAnEmptyPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pages := 0
	for page, err := range w.session.List(within(t, time.Minute), home) {
		pages++
		if err != nil || len(page) != 0 {
			t.Errorf("got %s, %v", ids(page), err)
		}
	}
	if pages != 1 {
		t.Errorf("%d pages, want the empty one", pages)
	}
}

// TestListsThatDoNotEnd: a NextToken that repeats, or never ends, is an error and not a loop.
func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.SameToken, simulator.EndlessPages} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range 250 {
					w.Put(pending(fmt.Sprintf("pcc-%03d", i), 1111111111111111))
				}
				w.Inject(simulator.Fault{Kind: kind, Action: "ListVpcPeerConnections"})
				var last error
				for _, err := range w.session.List(within(t, time.Hour), home) {
					last = err
				}
				if f := failed(t, last); f.Code != "NoConfirmation" || !strings.Contains(f.Message, "does not end") {
					t.Errorf("got %v", f)
				}
				if n := w.Stats().Calls; n > 1_100 {
					t.Errorf("%d calls", n)
				}
			})
		})
	}
}

func TestMemberAccountsAreReachedThroughTheirRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 9999999999999999), pending("pcc-two", 9999999999999999))
		there := peering.Partition{Account: member, Region: "cn-shanghai"}
		reject := func(id string) {
			t.Helper()
			if _, err := w.session.Reject(within(t, time.Minute), there, peering.Rejection{ID: id, ClientToken: id}); err != nil {
				t.Fatal(err)
			}
		}
		reject("pcc-one")
		time.Sleep(30 * time.Minute)
		reject("pcc-two")
		if n := w.Stats().ByAction["AssumeRole"]; n != 1 {
			t.Errorf("%d sessions for two calls within the hour, want one", n)
		}
		time.Sleep(26 * time.Minute)
		w.Put(pending("pcc-three", 9999999999999999))
		reject("pcc-three")
		if n := w.Stats().ByAction["AssumeRole"]; n != 2 {
			t.Errorf("%d sessions, want a new one shortly before the first ends", n)
		}
		for _, call := range w.Calls() {
			if call.Action != "AssumeRole" && call.Account != member {
				t.Errorf("%s was called as %s, want the member account", call.Action, call.Account)
			}
		}
	})
}

func TestRefusedSessionIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, forever := range []bool{false, true} {
		t.Run(fmt.Sprintf("forever=%t", forever), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Put(pending("pcc-one", 9999999999999999))
				fault := simulator.Fault{Kind: simulator.TokenExpired, Action: "GetVpcPeerConnectionAttribute", Count: 1}
				if forever {
					fault.Count = 0
				}
				w.Inject(fault)
				_, err := w.session.Get(within(t, time.Minute), peering.Partition{Account: member, Region: "cn-shanghai"}, "pcc-one")
				if !forever && err != nil {
					t.Errorf("got %v, want the facts through a new session", err)
				}
				if forever && failed(t, err).Code != "InvalidSecurityToken.Expired" {
					t.Errorf("got %v, want the API's code", err)
				}
				if n := w.Stats().ByAction["AssumeRole"]; n != 2 {
					t.Errorf("%d sessions, want the refused one and a new one", n)
				}
			})
		})
	}
}

// late hands requests for one region on a second later.
type late struct {
	http.RoundTripper
	region string
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("RegionId") == l.region {
		time.Sleep(time.Second)
	}
	return l.RoundTripper.RoundTrip(r)
}

// TestRenewalElsewhereHoldsUpNoDeadline: a session is refused while a call with more time renews it already, in vain.
func TestRenewalElsewhereHoldsUpNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.session = session(vpcpeer.Config{Transport: late{w.Cloud, "cn-hangzhou"}})
		if err := w.session.Assume(within(t, time.Minute), member); err != nil {
			t.Fatal(err)
		}
		w.Inject(
			simulator.Fault{Kind: simulator.TokenExpired, Action: "GetVpcPeerConnectionAttribute"},
			simulator.Fault{Kind: simulator.Hang, Action: "AssumeRole"},
		)
		start := time.Now()
		var calls sync.WaitGroup
		for region, d := range map[string]time.Duration{"cn-shanghai": 5 * time.Minute, "cn-hangzhou": 15 * time.Second} {
			calls.Go(func() {
				_, err := w.session.Get(within(t, d), peering.Partition{Account: member, Region: region}, "pcc-one")
				if took := time.Since(start); err == nil || took > d {
					t.Errorf("%s: got %v after %v, want a failure within %v", region, err, took, d)
				}
			})
		}
		calls.Wait()
	})
}

func TestRolesThatCannotBeAssumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Deny(own, "AssumeRole")
	there := peering.Partition{Account: member, Region: "cn-shanghai"}
	_, err := w.session.Get(within(t, time.Minute), there, "pcc-one")
	f := failed(t, err)
	if f.Retryable || !strings.Contains(f.Message, "assuming "+role) {
		t.Errorf("got %+v, want a final failure that names the role", f)
	}
	if w.Stats().ByAction["GetVpcPeerConnectionAttribute"] != 0 {
		t.Error("the connection was read with other credentials")
	}
}
