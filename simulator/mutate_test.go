package simulator_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

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
		{"dry run of an active one", accepterKey, "pcc-1", peering.Activated, true, "IncorrectStatus.VpcPeer", peering.Activated},
		{"creating", accepterKey, "pcc-1", peering.Creating, false, "IncorrectStatus.VpcPeer", peering.Creating},
		{"active", accepterKey, "pcc-1", peering.Activated, false, "IncorrectStatus.VpcPeer", peering.Activated},
		{"rejected", accepterKey, "pcc-1", peering.Rejected, false, "IncorrectStatus.VpcPeer", peering.Rejected},
		{"expired", accepterKey, "pcc-1", peering.Expired, false, "IncorrectStatus.VpcPeer", peering.Expired},
		{"by the requester", requesterKey, "pcc-1", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"by a stranger", strangerKey, "pcc-1", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"unknown", accepterKey, "pcc-2", peering.Accepting, false, "ResourceNotFound.InstanceId", peering.Accepting},
		{"no instance id", accepterKey, "", peering.Accepting, false, "MissingInstanceId", peering.Accepting},
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
		wantStatus(t, c, "pcc-1", peering.Accepting) // nothing happens for a second
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
			t.Error("the removed connection came back")
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
