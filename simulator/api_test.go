package simulator_test

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"
	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

func TestGetShowsEverything(t *testing.T) {
	t.Parallel()
	full := with(request("pcc-1"), func(it *simulator.Item) {
		it.OwnerID, it.AcceptingOwnerUID = 9007199254740993, 1111111111111111 // the first has no float64
		it.Bandwidth, it.BizStatus, it.Name, it.Description = 100, "FinancialLocked", "n <&> ü", "d"
		it.GmtCreate, it.GmtModified, it.GmtExpired = "2022-04-24T09:02:36Z", "2022-04-24T19:20:45Z", "2122-05-01T09:02:36Z"
		it.VPC.Ipv6Cidrs, it.Tags = []string{"2001:db8::/56"}, []simulator.Tag{{"k", "v"}}
		it.ManagedService, it.LinkType, it.ResourceGroupID = "SWAS", "Gold", "rg-1"
	})
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := newCloud(full)
		got, err := start(c).as(accepterKey).get("pcc-1")
		if err != nil {
			t.Fatal(err)
		}
		var wire simulator.Item
		if err := json.Unmarshal(got.GetHttpContentBytes(), &wire); err != nil {
			t.Fatal(err)
		}
		want := with(full, func(it *simulator.Item) {
			it.AcceptingVPC.Ipv4Cidrs, it.AcceptingVPC.Ipv6Cidrs = []string{}, []string{}
		})
		if d := cmp.Diff(want, wire); d != "" {
			t.Errorf("on the wire (-want +got):\n%s", d)
		}
		if got.OwnerId != full.OwnerID || got.Vpc.Ipv4Cidrs[0] != "10.1.0.0/16" || got.Tags[0].Key != "k" || got.GmtExpired != string(full.GmtExpired) || got.RequestId == "" {
			t.Errorf("the SDK reads %+v", got)
		}
	})
}

func TestGetIsForTheTwoSidesOnly(t *testing.T) {
	t.Parallel()
	r := inProcess(newCloud(request("pcc-1")))
	for _, tc := range []struct {
		key  simulator.Key
		id   string
		want string
	}{
		{accepterKey, "pcc-1", ""}, {sessionKey, "pcc-1", ""}, {requesterKey, "pcc-1", ""},
		{strangerKey, "pcc-1", "ResourceNotFound.InstanceId"}, {accepterKey, "pcc-2", "ResourceNotFound.InstanceId"},
	} {
		_, err := r.as(tc.key).get(tc.id)
		wantCode(t, tc.key.ID+" "+tc.id, err, tc.want)
	}
}

func TestGmtExpiredIsNullUnlessItMeansSomething(t *testing.T) {
	t.Parallel()
	for status, shown := range map[peering.Status]bool{
		peering.Creating: false, peering.Accepting: true, peering.Updating: false, peering.Activated: false,
		peering.Rejected: false, peering.Expired: true, peering.Deleting: false, peering.Deleted: false,
	} {
		c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.Status = status }))
		got, err := inProcess(c).as(accepterKey).get("pcc-1")
		if err != nil || got.Status != string(status) || (got.GmtExpired != "") != shown {
			t.Errorf("%s: %v, status %q, GmtExpired %q", status, err, got.Status, got.GmtExpired)
		}
		var wire map[string]any
		if err := json.Unmarshal(got.GetHttpContentBytes(), &wire); err != nil || !shown && wire["GmtExpired"] != nil {
			t.Errorf("%s: %v, wire %v", status, err, wire["GmtExpired"])
		}
	}
}

func TestUnknownRequester(t *testing.T) {
	t.Parallel()
	r := inProcess(newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.OwnerID = 0 }))).as(accepterKey)
	got, err := r.get("pcc-1")
	if err != nil || got.OwnerId != 0 || got.AcceptingOwnerUid != 1111111111111111 {
		t.Errorf("%v, %+v", err, got)
	}
	_, err = inProcess(r.rig.Cloud).as(requesterKey).get("pcc-1")
	wantCode(t, "whose owner is not known", err, "ResourceNotFound.InstanceId")
}

func TestReject(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		key    simulator.Key
		id     string
		status peering.Status
		dryRun bool
		want   string
		after  peering.Status
	}{
		{"pending", accepterKey, "pcc-1", peering.Accepting, false, "", peering.Rejected},
		{"by a session", sessionKey, "pcc-1", peering.Accepting, false, "", peering.Rejected},
		{"dry run", accepterKey, "pcc-1", peering.Accepting, true, "DryRunOperation", peering.Accepting},
		{"dry run of what cannot be", accepterKey, "pcc-1", peering.Activated, true, "IncorrectStatus.VpcPeer", peering.Activated},
		{"creating", accepterKey, "pcc-1", peering.Creating, false, "IncorrectStatus.VpcPeer", peering.Creating},
		{"active", accepterKey, "pcc-1", peering.Activated, false, "IncorrectStatus.VpcPeer", peering.Activated},
		{"rejected", accepterKey, "pcc-1", peering.Rejected, false, "IncorrectStatus.VpcPeer", peering.Rejected},
		{"expired", accepterKey, "pcc-1", peering.Expired, false, "IncorrectStatus.VpcPeer", peering.Expired},
		{"by the requester", requesterKey, "pcc-1", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"by a stranger", strangerKey, "pcc-1", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"unknown", accepterKey, "pcc-2", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"nothing named", accepterKey, "", peering.Accepting, false, "MissingInstanceId", peering.Accepting},
	}
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		for _, tc := range cases {
			c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.Status = tc.status }))
			got, err := start(c).as(tc.key).reject(tc.id, "", tc.dryRun)
			wantCode(t, tc.name, err, tc.want)
			wantStatus(t, c, "pcc-1", tc.after)
			if err == nil && got.RequestId == "" {
				t.Errorf("%s: no request id", tc.name)
			}
			calls := c.Calls()
			if len(calls) != 1 || calls[0].Effect != (tc.want == "") || calls[0].Outcome != tc.want || calls[0].DryRun != tc.dryRun {
				t.Errorf("%s: recorded %+v", tc.name, calls)
			}
		}
	})
}

func TestDryRunMustBeABoolean(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	for value, want := range map[requests.Boolean]string{"false": "", "yes": "InvalidParameter"} {
		q := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		q.InstanceId, q.DryRun = "pcc-1", value
		_, err := inProcess(c).as(accepterKey).peer().RejectVpcPeerConnection(q)
		wantCode(t, string(value), err, want)
	}
}

func TestConcurrentRejectsOfOneConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"), request("pcc-2"))
		c.Latency = time.Second
		r := inProcess(c).as(accepterKey)
		codes := make(chan string, 3)
		var wg sync.WaitGroup
		for _, call := range []struct{ id, token string }{{"pcc-1", "t1"}, {"pcc-1", "t2"}, {"pcc-1", "t1"}, {"pcc-2", "t4"}} {
			wg.Go(func() {
				_, err := r.reject(call.id, call.token, false)
				codes <- code(err)
			})
			synctest.Wait()
			if call.id == "pcc-1" && call.token == "t2" {
				if got := <-codes; got != "OperationConflict" {
					t.Errorf("second reject: %q", got)
				}
			}
		}
		if got := <-codes; got != "LastTokenProcessing" {
			t.Errorf("the same token again: %q", got)
		}
		wantStatus(t, c, "pcc-1", peering.Accepting) // for a second, nothing has happened
		wg.Wait()
		if first, second := <-codes, <-codes; first != "" || second != "" {
			t.Errorf("winners: %q, %q", first, second)
		}
		wantStatus(t, c, "pcc-1", peering.Rejected)
		wantStatus(t, c, "pcc-2", peering.Rejected)
		if s := c.Stats(); s.Effects != 2 || s.MaxConcurrent != 2 || s.MaxConcurrentPartition != 2 || s.MaxConcurrentConnection != 2 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestTheWorldMovesOnDuringAReject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.Latency = 2 * time.Second
		c.SetStatusAfter("pcc-1", time.Second, peering.Updating)
		_, err := inProcess(c).as(accepterKey).reject("pcc-1", "", false)
		wantCode(t, "reject", err, "IncorrectStatus.VpcPeer")
		wantStatus(t, c, "pcc-1", peering.Updating)
	})
}

func TestAConnectionGoesOrComesDuringAReject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-gone"), request("pcc-new"))
		c.Latency = 2 * time.Second
		var wg sync.WaitGroup
		for id, want := range map[string]string{"pcc-gone": "ResourceNotFound.InstanceId", "pcc-new": ""} {
			wg.Go(func() {
				_, err := inProcess(c).as(accepterKey).reject(id, "t-"+id, false)
				wantCode(t, id, err, want)
			})
		}
		time.Sleep(time.Second)
		c.Remove("pcc-gone")
		c.Put(with(request("pcc-new"), func(it *simulator.Item) { it.Name = "another" }))
		wg.Wait()
		wantStatus(t, c, "pcc-new", peering.Rejected)
		if _, ok := c.Item("pcc-gone"); ok {
			t.Error("it came back")
		}
	})
}

func TestGivingUpDoesNotStopACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.Latency = time.Minute
		start := time.Now()
		if _, err := inProcess(c).as(accepterKey).patient(time.Second).reject("pcc-1", "t", false); err == nil {
			t.Error("no error")
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("gave up after %v", d)
		}
		wantStatus(t, c, "pcc-1", peering.Rejected)
	})
}

func TestStatesByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		past := simulator.Time(time.Now().Add(-time.Hour).UTC().Format(simulator.TimeFormat))
		c := newCloud(
			with(request("pcc-new"), func(it *simulator.Item) { it.Status, it.ReadyAfter = peering.Creating, 3*time.Second }),
			with(request("pcc-slow"), func(it *simulator.Item) { it.Status = peering.Creating }),
			with(request("pcc-old"), func(it *simulator.Item) { it.GmtExpired = past }),
			request("pcc-pending"),
		)
		at := func(d time.Duration, id string, want peering.Status) {
			time.Sleep(time.Until(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d)))
			wantStatus(t, c, id, want)
		}
		at(3*time.Second-1, "pcc-new", peering.Creating)
		at(3*time.Second, "pcc-new", peering.Accepting)
		at(7*24*time.Hour-1, "pcc-pending", peering.Accepting)
		at(7*24*time.Hour, "pcc-pending", peering.Expired)
		wantStatus(t, c, "pcc-slow", peering.Creating)
		wantStatus(t, c, "pcc-old", peering.Accepting) // as it was put
		if it, _ := c.Item("pcc-pending"); it.GmtModified != "2000-01-08T00:00:00Z" {
			t.Errorf("modified %s", it.GmtModified)
		}
	})
}

func TestSetStatusAndRemove(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"), request("pcc-2"))
	c.SetStatus("pcc-none", peering.Rejected)
	c.SetStatus("pcc-1", peering.Deleted)
	wantStatus(t, c, "pcc-1", peering.Deleted)
	c.Remove("pcc-none")
	c.Remove("pcc-1")
	if _, ok := c.Item("pcc-1"); ok {
		t.Error("still there")
	}
	got, err := inProcess(c).as(accepterKey).list("", 0)
	if err != nil || got.TotalCount != 1 || got.VpcPeerConnects[0].InstanceId != "pcc-2" {
		t.Errorf("%v, %+v", err, got)
	}
	if items := c.Items(); len(items) != 1 || items[0].InstanceID != "pcc-2" {
		t.Errorf("items %+v", items)
	}
}

func TestBeforeChangesTheWorldBetweenCalls(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	c.Before = func(call simulator.Call) {
		if call.Action == "RejectVpcPeerConnection" && call.Account == accepter {
			c.SetStatus(call.InstanceID, peering.Activated)
		}
	}
	_, err := inProcess(c).as(accepterKey).reject("pcc-1", "", false)
	wantCode(t, "reject", err, "IncorrectStatus.VpcPeer")
}

func TestRecord(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	var seen []simulator.Call
	c.Record = func(call simulator.Call) { seen = append(seen, call) }
	got, err := inProcess(c).as(accepterKey).in("cn-x").reject("pcc-1", "token", false)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || c.Calls() != nil {
		t.Fatalf("recorded %v, kept %v", seen, c.Calls())
	}
	want := simulator.Call{
		Time: seen[0].Time, RequestID: got.RequestId, Action: "RejectVpcPeerConnection", Account: accepter,
		Region: "cn-x", InstanceID: "pcc-1", ClientToken: "token", Effect: true,
	}
	if d := cmp.Diff(want, seen[0]); d != "" {
		t.Error(d)
	}
	if s := c.Stats(); s.Calls != 1 || s.ByAction["RejectVpcPeerConnection"] != 1 || s.Effects != 1 {
		t.Errorf("counted %+v", s)
	}
}
