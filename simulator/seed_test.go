package simulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

const seedConnection = `{"InstanceId":"pcc-1","OwnerId":9007199254740993,"AcceptingOwnerUid":1111111111111111,"RegionId":"cn-hangzhou","AcceptingRegionId":"cn-shanghai","Status":"Accepting","GmtExpired":null,"SomethingNew":true}`

func TestLoad(t *testing.T) {
	t.Parallel()
	seed, err := simulator.Load(strings.NewReader(`{"connections":[` + seedConnection + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := simulator.Seed{Connections: []simulator.Item{{
		InstanceID: "pcc-1", OwnerID: 9007199254740993, AcceptingOwnerUID: 1111111111111111,
		RegionID: "cn-hangzhou", AcceptingRegionID: "cn-shanghai", Status: peering.Accepting,
	}}}
	if d := cmp.Diff(want, seed); d != "" {
		t.Error(d)
	}
	if none, err := simulator.Load(strings.NewReader(`{"connections":[]}`)); err != nil || len(none.Connections) != 0 {
		t.Errorf("no connections: %v, %v", err, none)
	}
}

// TestLoadOfAnOrganisation: a seed may hold a directory and the regions that there are.
func TestLoadOfAnOrganisation(t *testing.T) {
	t.Parallel()
	seed, err := simulator.Load(strings.NewReader(`{"connections":[],"regions":["cn-hangzhou","me-east-1"],"directory":
		{"id":"rd-a","root":"r-b","management":"9007199254740993","members":[{"account":"0123456701234567","path":"rd-a/r-b/fd-c"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := simulator.Seed{Connections: []simulator.Item{}, Regions: []string{"cn-hangzhou", "me-east-1"}, Directory: &simulator.Directory{
		ID: "rd-a", Root: "r-b", Management: "9007199254740993", Members: []simulator.Member{{Account: "0123456701234567", Path: "rd-a/r-b/fd-c"}},
	}}
	if d := cmp.Diff(want, seed); d != "" {
		t.Error(d)
	}
}

func TestLoadReadsWhatListShows(t *testing.T) {
	t.Parallel()
	c := newCloud(simulator.DefaultSeed(time.Now())...)
	got, err := inProcess(c).as(accepterKey).list("", 100)
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ VpcPeerConnects json.RawMessage }
	if err := json.Unmarshal(got.GetHttpContentBytes(), &page); err != nil {
		t.Fatal(err)
	}
	seed, err := simulator.Load(strings.NewReader(fmt.Sprintf(`{"connections":%s}`, page.VpcPeerConnects)))
	if err != nil || len(seed.Connections) != got.TotalCount || got.TotalCount == 0 {
		t.Fatalf("%v, %d of %d", err, len(seed.Connections), got.TotalCount)
	}
	again := newCloud(seed.Connections...)
	for _, it := range seed.Connections {
		was, _ := c.Item(it.InstanceID)
		is, _ := again.Item(it.InstanceID)
		if was.Status != is.Status || was.OwnerID != is.OwnerID || was.VPC.VpcID != is.VPC.VpcID || was.Name != is.Name {
			t.Errorf("%+v became %+v", was, is)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string {
		if !strings.Contains(seedConnection, from) {
			t.Fatalf("nothing to change: %s", from)
		}
		return `{"connections":[` + strings.Replace(seedConnection, from, to, 1) + `]}`
	}
	withKey := func(text string) string { return `{"connections":[],` + text + `}` }
	withMember := func(text string) string {
		return withKey(`"directory":{"id":"rd-a","root":"r-b","management":"1","members":[{"account":` + text + `}]}`)
	}
	cases := []struct{ name, text, want string }{
		{"nothing", ``, "EOF"},
		{"not an object", `[]`, "want an object, got array"},
		{"half", `{"connections":[`, "unexpected EOF"},
		{"no connections", `{}`, `the key "connections" is missing`},
		{"null", `{"connections":null}`, `the key "connections" is missing`},
		{"not a list", `{"connections":{}}`, "connections: want a list, got object"},
		{"unknown key", `{"connections":[],"more":1}`, `unknown field "more"`},
		{"data after it", `{"connections":[]} {}`, "unexpected data after"},
		{"a connection that is null", `{"connections":[null]}`, "connections[0]: want an object"},
		{"a connection that is a string", `{"connections":["pcc-1"]}`, "connections[0]: want an object"},
		{"twice", `{"connections":[` + seedConnection + `,` + seedConnection + `]}`, `connections[1]: InstanceId "pcc-1" is already that of connections[0]`},
		{"no id", change(`"InstanceId":"pcc-1",`, ``), `the key "InstanceId" is missing`},
		{"no owner", change(`"OwnerId":9007199254740993,`, ``), `the key "OwnerId" is missing`},
		{"no status", change(`"Status":"Accepting",`, ``), `the key "Status" is missing`},
		{"empty status", change(`"Accepting"`, `""`), "the status is empty"},
		{"bad id", change(`"pcc-1"`, `"../x"`), `"../x" is not an instance id (pcc-…)`},
		{"owner as a string", change(`9007199254740993`, `"9007199254740993"`), "OwnerId: want a whole number, got string"},
		{"owner with an exponent", change(`9007199254740993`, `9e15`), "OwnerId: want a whole number, got number 9e15"},
		{"negative owner", change(`9007199254740993`, `-1`), "an owner is negative"},
		{"bad region", change(`"cn-hangzhou"`, `"Hangzhou"`), `"Hangzhou" is not a region id`},
		{"bad accepting region", change(`"cn-shanghai"`, `""`), `"" is not a region id`},
		{"status as a number", change(`"Accepting"`, `1`), "Status: want a string, got number"},
		{"regions that are not a list", withKey(`"regions":"cn-hangzhou"`), "regions: want a list, got string"},
		{"no region", withKey(`"regions":[]`), "regions: want one at least"},
		{"bad region id", withKey(`"regions":["Hangzhou"]`), `regions: "Hangzhou" is not a region id`},
		{"a region twice", withKey(`"regions":["cn-hangzhou","cn-hangzhou"]`), "regions: cn-hangzhou is there twice"},
		{"directory as a list", withKey(`"directory":[]`), "directory: want an object, got array"},
		{"directory without an id", withKey(`"directory":{"root":"r-b","management":"1"}`), `directory: "/r-b" is not the id of a directory`},
		{"directory without a root", withKey(`"directory":{"id":"rd-a","management":"1"}`), `directory: "rd-a/" is not the id of a directory`},
		{"no management account", withKey(`"directory":{"id":"rd-a","root":"r-b"}`), `directory: management: "" is not an account id`},
		{"bad member", withMember(`"x","path":"rd-a/r-b"`), `directory: members[0]: "x" is not an account id`},
		{"a member twice", withMember(`"2","path":"rd-a/r-b"},{"account":"2","path":"rd-a/r-b/fd-c"`), `directory: members[1]: account 2 is already members[0]`},
		{"member without a path", withMember(`"2"`), `directory: members[0]: "" is not a path below rd-a/r-b`},
		{"member of another directory", withMember(`"2","path":"rd-z/r-b"`), `directory: members[0]: "rd-z/r-b" is not a path below rd-a/r-b`},
		{"unknown key of a directory", withKey(`"directory":{"id":"rd-a","root":"r-b","management":"1","folders":[]}`), `unknown field "folders"`},
		{"VPC as a string", change(`"SomethingNew":true`, `"Vpc":"vpc-1"`), "Vpc: want an object, got string"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := simulator.Load(strings.NewReader(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), "reading seed: ") {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestDefaultSeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pending, statuses := map[string]int{}, map[peering.Status]int{}
		for _, it := range newCloud(simulator.DefaultSeed(time.Now())...).Items() {
			statuses[it.Status]++
			if it.Accepter() != simulator.SeedAccepter {
				t.Errorf("accepter %s", it.Accepter())
			}
			if it.Status == peering.Accepting && it.Requester() != simulator.SeedAccepter {
				pending[it.AcceptingRegionID]++
			}
		}
		if pending["cn-hangzhou"] == 0 || pending["cn-shanghai"] < 2 || statuses[peering.Activated] == 0 || statuses[peering.Expired] == 0 {
			t.Errorf("pending %v, statuses %v", pending, statuses)
		}
	})
}
