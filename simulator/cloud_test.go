package simulator_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

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
		t.Error("the removed connection is still there")
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

func TestPutMovesAConnection(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"), request("pcc-2"))
	c.Put(with(request("pcc-1"), func(it *simulator.Item) { it.AcceptingRegionID = "cn-beijing" }))
	for region, want := range map[string]string{home: "pcc-2", "cn-beijing": "pcc-1"} {
		if got, err := inProcess(c).as(accepterKey).in(region).list("", 0); err != nil || strings.Join(ids(got), " ") != want {
			t.Errorf("%s: %v, %q", region, err, ids(got))
		}
	}
}
