package simulator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// form are the parameters of a call.
type form map[string]string

// call makes a call that the SDK has no type for, or whose parameters its type lacks.
func (r caller) call(action string, params form) (map[string]any, error) {
	q := requests.NewCommonRequest()
	q.Domain, q.Version, q.ApiName, q.Method, q.RegionId = r.rig.domain, "2022-01-01", action, "POST", r.region
	q.FormParams = params
	resp, err := r.peer().ProcessCommonRequest(q)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	err = json.Unmarshal(resp.GetHttpContentBytes(), &answer)
	return answer, err
}

// show returns some keys of a connection as Get shows it.
func (r caller) show(t *testing.T, id string, keys ...string) string {
	t.Helper()
	answer, err := r.call("GetVpcPeerConnectionAttribute", form{"InstanceId": id})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, key := range keys {
		text += fmt.Sprintf("%v ", answer[key])
	}
	return text[:len(text)-1]
}

func TestCreateKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		params form
		want   string // bandwidth, link type, tags, description and group, or a code
	}{
		"between regions":  {form{"AcceptingRegionId": home, "Bandwidth": "100", "LinkType": "Platinum", "Description": "d"}, "100 Platinum [] d "},
		"by default":       {form{"AcceptingRegionId": home}, "1024 Gold []  "},
		"within a region":  {form{"AcceptingRegionId": away}, "-1 <nil> []  "},
		"bandwidth within": {form{"AcceptingRegionId": away, "Bandwidth": "7"}, "7 <nil> []  "},
		"group":            {form{"AcceptingRegionId": home, "ResourceGroupId": "rg-1"}, "1024 Gold []  rg-1"},
		"tags": {form{"AcceptingRegionId": home, "Tag.1.Key": "a", "Tag.1.Value": "1", "Tag.2.Key": "b"},
			"1024 Gold [map[Key:a Value:1] map[Key:b Value:]]  "},
		"link type within":         {form{"AcceptingRegionId": away, "LinkType": "Gold"}, "OperationFailed.InterRegionLinkTypeNotSupported"},
		"a link type that is none": {form{"AcceptingRegionId": home, "LinkType": "Copper"}, "InvalidParameter.LinkType"},
		"no bandwidth":             {form{"AcceptingRegionId": home, "Bandwidth": "0"}, "InvalidParameter.Bandwidth"},
		"a reserved tag":           {form{"AcceptingRegionId": home, "Tag.1.Key": "acs:x"}, "Forbidden.TagKeys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs := inProcess(newCloud()).as(requesterKey).in(away)
			tc.params["VpcId"], tc.params["AcceptingVpcId"], tc.params["AcceptingAliUid"] = "vpc-a", "vpc-b", string(accepter)
			made, err := theirs.call("CreateVpcPeerConnection", tc.params)
			got := code(err)
			if err == nil {
				got = theirs.show(t, made["InstanceId"].(string), "Bandwidth", "LinkType", "Tags", "Description", "ResourceGroupId")
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestModify(t *testing.T) {
	t.Parallel()
	active := with(request("pcc-1"), func(it *simulator.Item) {
		it.Status, it.Name, it.Description, it.Bandwidth, it.LinkType = peering.Activated, "n", "d", 100, "Gold"
	})
	within := with(active, func(it *simulator.Item) { it.RegionID = it.AcceptingRegionID })
	for name, tc := range map[string]struct {
		item   simulator.Item
		key    simulator.Key
		params form
		code   string
		want   string // name, description, bandwidth and link type afterwards
	}{
		"by the requester":         {active, requesterKey, form{"Name": "m", "Bandwidth": "200"}, "", "m d 200 Gold"},
		"by the accepter":          {active, accepterKey, form{"Description": "e", "LinkType": "Platinum"}, "", "n e 100 Platinum"},
		"nothing":                  {active, accepterKey, form{}, "", "n d 100 Gold"},
		"dry run":                  {active, accepterKey, form{"Name": "m", "DryRun": "true"}, "DryRunOperation", "n d 100 Gold"},
		"by a stranger":            {active, strangerKey, form{"Name": "m"}, "ResourceNotFound.InstanceId", "n d 100 Gold"},
		"pending":                  {with(active, func(it *simulator.Item) { it.Status = peering.Accepting }), requesterKey, form{"Name": "m"}, "IncorrectStatus.VpcPeer", "n d 100 Gold"},
		"managed":                  {with(active, func(it *simulator.Item) { it.ManagedService = "SWAS" }), requesterKey, form{"Name": "m"}, "OperationDenied.ServiceManagedInstance", "n d 100 Gold"},
		"no bandwidth":             {active, requesterKey, form{"Bandwidth": "-1"}, "InvalidParameter.Bandwidth", "n d 100 Gold"},
		"a link type that is none": {active, requesterKey, form{"LinkType": "gold"}, "InvalidParameter.LinkType", "n d 100 Gold"},
		"the name within":          {within, requesterKey, form{"Name": "m", "Bandwidth": "100"}, "", "m d 100 Gold"},
		"bandwidth within":         {within, requesterKey, form{"Bandwidth": "200"}, "OperationFailed.BandwidthCannotBeChangedInSameRegion", "n d 100 Gold"},
		"link type within":         {within, requesterKey, form{"LinkType": "Gold"}, "OperationFailed.InterRegionLinkTypeNotSupported", "n d 100 Gold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := inProcess(newCloud(tc.item))
			tc.params["InstanceId"] = "pcc-1"
			_, err := r.as(tc.key).call("ModifyVpcPeerConnection", tc.params)
			wantCode(t, "modify", err, tc.code)
			if got := r.as(accepterKey).show(t, "pcc-1", "Name", "Description", "Bandwidth", "LinkType"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAModificationTakesTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.Status, it.Name = peering.Activated, "old" }))
		c.ReadyAfter = time.Minute
		r := inProcess(c).as(accepterKey)
		sees := func(when, want string) {
			t.Helper()
			if got := r.show(t, "pcc-1", "Name", "Status"); got != want {
				t.Errorf("%s: got %q, want %q", when, got, want)
			}
		}
		time.Sleep(time.Hour)
		_, err := r.call("ModifyVpcPeerConnection", form{"InstanceId": "pcc-1", "Name": "new"})
		wantCode(t, "modify", err, "")
		sees("at once", "new Updating")
		_, err = r.call("ModifyVpcPeerConnection", form{"InstanceId": "pcc-1", "Name": "newer"})
		wantCode(t, "too early", err, "IncorrectStatus.VpcPeer")
		time.Sleep(time.Minute)
		sees("later", "new Activated")
		c.Inject(simulator.Fault{Kind: simulator.StaleRead, For: 61 * time.Second})
		sees("a stale read", "old Activated")
		time.Sleep(30 * time.Second)
		sees("a stale read, later", "new Updating")
	})
}

func TestEachSideHasItsOwnResourceGroup(t *testing.T) {
	t.Parallel()
	c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.ResourceGroupID = "rg-seed" }))
	mine, theirs := inProcess(c).as(accepterKey), inProcess(c).as(requesterKey)
	groups := func(when, want string) {
		t.Helper()
		if got := mine.show(t, "pcc-1", "ResourceGroupId") + ", " + theirs.show(t, "pcc-1", "ResourceGroupId"); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	move := func(r caller, change form) error {
		params := form{"ResourceId": "pcc-1", "ResourceType": "PeerConnection", "NewResourceGroupId": "rg-theirs"}
		maps.Copy(params, change)
		_, err := r.call("MoveResourceGroup", params)
		return err
	}
	groups("at first", "rg-seed, rg-seed")
	wantCode(t, "move", move(theirs, nil), "")
	groups("after a move", "rg-seed, rg-theirs")
	_, err := mine.call("AcceptVpcPeerConnection", form{"InstanceId": "pcc-1", "ResourceGroupId": "rg-mine"})
	wantCode(t, "accept", err, "")
	groups("after the acceptance", "rg-mine, rg-theirs")
	wantCode(t, "move by a stranger", move(inProcess(c).as(strangerKey), nil), "ResourceNotFound.VpcPeer")
	wantCode(t, "move to nowhere", move(mine, form{"NewResourceGroupId": ""}), "MissingNewResourceGroupId")
	wantCode(t, "move of another type", move(mine, form{"ResourceType": "VPC"}), "InvalidInstanceType.NotFound")
	groups("after refusals", "rg-mine, rg-theirs")
	if got, err := mine.call("ListVpcPeerConnections", form{"ResourceGroupId": "rg-theirs"}); err != nil || got["TotalCount"] != 0.0 {
		t.Errorf("a list of the group of the other side: %v, %v", err, got)
	}
}

// TestTerraform makes the calls that alicloud_vpc_peer_connection and alicloud_vpc_peer_connection_accepter make, and
// compares what they read afterwards with what they were asked for: a difference is a plan that never ends.
func TestTerraform(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.ReadyAfter = 7 * time.Second
		mine, theirs := inProcess(c).as(accepterKey).in(home), inProcess(c).as(requesterKey).in(away)
		do := func(r caller, action string, params form, wait peering.Status) string {
			t.Helper()
			params["ClientToken"] = fmt.Sprintf("TF-%s-%d", action, time.Now().Unix())
			answer, err := r.call(action, params)
			if err != nil {
				t.Fatalf("%s: %v", action, err)
			}
			id, _ := answer["InstanceId"].(string)
			if id == "" {
				id = params["InstanceId"]
			}
			for try := 0; wait != ""; try++ { // as WaitForState does
				if it, _ := c.Item(id); it.Status == wait {
					break
				} else if try == 10 {
					t.Fatalf("%s: is %q", action, it.Status)
				}
				time.Sleep(5 * time.Second)
			}
			return id
		}
		reads := func(r caller, id string, want form) {
			t.Helper()
			keys, got := []string{"AcceptingOwnerUid", "AcceptingRegionId", "Bandwidth", "Description", "Name", "ResourceGroupId", "Status", "Tags", "LinkType"}, form{}
			for _, key := range keys {
				got[key] = r.show(t, id, key)
			}
			maps.Copy(want, form{"AcceptingOwnerUid": "1.111111111111111e+15", "AcceptingRegionId": home})
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		id := do(theirs, "CreateVpcPeerConnection", form{
			"VpcId": "vpc-a", "AcceptingAliUid": string(accepter), "AcceptingRegionId": home, "AcceptingVpcId": "vpc-b",
			"Name": "n", "Description": "d", "Bandwidth": "100", "ResourceGroupId": "rg-a", "DryRun": "false",
		}, peering.Accepting)
		do(theirs, "TagResources", form{"ResourceId.1": id, "ResourceType": "PeerConnection", "Tag.1.Key": "k", "Tag.1.Value": "v"}, "")
		reads(theirs, id, form{"Bandwidth": "100", "Description": "d", "Name": "n", "ResourceGroupId": "rg-a", "Status": "Accepting", "Tags": "[map[Key:k Value:v]]", "LinkType": "Gold"})

		do(mine, "AcceptVpcPeerConnection", form{"InstanceId": id, "ResourceGroupId": "rg-b", "DryRun": "false"}, peering.Activated)
		do(mine, "ModifyVpcPeerConnection", form{"InstanceId": id, "Bandwidth": "200"}, peering.Activated)
		reads(mine, id, form{"Bandwidth": "200", "Description": "d", "Name": "n", "ResourceGroupId": "rg-b", "Status": "Activated", "Tags": "[map[Key:k Value:v]]", "LinkType": "Gold"})

		do(theirs, "ModifyVpcPeerConnection", form{"InstanceId": id, "Name": "n2", "Description": "d2"}, peering.Activated)
		do(theirs, "MoveResourceGroup", form{"ResourceId": id, "ResourceType": "PeerConnection", "NewResourceGroupId": "rg-c"}, "")
		do(theirs, "UnTagResources", form{"ResourceId.1": id, "ResourceType": "PeerConnection", "TagKey.1": "k"}, "")
		do(theirs, "TagResources", form{"ResourceId.1": id, "ResourceType": "PeerConnection", "Tag.1.Key": "k2", "Tag.1.Value": "v2"}, "")
		reads(theirs, id, form{"Bandwidth": "200", "Description": "d2", "Name": "n2", "ResourceGroupId": "rg-c", "Status": "Activated", "Tags": "[map[Key:k2 Value:v2]]", "LinkType": "Gold"})

		do(mine, "DeleteVpcPeerConnection", form{"InstanceId": id, "DryRun": "false", "Force": "true"}, peering.Deleting)
		time.Sleep(7 * time.Second)
		_, err := theirs.call("DeleteVpcPeerConnection", form{"InstanceId": id})
		wantCode(t, "destroy of the other side", err, "ResourceNotFound.InstanceId")

		second := do(theirs, "CreateVpcPeerConnection", form{
			"VpcId": "vpc-a", "AcceptingAliUid": string(accepter), "AcceptingRegionId": home, "AcceptingVpcId": "vpc-b",
		}, peering.Accepting)
		do(mine, "RejectVpcPeerConnection", form{"InstanceId": second}, peering.Rejected)
		do(theirs, "DeleteVpcPeerConnection", form{"InstanceId": second}, peering.Deleting)
		time.Sleep(7 * time.Second)
		if left := c.Items(); left != nil {
			t.Errorf("left: %+v", left)
		}
		if unknown := c.UnknownActions(); unknown != nil {
			t.Errorf("unknown: %q", unknown)
		}
	})
}
