package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"
	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

func many(n int) []simulator.Item {
	items := make([]simulator.Item, n)
	for i := range items {
		items[i] = request(fmt.Sprintf("pcc-%04d", i))
	}
	return items
}

func ids(resp *vpcpeer.ListVpcPeerConnectionsResponse) []string {
	var all []string
	for i := range resp.VpcPeerConnects {
		all = append(all, resp.VpcPeerConnects[i].InstanceId)
	}
	return all
}

func TestGetShowsEverything(t *testing.T) {
	t.Parallel()
	full := with(request("pcc-1"), func(it *simulator.Item) {
		it.OwnerID, it.AcceptingOwnerUID = 9007199254740993, 1111111111111111 // the first is not representable as a float64
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
	wantCode(t, "whose owner is unknown", err, "ResourceNotFound.InstanceId")
}

func TestPaging(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		r := start(newCloud(many(45)...)).as(accepterKey)
		for _, tc := range []struct{ max, shown, pages int }{{0, 20, 3}, {1, 1, 45}, {15, 15, 3}, {44, 44, 2}, {45, 45, 1}, {100, 100, 1}} {
			var all []string
			pages := 0
			for next := ""; pages == 0 || next != ""; pages++ {
				got, err := r.list(next, tc.max)
				if err != nil {
					t.Fatal(err)
				}
				if got.TotalCount != 45 || got.MaxResults != tc.shown || got.RequestId == "" {
					t.Errorf("page %d of %d: %+v", pages, tc.max, got)
				}
				all, next = append(all, ids(got)...), got.NextToken
			}
			if pages != tc.pages || len(slices.Compact(all)) != 45 || !slices.IsSorted(all) {
				t.Errorf("max %d: %d pages, %d connections", tc.max, pages, len(all))
			}
		}
	})
}

func TestPagingUnderChange(t *testing.T) {
	t.Parallel()
	c := newCloud(many(30)...)
	r := inProcess(c).as(accepterKey)
	first, err := r.list("", 10)
	if err != nil {
		t.Fatal(err)
	}
	c.Remove("pcc-0003")                      // on the page that was read
	c.Remove("pcc-0009")                      // the last one on that page
	c.Remove("pcc-0012")                      // on the next
	c.SetStatus("pcc-0013", peering.Rejected) // changed, but still there
	c.Put(request("pcc-new"), with(request("pcc-0014"), func(it *simulator.Item) { it.Name = "renamed" }))
	all := ids(first)
	for next := first.NextToken; next != ""; {
		got, err := r.list(next, 10)
		if err != nil {
			t.Fatal(err)
		}
		all, next = append(all, ids(got)...), got.NextToken
	}
	var want []string
	for _, it := range many(30) {
		if it.InstanceID != "pcc-0012" {
			want = append(want, it.InstanceID)
		}
	}
	if want = append(want, "pcc-new"); !slices.Equal(all, want) {
		t.Errorf("got %q\nwant %q", all, want)
	}
}

func TestListShowsTheCallersSide(t *testing.T) {
	t.Parallel()
	own := with(request("pcc-own"), func(it *simulator.Item) { it.OwnerID = it.AcceptingOwnerUID; it.RegionID = home })
	out := with(request("pcc-out"), func(it *simulator.Item) {
		it.OwnerID, it.AcceptingOwnerUID, it.RegionID, it.AcceptingRegionID = it.AcceptingOwnerUID, it.OwnerID, home, away
	})
	r := inProcess(newCloud(request("pcc-in"), own, out))
	for _, tc := range []struct {
		key    simulator.Key
		region string
		want   string
	}{
		{accepterKey, home, "pcc-in pcc-own pcc-out"}, // one within a partition is listed once
		{accepterKey, away, ""},
		{requesterKey, away, "pcc-in pcc-out"},
		{requesterKey, home, ""},
		{strangerKey, home, ""},
		{accepterKey, "cn-never-used", ""},
	} {
		got, err := r.as(tc.key).in(tc.region).list("", 0)
		if err != nil || strings.Join(ids(got), " ") != tc.want || got.TotalCount != len(got.VpcPeerConnects) {
			t.Errorf("%s in %s: %v, %q (%d)", tc.key.ID, tc.region, err, ids(got), got.TotalCount)
		}
	}
}

func TestListParameters(t *testing.T) {
	t.Parallel()
	type req = vpcpeer.ListVpcPeerConnectionsRequest
	token := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	tagged := with(request("pcc-tagged"), func(it *simulator.Item) {
		it.Tags, it.Name, it.ResourceGroupID = []simulator.Tag{{"env", "prod"}}, "named", "rg-1"
		it.AcceptingVPC.VpcID = "vpc-c"
	})
	r := inProcess(newCloud(request("pcc-1"), tagged, with(request("pcc-3"), func(it *simulator.Item) { it.VPC.VpcID = "vpc-d" })))
	r.Regions = []string{home}
	cases := []struct {
		name   string
		change func(*req)
		want   string // ids or code
	}{
		{"no filter", func(*req) {}, "pcc-1 pcc-tagged pcc-3"},
		{"instance", func(q *req) { q.InstanceId = "pcc-3" }, "pcc-3"},
		{"name", func(q *req) { q.Name = "named" }, "pcc-tagged"},
		{"resource group", func(q *req) { q.ResourceGroupId = "rg-1" }, "pcc-tagged"},
		{"VPCs of either side", func(q *req) { q.VpcId = &[]string{"vpc-c", "vpc-d"} }, "pcc-tagged pcc-3"},
		{"VPCs between commas", func(q *req) { q.FormParams["VpcId"] = "vpc-c,vpc-d" }, "pcc-tagged pcc-3"},
		{"tag", func(q *req) { q.Tags = &[]vpcpeer.ListVpcPeerConnectionsTags{{Key: "env"}} }, "pcc-tagged"},
		{"tag with another value", func(q *req) { q.Tags = &[]vpcpeer.ListVpcPeerConnectionsTags{{Key: "env", Value: "test"}} }, ""},
		{"two filters", func(q *req) { q.Name, q.InstanceId = "named", "pcc-3" }, ""},
		{"MaxResults too low", func(q *req) { q.MaxResults = "0" }, "InvalidParameter.MaxResults"},
		{"MaxResults too high", func(q *req) { q.MaxResults = "101" }, "InvalidParameter.MaxResults"},
		{"MaxResults not a number", func(q *req) { q.MaxResults = "ten" }, "InvalidParameter.MaxResults"},
		{"unsupported region", func(q *req) { q.RegionId = "cn-beijing" }, "UnsupportedRegion"},
		{"malformed region id", func(q *req) { q.RegionId = "../x" }, "UnsupportedRegion"},
		{"a made-up token", func(q *req) { q.NextToken = "next" }, "InvalidParameter.NextToken"},
		{"the token of another partition", func(q *req) { q.NextToken = token("1111111111111111/cn-beijing/1") }, "InvalidParameter.NextToken"},
		{"a token without a number", func(q *req) { q.NextToken = token("1111111111111111/cn-shanghai/x") }, "InvalidParameter.NextToken"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			q := vpcpeer.CreateListVpcPeerConnectionsRequest()
			tc.change(q)
			got, err := r.as(accepterKey).peer().ListVpcPeerConnections(q)
			if have := code(err) + strings.Join(ids(got), " "); have != tc.want {
				t.Errorf("got %q, want %q", have, tc.want)
			}
			if err == nil && got.TotalCount != len(got.VpcPeerConnects) {
				t.Errorf("total %d", got.TotalCount)
			}
		})
	}
}

// Without a region a list shows both sides of every region, a connection once even if both ends are the caller's.
func TestListOfAllRegions(t *testing.T) {
	t.Parallel()
	c := newCloud(
		request("pcc-in"),
		with(request("pcc-out"), func(it *simulator.Item) {
			it.OwnerID, it.AcceptingOwnerUID, it.AcceptingRegionID = it.AcceptingOwnerUID, it.OwnerID, "cn-beijing"
		}),
		with(request("pcc-own"), func(it *simulator.Item) { it.OwnerID = it.AcceptingOwnerUID }),
		with(request("pcc-others"), func(it *simulator.Item) { it.AcceptingOwnerUID = 5555555555555555 }),
	)
	r := inProcess(c).as(accepterKey).in("")
	first, err := r.list("", 2)
	if err != nil || !slices.Equal(ids(first), []string{"pcc-in", "pcc-out"}) || first.TotalCount != 3 {
		t.Fatalf("%v, %+v", err, first)
	}
	second, err := r.list(first.NextToken, 2)
	if err != nil || !slices.Equal(ids(second), []string{"pcc-own"}) || second.NextToken != "" {
		t.Errorf("%v, %+v", err, second)
	}
	_, err = r.in(home).list(first.NextToken, 2)
	wantCode(t, "the token in one region", err, "InvalidParameter.NextToken")
}
