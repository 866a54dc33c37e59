package draft_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/cmd/peerguard/draft"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

var day = time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)

func connection(id string, status peering.Status, requester, accepter peering.Side) peering.Connection {
	return peering.Connection{ID: id, Status: status, Requester: requester, Accepter: accepter}
}

func side(account peering.Account, region, vpc string, cidrs ...string) peering.Side {
	return peering.Side{Account: account, Region: region, VPC: vpc, CIDRs: cidrs}
}

// read returns the drafted policy, after it has passed its own drafted tests.
func read(t *testing.T, d *draft.Draft) *policy.Policy {
	t.Helper()
	fsys := fstest.MapFS{"policy.yaml": {Data: []byte(d.Policy())}, "policy_test.yaml": {Data: []byte(d.Tests())}}
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Policy())
	}
	tests, err := policy.LoadTests(fsys, "policy_test.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Tests())
	}
	if r := tests.Run(p, day.AddDate(9, 0, 0)); !r.OK() {
		t.Fatalf("%+v\n%s\n%s", r, d.Policy(), d.Tests())
	}
	return p
}

func newDraft(t *testing.T, facts draft.Facts) *draft.Draft {
	t.Helper()
	facts.At = day
	d, err := draft.New(facts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const drafted = `# a comment\nversion: 2
version: 1
mode: dry-run

directory:
  id: rd-3G0000
  role: acs:ram::9999999999999999:role/reader

guard:
  regions: [cn-hangzhou, cn-shanghai]
  accounts:
    - role: acs:ram::1111111111111111:role/peerguard
      external_id: "a/b=c"
    - folder: fd-aaaaaaaaaa
      role_name: "0"
      except: ["5555555555555555"]
  max_requesters: 20

allow:
  # pcc-a, Activated: 2222222222222222 cn-hangzhou vpc-a 10.1.0.0/16 to 1111111111111111 cn-shanghai vpc-b, called "x\ny" by its requester
  # pcc-b, Updating: 2222222222222222 cn-hangzhou vpc-c 10.2.0.0/16 2001:db8::/56 to 1111111111111111 cn-hangzhou vpc-d
  - name: account-2222222222222222
    accounts: ["2222222222222222"]
    requester_regions: [cn-hangzhou]
    requester_vpcs: [vpc-a, vpc-c]
    requester_cidrs: [10.1.0.0/16, 10.2.0.0/16, "2001:db8::/56"]
    accepter_accounts: ["1111111111111111"]
    accepter_regions: [cn-hangzhou, cn-shanghai]
    accepter_vpcs: [vpc-b, vpc-d]
    until: 2027-02-23

  # pcc-c, Activated: 3333333333333333 cn-hangzhou to 1111111111111111 vpc-b
  - name: account-3333333333333333
    accounts: ["3333333333333333"]
    requester_regions: [cn-hangzhou]
    accepter_accounts: ["1111111111111111"]
    accepter_vpcs: [vpc-b]
    until: 2027-02-23

  # Pending requests, which this policy rejects. To allow one, remove the # in front of its rule.

  # pcc-d, Accepting: 2222222222222222 cn-hangzhou vpc-z 10.1.0.0/16 to 1111111111111111 cn-shanghai vpc-b, expires 2026-11-30T00:00:00Z
  # - name: pending-1
  #   accounts: ["2222222222222222"]
  #   requester_regions: [cn-hangzhou]
  #   requester_vpcs: [vpc-z]
  #   requester_cidrs: [10.1.0.0/16]
  #   accepter_accounts: ["1111111111111111"]
  #   accepter_regions: [cn-shanghai]
  #   accepter_vpcs: [vpc-b]
  #   until: 2027-02-23
`

// TestDraft: one rule for each requester, with each key that the facts give; what is unknown is left out; what is pending is a
// comment, and no text of others is more than a comment.
func TestDraft(t *testing.T) {
	t.Parallel()
	named := connection("pcc-a", peering.Activated, side("2222222222222222", "cn-hangzhou", "vpc-a", "10.1.2.3/16"), side("1111111111111111", "cn-shanghai", "vpc-b"))
	named.Name = "x\ny"
	pending := connection("pcc-d", peering.Accepting, side("2222222222222222", "cn-hangzhou", "vpc-z", "10.1.0.0/16"), side("1111111111111111", "cn-shanghai", "vpc-b"))
	pending.Expires = "2026-11-30T00:00:00Z"
	facts := draft.Facts{
		Provenance: []string{"a comment\nversion: 2"},
		Directory:  &policy.Directory{ID: "rd-3G0000", Role: "acs:ram::9999999999999999:role/reader"},
		Guard: policy.Guard{
			Regions:       []string{"cn-hangzhou", "cn-shanghai"},
			Roles:         map[peering.Account]peering.Role{"1111111111111111": {ARN: "acs:ram::1111111111111111:role/peerguard", ExternalID: "a/b=c"}},
			Folders:       []policy.GuardedFolder{{Folder: "fd-aaaaaaaaaa", RoleName: "0", Except: []peering.Account{"5555555555555555"}}},
			MaxRequesters: 20,
		},
		Connections: []peering.Connection{
			connection("pcc-e", peering.Rejected, side("4444444444444444", "cn-hangzhou", "vpc-a"), side("1111111111111111", "cn-shanghai", "vpc-b")),
			pending,
			connection("pcc-c", peering.Activated, side("3333333333333333", "cn-hangzhou", "no VPC\n", "not a CIDR"), side("1111111111111111", "", "vpc-b")),
			connection("pcc-b", peering.Updating, side("2222222222222222", "cn-hangzhou", "vpc-c", "10.2.0.0/16", "2001:db8::/56"), side("1111111111111111", "cn-hangzhou", "vpc-d")),
			named,
		},
	}
	d := newDraft(t, facts)
	if got := d.Policy(); got != drafted {
		t.Errorf("got %s\nwant %s", got, drafted)
	}
	if p := read(t, d); p.Guard.Folders[0].RoleName != "0" || p.Guard.Roles["1111111111111111"].ExternalID != "a/b=c" || p.Directory.Role == "" || p.Guard.MaxRequesters != 20 {
		t.Errorf("the scope is another one: %+v", p.Guard)
	}
	slices.Reverse(facts.Connections)
	if again := newDraft(t, facts); again.Policy() != d.Policy() || again.Tests() != d.Tests() {
		t.Error("the order of the connections changes the draft")
	}
}

// TestDraftOfNothing: the policy allows nobody, and its tests test that.
func TestDraftOfNothing(t *testing.T) {
	t.Parallel()
	d := newDraft(t, draft.Facts{})
	read(t, d)
	if want := "version: 1\nmode: dry-run\n\nguard:\n  regions: all\n\nallow: []\n"; d.Policy() != want {
		t.Errorf("got %q, want %q", d.Policy(), want)
	}
}

// names returns the names of the rules.
func names(p *policy.Policy) (names []string) {
	for _, r := range p.Rules() {
		names = append(names, r.Name)
	}
	return names
}

// TestDraftNarrowsForPendingRequests: lists of one rule may not make up a request that is pending, nor may an unknown fact.
func TestDraftNarrowsForPendingRequests(t *testing.T) {
	t.Parallel()
	own := func(vpc string) peering.Side { return side("1111111111111111", "cn-shanghai", vpc) }
	his := func(vpc string) peering.Side { return side("2222222222222222", "cn-hangzhou", vpc, "10.0.0.0/16") }
	two := []peering.Connection{connection("pcc-a", peering.Activated, his("vpc-a"), own("vpc-b")), connection("pcc-b", peering.Activated, his("vpc-c"), own("vpc-d"))}
	for name, test := range map[string]struct {
		pending peering.Connection
		want    []string
	}{
		"of another requester": {connection("pcc-p", peering.Accepting, side("3333333333333333", "cn-hangzhou", "vpc-a", "10.0.0.0/16"), own("vpc-b")), []string{"account-2222222222222222"}},
		"across":               {connection("pcc-p", peering.Accepting, his("vpc-a"), own("vpc-d")), []string{"account-2222222222222222-1", "account-2222222222222222-2"}},
		"the same pair":        {connection("pcc-p", peering.Accepting, his("vpc-c"), own("vpc-d")), []string{"account-2222222222222222-1", "account-2222222222222222-2"}},
		"unknown VPC":          {connection("pcc-p", peering.Accepting, side("2222222222222222", "cn-hangzhou", "", "10.0.0.0/16"), own("vpc-d")), []string{"account-2222222222222222-1", "account-2222222222222222-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := read(t, newDraft(t, draft.Facts{Connections: append(slices.Clone(two), test.pending)}))
			if got := names(p); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestDraftFolds: members of one folder share a rule if that is asked for, and if no pending request would be allowed.
func TestDraftFolds(t *testing.T) {
	t.Parallel()
	in := func(account peering.Account, path peering.Path) peering.Side {
		return peering.Side{Account: account, Region: "cn-hangzhou", VPC: "vpc-a", CIDRs: []string{"10.0.0.0/16"}, Path: path}
	}
	own := side("1111111111111111", "cn-shanghai", "vpc-b")
	facts := draft.Facts{Directory: &policy.Directory{ID: "rd-3G0000"}, Connections: []peering.Connection{
		connection("pcc-a", peering.Activated, in("2222222222222222", "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA"), own),
		connection("pcc-b", peering.Activated, in("3333333333333333", "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA"), own),
		connection("pcc-c", peering.Activated, in("4444444444444444", "rd-3G0000/r-AAAAAA"), own),
		connection("pcc-d", peering.Activated, in("5555555555555555", peering.Outside), own),
	}}
	check := func(why string, want ...string) {
		t.Helper()
		if got := names(read(t, newDraft(t, facts))); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", why, got, want)
		}
	}
	accounts := []string{"account-2222222222222222", "account-3333333333333333", "account-4444444444444444", "account-5555555555555555"}
	check("not asked for", accounts...)
	facts.Fold = true
	check("asked for", "folder-fd-AAAAAAAAAA", "account-4444444444444444", "account-5555555555555555")
	facts.Connections = append(facts.Connections, connection("pcc-p", peering.Accepting, in("6666666666666666", "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA/fd-BBBBBBBBBB"), own))
	check("a request of another member is pending", accounts...)
}

// TestDraftedWorlds: whatever is connected and whatever is pending, the draft allows the one and rejects the other, and passes
// its own tests.
func TestDraftedWorlds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		one := func(words ...string) string { return words[random.IntN(len(words))] }
		facts := draft.Facts{Fold: random.IntN(2) == 0, Directory: &policy.Directory{ID: "rd-1"}}
		paths := map[peering.Account]peering.Path{}
		for _, a := range []peering.Account{"2222222222222222", "3333333333333333", "4444444444444444"} {
			paths[a] = peering.Path(one("", "none", "rd-1/r-1", "rd-1/r-1/fd-a", "rd-1/r-1/fd-a/fd-b", "rd-1/r-1/fd-c"))
		}
		for n := range 1 + random.IntN(12) {
			from := peering.Side{
				Account: peering.Account(one("2222222222222222", "3333333333333333", "4444444444444444")),
				Region:  one("", "cn-hangzhou", "cn-shanghai"), VPC: one("", "bad\n", "vpc-a", "vpc-b"), CIDRs: strings.Fields(one("", "10.1.0.0/16", "10.1.0.0/16 10.2.0.1/16", "10.1.0.0/24", "x")),
			}
			from.Path = paths[from.Account]
			to := side(peering.Account(one("1111111111111111", "7777777777777777")), one("", "cn-hangzhou", "cn-beijing"), one("", "vpc-x", "vpc-y"))
			status := peering.Status(one(string(peering.Accepting), string(peering.Activated), string(peering.Updating), string(peering.Expired)))
			facts.Connections = append(facts.Connections, connection(fmt.Sprintf("pcc-%d", n), status, from, to))
		}
		p := read(t, newDraft(t, facts))
		for _, c := range facts.Connections {
			switch d := p.Decide(&c, day); {
			case c.Status.Active() && d.Verdict != policy.Allow:
				t.Fatalf("seed %d: %+v is %s: %s", seed, c, d.Verdict, d.Reason())
			case c.Status.Pending() && d.Verdict != policy.Reject:
				t.Fatalf("seed %d: %+v is %s: %s", seed, c, d.Verdict, d.Reason())
			}
		}
	}
}

// TestFor: the rule for one connection says what it leaves open.
func TestFor(t *testing.T) {
	t.Parallel()
	r := draft.For("new", connection("pcc-a", peering.Accepting, side("2222222222222222", "", "vpc-a", "10.1.0.1/16"), side("1111111111111111", "cn-shanghai", "")))
	const want = `> - name: new
>   accounts: ["2222222222222222"]
>   requester_vpcs: [vpc-a]
>   requester_cidrs: [10.1.0.0/16]
>   accepter_accounts: ["1111111111111111"]
>   accepter_regions: [cn-shanghai]
`
	if got := r.YAML("> "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := r.Open(); !slices.Equal(got, []string{"requester_regions", "accepter_vpcs"}) {
		t.Errorf("open are %v", got)
	}
}
