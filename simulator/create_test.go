package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

func (r caller) create(change func(*vpcpeer.CreateVpcPeerConnectionRequest)) (*vpcpeer.CreateVpcPeerConnectionResponse, error) {
	q := vpcpeer.CreateCreateVpcPeerConnectionRequest()
	q.VpcId, q.AcceptingVpcId, q.AcceptingRegionId, q.AcceptingAliUid = "vpc-a", "vpc-b", home, requests.Integer(accepter)
	if change != nil {
		change(q)
	}
	return r.peer().CreateVpcPeerConnection(q)
}

func (r caller) accept(id string) error {
	q := vpcpeer.CreateAcceptVpcPeerConnectionRequest()
	q.InstanceId = id
	_, err := r.peer().AcceptVpcPeerConnection(q)
	return err
}

func (r caller) delete(id string) error {
	q := vpcpeer.CreateDeleteVpcPeerConnectionRequest()
	q.InstanceId = id
	_, err := r.peer().DeleteVpcPeerConnection(q)
	return err
}

func TestLifeOfAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.ReadyAfter = 2 * time.Second
		mine, theirs := inProcess(c).as(accepterKey), inProcess(c).as(requesterKey).in(away)
		made, err := theirs.create(nil)
		if err != nil || !peering.ValidID(made.InstanceId) {
			t.Fatalf("%v, %+v", err, made)
		}
		id := made.InstanceId
		step := func(what string, err error, code string, now, later peering.Status) {
			t.Helper()
			wantCode(t, what, err, code)
			wantStatus(t, c, id, now)
			time.Sleep(2 * time.Second)
			if later != "" {
				wantStatus(t, c, id, later)
			}
		}
		_, again := theirs.create(nil)
		wantCode(t, "another between the same VPCs", again, "ResourceAlreadyExist.VpcPeer")
		wantCode(t, "delete too early", theirs.delete(id), "IncorrectStatus.VpcPeer")
		step("create", nil, "", peering.Creating, peering.Accepting)
		step("accept by the requester", theirs.accept(id), "ResourceNotFound.InstanceId", peering.Accepting, peering.Accepting)
		step("accept", mine.accept(id), "", peering.Updating, peering.Activated)
		step("accept again", mine.accept(id), "IncorrectStatus.VpcPeer", peering.Activated, peering.Activated)
		step("delete by a stranger", inProcess(c).as(strangerKey).delete(id), "ResourceNotFound.InstanceId", peering.Activated, peering.Activated)
		step("delete", mine.delete(id), "", peering.Deleting, "")
		_, err = theirs.get(id)
		wantCode(t, "get afterwards", err, "ResourceNotFound.InstanceId")
		wantCode(t, "delete afterwards", theirs.delete(id), "ResourceNotFound.InstanceId")
		if got, err := mine.list("", 0); err != nil || got.TotalCount != 0 || len(got.VpcPeerConnects) != 0 || len(c.Items()) != 0 {
			t.Errorf("list afterwards: %v, %+v", err, got)
		}
		c.Put(request(id))
		if got, err := mine.list("", 0); err != nil || got.TotalCount != 1 {
			t.Errorf("list after the same id came again: %v, %+v", err, got)
		}
	})
}

func TestCreate(t *testing.T) {
	t.Parallel()
	type req = vpcpeer.CreateVpcPeerConnectionRequest
	cases := []struct {
		name   string
		change func(*req)
		want   string
		status peering.Status
	}{
		{"across accounts", nil, "", peering.Accepting},
		{"within the account", func(q *req) { q.AcceptingAliUid = "" }, "", peering.Activated},
		{"dry run", func(q *req) { q.DryRun = "true" }, "DryRunOperation", ""},
		{"DryRun not a boolean", func(q *req) { q.DryRun = "maybe" }, "InvalidParameter", ""},
		{"no VPC", func(q *req) { q.VpcId = "" }, "MissingVpcId", ""},
		{"no accepting VPC", func(q *req) { q.AcceptingVpcId = "" }, "MissingAcceptingVpcId", ""},
		{"no accepting region", func(q *req) { q.AcceptingRegionId = "" }, "MissingAcceptingRegionId", ""},
		{"an account that is none", func(q *req) { q.AcceptingAliUid = "me" }, "InvalidParameter.AcceptingAliUid", ""},
		{"a region that is none", func(q *req) { q.RegionId = "xx-nowhere" }, "UnsupportedRegion", ""},
		{"a bad token", func(q *req) { q.ClientToken = "ü" }, "InvalidClientToken.ValueNotSupported", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud()
			c.Regions = []string{home, away}
			got, err := inProcess(c).as(requesterKey).in(away).create(tc.change)
			wantCode(t, "create", err, tc.want)
			if tc.status != "" {
				wantStatus(t, c, got.InstanceId, tc.status)
			} else if n := len(c.Items()); n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestCreateIsIdempotent(t *testing.T) {
	t.Parallel()
	c := newCloud()
	r := inProcess(c).as(requesterKey).in(away)
	token := func(q *vpcpeer.CreateVpcPeerConnectionRequest) { q.ClientToken = "t" }
	first, err := r.create(token)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.create(token)
	if err != nil || second.InstanceId != first.InstanceId || second.RequestId != first.RequestId || len(c.Items()) != 1 {
		t.Errorf("%v, %+v after %+v", err, second, first)
	}
}

func TestANewRequestAfterARejection(t *testing.T) {
	t.Parallel()
	c := newCloud()
	theirs := inProcess(c).as(requesterKey).in(away)
	first, err := theirs.create(nil)
	wantCode(t, "first", err, "")
	_, err = inProcess(c).as(accepterKey).reject(first.InstanceId, "", false)
	wantCode(t, "reject", err, "")
	second, err := theirs.create(nil)
	wantCode(t, "second", err, "")
	wantStatus(t, c, first.InstanceId, peering.Rejected)
	wantStatus(t, c, second.InstanceId, peering.Accepting)
}

func TestDeleteRefusesWhatAServiceManages(t *testing.T) {
	t.Parallel()
	c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.ManagedService = "SWAS" }))
	wantCode(t, "delete", inProcess(c).as(accepterKey).delete("pcc-1"), "OperationDenied.ServiceManagedInstance")
}

func TestForceMustBeABoolean(t *testing.T) {
	t.Parallel()
	for value, want := range map[requests.Boolean]string{"true": "", "yes": "InvalidParameter"} {
		q := vpcpeer.CreateDeleteVpcPeerConnectionRequest()
		q.InstanceId, q.Force = "pcc-1", value
		_, err := inProcess(newCloud(request("pcc-1"))).as(accepterKey).peer().DeleteVpcPeerConnection(q)
		wantCode(t, string(value), err, want)
	}
}

// TestAListLags: a List shows a connection later than Get does, and each change of it.
func TestAListLags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.ListLag = 3 * time.Second
		mine, theirs := inProcess(c).as(accepterKey), inProcess(c).as(requesterKey).in(away)
		made, err := theirs.create(nil)
		if err != nil {
			t.Fatal(err)
		}
		shows := func(when, want string) {
			t.Helper()
			page, err := mine.list("", 20)
			got := ""
			if len(page.VpcPeerConnects) > 0 {
				got = page.VpcPeerConnects[0].Status
			}
			if err != nil || got != want || page.TotalCount != len(page.VpcPeerConnects) {
				t.Errorf("%s: %q of %d, %v, want %q", when, got, page.TotalCount, err, want)
			}
		}
		if got, err := mine.get(made.InstanceId); err != nil || got.Status != "Accepting" {
			t.Errorf("Get at once: %+v, %v", got, err)
		}
		shows("at once", "")
		time.Sleep(3 * time.Second)
		shows("after the lag", "Accepting")
		if _, err := mine.reject(made.InstanceId, "t", false); err != nil {
			t.Fatal(err)
		}
		shows("after a rejection", "Accepting")
		time.Sleep(3 * time.Second)
		shows("after the lag of the rejection", "Rejected")
	})
}

// TestConnectionsAreCounted: pending and rejected requests use up the requester's quota in its region, and deleted ones do not.
func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	const exceeded = "QuotaExceeded.VpcPeerCountPerUserPerRegion"
	c := newCloud()
	c.MaxConnections = 1
	mine, theirs := inProcess(c).as(accepterKey), inProcess(c).as(requesterKey).in(away)
	made, err := theirs.create(nil)
	if err != nil {
		t.Fatal(err)
	}
	another := func(q *vpcpeer.CreateVpcPeerConnectionRequest) {
		q.VpcId, q.DryRun = "vpc-other", requests.NewBoolean(true)
	}
	_, err = theirs.create(another)
	wantCode(t, "beside a pending request", err, exceeded)
	_, err = theirs.in(home).create(another)
	wantCode(t, "in another region", err, "DryRunOperation")
	if _, err := mine.reject(made.InstanceId, "t", false); err != nil {
		t.Fatal(err)
	}
	_, err = theirs.create(nil)
	wantCode(t, "beside a rejected request", err, exceeded)
	wantCode(t, "delete", theirs.delete(made.InstanceId), "")
	_, err = theirs.create(another)
	wantCode(t, "after that", err, "DryRunOperation")
}
