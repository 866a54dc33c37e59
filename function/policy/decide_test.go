package policy_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// language uses every key of the language. The names say what the rules are for.
const language = `
version: 1
mode: enforce
reject:
  - {name: phisher, accounts: ["3333"], reason: TICKET-1}
  - {name: overlap, requester_cidrs: [192.168.0.0/16, "fd00:bad::/32"]}
  - {name: region-ban, requester_regions: [us-east-1]}
  - {name: vpc-ban, accounts: ["2222"], requester_vpcs: [vpc-evil]}
  - {name: crown-jewels, accounts: ["*"], accepter_vpcs: [vpc-crown]}
  - {name: frozen, accounts: ["5000"], until: 2026-06-30}
  - {name: fence, accepter_accounts: ["9999"], accepter_regions: [cn-fence]}
allow:
  - {name: plain, accounts: ["2222", "3333", 0123456701234567]}
  - {name: regional, accounts: ["4001"], requester_regions: [cn-hangzhou, cn-shanghai]}
  - {name: one-vpc, accounts: ["4002"], requester_vpcs: [vpc-a, vpc-a2]}
  - {name: network, accounts: ["4003"], requester_cidrs: [10.1.0.0/16, 10.1.128.0/17, 10.3.0.0/16, "2001:db8::/32", "::ffff:10.4.0.0/112"]}
  - {name: to-account, accounts: ["4004"], accepter_accounts: ["1111", "1112"]}
  - {name: to-region, accounts: ["4005"], accepter_regions: [cn-shanghai]}
  - {name: to-vpc, accounts: ["4006"], accepter_vpcs: [vpc-b]}
  - {name: until-day, accounts: ["4007"], until: 2026-12-31}
  - {name: until-instant, accounts: ["4008"], until: 2026-12-31T12:00:00+08:00}
  - {name: pair, accounts: ["4009"], requester_vpcs: [vpc-a], accepter_vpcs: [vpc-b], until: 2026-12-31}
  - {name: first, accounts: ["4010"], requester_regions: [cn-beijing]}
  - {name: second, accounts: ["4010"], requester_vpcs: [vpc-a], accepter_vpcs: [vpc-none]}
  - {name: third, accounts: ["4010"], requester_vpcs: [vpc-x]}
  - {name: many, accounts: ["4011"], accepter_vpcs: [vpc-1, vpc-2, vpc-3, vpc-4, vpc-5, vpc-6, vpc-7, vpc-8, vpc-9, vpc-10]}
  - {name: listed, accounts: ["4012"], accounts_from: lists/ids.txt}
  - {name: thawed, accounts: ["5000"]}
  - {name: everyone, accounts: ["*"], accepter_vpcs: [vpc-public]}
  - {name: late, accounts: ["6000"], accepter_vpcs: [vpc-public]}
  - {name: all-v6, accounts: ["4013"], requester_cidrs: ["::/0"]}
  - {name: all-v4, accounts: ["4014"], requester_cidrs: [0.0.0.0/0]}
  - {name: host, accounts: ["4015"], requester_cidrs: [10.9.9.9/32]}
`

func loadLanguage(t testing.TB) *policy.Policy {
	t.Helper()
	fsys := fstest.MapFS{
		"policy.yaml":   {Data: []byte(language)},
		"lists/ids.txt": {Data: []byte("\uFEFF# listed\r\n\r\n4020\r\n 04021\t# with a comment\n4022#no blank\n4020")},
	}
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// connection parses "account region vpc cidr,cidr > account region vpc"; "-" is an unknown value.
func connection(text string) *peering.Connection {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = strings.TrimPrefix(w, "-")
	}
	c := &peering.Connection{
		ID:        "pcc-1",
		Status:    peering.Accepting,
		Requester: peering.Side{Account: peering.Account(words[0]), Region: words[1], VPC: words[2]},
		Accepter:  peering.Side{Account: peering.Account(words[5]), Region: words[6], VPC: words[7]},
	}
	if words[3] != "" {
		c.Requester.CIDRs = strings.Split(words[3], ",")
	}
	return c
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// verdicts are what the policy language must decide. An empty at is the middle of 2026.
var verdicts = []struct{ connection, at, rule, reason string }{
	// Who: the account.
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow plain", "rule plain allows account 2222"},
	{"3333 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject phisher", "rule phisher rejects account 3333 (TICKET-1)"},
	{"7777 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", "rule everyone names every account, but accepter VPC vpc-b is not one of its accepter_vpcs"},
	{"0123456701234567 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow plain", ""},
	{"123456701234567 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"02222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4012 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow listed", ""},
	{"4020 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow listed", ""},
	{"04021 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow listed", ""},
	{"4021 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4022 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow listed", ""},

	// Reject rules: one key is enough, accounts may be left out, they beat allow rules.
	{"2222 us-east-1 vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject region-ban", "rule region-ban rejects account 2222"},
	{"2222 cn-hangzhou vpc-evil 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject vpc-ban", ""},
	{"4020 cn-hangzhou vpc-evil 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow listed", ""},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject crown-jewels", ""},
	{"8888 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject crown-jewels", ""},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 9999 cn-fence vpc-b", "", "reject fence", ""},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 9999 cn-shanghai vpc-b", "", "allow plain", ""},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-fence vpc-b", "", "allow plain", ""},
	{"3333 us-east-1 vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject phisher", ""},
	{"2222 us-east-1 vpc-evil 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject region-ban", ""},
	{"2222 cn-hangzhou vpc-evil 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject vpc-ban", ""},

	// CIDRs of a reject rule: any overlap, either way round.
	{"2222 cn-hangzhou vpc-a 192.168.5.0/24 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 192.0.0.0/8 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 192.168.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 192.168.0.0/13 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 10.0.0.0/8,192.168.255.255/32 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 192.167.0.0/16,192.169.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow plain", ""},
	{"2222 cn-hangzhou vpc-a 0.0.0.0/0 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a fd00:bad:1::/48 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a fd00::/16 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a ::/0 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a fd01::/16 > 1111 cn-shanghai vpc-b", "", "allow plain", ""},
	{"2222 cn-hangzhou vpc-a nonsense,192.168.0.0/24 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a ::ffff:192.168.1.0/120 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"2222 cn-hangzhou vpc-a 192.168.1.7/24 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},

	// CIDRs of an allow rule: all must be inside.
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.2.0/24 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.200.0/24 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.255.255/32 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,10.3.4.0/22 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,10.2.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", "rule network names account 4003, but requester CIDR 10.2.0.0/16 lies outside its requester_cidrs"},
	{"4003 cn-hangzhou vpc-a 10.0.0.0/15 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4003 cn-hangzhou vpc-a 10.0.0.0/8 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4003 cn-hangzhou vpc-a 0.0.0.0/0 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"4003 cn-hangzhou vpc-a 10.1.3.9/24 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 2001:db8:1::/48 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,2001:db8::/32 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,2001:db9::/32 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4003 cn-hangzhou vpc-a 2001::/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4003 cn-hangzhou vpc-a ::ffff:10.1.0.0/112 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4003 cn-hangzhou vpc-a 10.4.7.0/24 > 1111 cn-shanghai vpc-b", "", "allow network", ""},
	{"4013 cn-hangzhou vpc-a 2001:db8::/32 > 1111 cn-shanghai vpc-b", "", "allow all-v6", ""},
	{"4013 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4014 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow all-v4", ""},
	{"4014 cn-hangzhou vpc-a 2001:db8::/32 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4015 cn-hangzhou vpc-a 10.9.9.9/32 > 1111 cn-shanghai vpc-b", "", "allow host", ""},
	{"4015 cn-hangzhou vpc-a 10.9.9.8/31 > 1111 cn-shanghai vpc-b", "", "reject default", ""},

	// Where from and where to: every key must match.
	{"4001 cn-shanghai vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow regional", ""},
	{"4001 cn-beijing vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-public", "", "allow everyone", ""},
	{"4002 cn-hangzhou vpc-a2 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow one-vpc", ""},
	{"4002 cn-hangzhou vpc-a3 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", ""},
	{"4004 cn-hangzhou vpc-a 10.1.0.0/16 > 1112 cn-shanghai vpc-b", "", "allow to-account", ""},
	{"4004 cn-hangzhou vpc-a 10.1.0.0/16 > 1113 cn-shanghai vpc-b", "", "reject default", ""},
	{"4005 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow to-region", ""},
	{"4005 cn-shanghai vpc-a 10.1.0.0/16 > 1111 cn-hangzhou vpc-b", "", "reject default", ""},
	{"4006 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow to-vpc", ""},
	{"4006 cn-hangzhou vpc-b 10.1.0.0/16 > 1111 cn-shanghai vpc-a", "", "reject default", ""},
	{"4009 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "allow pair", ""},
	{"4009 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-c", "", "reject default", "rule pair names account 4009, but accepter VPC vpc-c is not one of its accepter_vpcs"},
	{"4009 cn-hangzhou vpc-b 10.1.0.0/16 > 1111 cn-shanghai vpc-a", "", "reject default", ""},
	{"4010 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", "rule second names account 4010, but accepter VPC vpc-b is not one of its accepter_vpcs"},
	{"4011 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-10", "", "allow many", ""},
	{"4011 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-11", "", "reject default", ""},
	{"6000 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-public", "", "allow everyone", ""},

	// Until when: to the end of the day, UTC, or to the instant itself.
	{"4007 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2026-12-31T23:59:59.999999999Z", "allow until-day", ""},
	{"4007 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2027-01-01T00:00:00Z", "reject default", "rule until-day expired on 2026-12-31"},
	{"4007 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2027-01-01T07:59:59+08:00", "allow until-day", ""},
	{"4008 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2026-12-31T04:00:00Z", "allow until-instant", ""},
	{"4008 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2026-12-31T04:00:00.000000001Z", "reject default", "rule until-instant expired on 2026-12-31T12:00:00+08:00"},
	{"4009 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2027-01-01T00:00:00Z", "reject default", "rule pair expired on 2026-12-31"},
	{"5000 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2026-06-30T12:00:00Z", "reject frozen", ""},
	{"5000 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "2026-07-01T00:00:00Z", "allow thawed", ""},

	// A fact that is unknown neither matches nor fails a rule. Rules that look at it may match or not, and where that makes a
	// difference to the verdict there is none.
	{"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester region is unknown, and the verdict hangs on that: see rule region-ban"},
	{"2222 cn-hangzhou - 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester VPC is unknown, and the verdict hangs on that: see rule vpc-ban"},
	{"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester CIDRs are unknown, and the verdict hangs on that: see rule overlap"},
	{"2222 cn-hangzhou vpc-a nonsense > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester CIDRs are unknown, and the verdict hangs on that: see rule overlap"},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > - - vpc-b", "", "undecided ", "the accepter account and accepter region are unknown, and the verdict hangs on that: see rule fence"},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > - cn-shanghai vpc-b", "", "allow plain", "rule plain allows account 2222"},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 - vpc-b", "", "allow plain", ""},
	{"2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai -", "", "undecided ", "the accepter VPC is unknown, and the verdict hangs on that: see rule crown-jewels"},
	{"2222 cn-hangzhou - - > 1111 cn-shanghai -", "", "undecided ", "the requester VPC, requester CIDRs and accepter VPC are unknown, and the verdict hangs on that: see rules overlap, vpc-ban and crown-jewels"},
	{"4002 cn-hangzhou - 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester VPC is unknown, and the verdict hangs on that: see rule one-vpc"},
	{"4002 cn-hangzhou - 10.1.0.0/16 > 1111 cn-shanghai vpc-public", "", "allow one-vpc", "rule one-vpc, or one after it, allows account 4002, although the requester VPC is unknown"},
	{"4002 - - - > 1111 cn-shanghai vpc-crown", "", "reject overlap", "rule overlap, or one after it, rejects account 4002, although the requester CIDRs are unknown"},
	{"3333 - - - > - - -", "", "reject phisher", "rule phisher rejects account 3333 (TICKET-1)"},
	{"4004 cn-hangzhou vpc-a 10.1.0.0/16 > - cn-shanghai vpc-b", "", "undecided ", ""},
	{"4011 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai -", "", "undecided ", "the accepter VPC is unknown, and the verdict hangs on that: see rules crown-jewels, many and everyone"},
	{"7777 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "", "reject overlap", "rule overlap, or one after it, rejects account 7777, although the requester CIDRs are unknown"},
	{"7777 cn-hangzhou - 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject default", "rule everyone names every account, but accepter VPC vpc-b is not one of its accepter_vpcs"},
	{"2222 us-east-1 vpc-a - > 9999 cn-fence vpc-crown", "", "reject overlap", ""},
	{"4003 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester CIDRs are unknown, and the verdict hangs on that: see rules overlap and network"},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,nonsense > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/16,nonsense > 1111 cn-shanghai vpc-public", "", "undecided ", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"4003 cn-hangzhou vpc-a 10.1.0.0/99 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},
	{"4003 cn-hangzhou vpc-a ::ffff:10.1.0.0/80 > 1111 cn-shanghai vpc-b", "", "reject overlap", ""},

	// An unknown requester may be anybody.
	{"- cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "undecided ", "the requester account is unknown, and the verdict hangs on that: see rules phisher, frozen, plain and 12 others"},
	{"- cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-public", "", "undecided ", ""},
	{"- us-east-1 vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "", "reject phisher", "rule phisher (TICKET-1), or one after it, rejects an unknown account, although the requester account is unknown"},
	{"- cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-crown", "", "reject phisher", ""},
	{"- - - - > - - -", "", "undecided ", ""},
}

func TestDecide(t *testing.T) {
	t.Parallel()
	if len(verdicts) < 80 {
		t.Fatalf("%d verdicts, want at least 80", len(verdicts))
	}
	p := loadLanguage(t)
	for _, test := range verdicts {
		at := "2026-06-15T12:00:00Z"
		if test.at != "" {
			at = test.at
		}
		c := connection(test.connection)
		d := p.Decide(c, instant(t, at))
		if got := string(d.Verdict) + " " + d.Rule; got != test.rule {
			t.Errorf("%s at %s: got %s, want %s (%s)", test.connection, at, got, test.rule, d.Reason())
		}
		if test.reason != "" && d.Reason() != test.reason {
			t.Errorf("%s at %s:\n got %s\nwant %s", test.connection, at, d.Reason(), test.reason)
		}
		checkExplained(t, p, c, instant(t, at))
	}
}

// checkExplained compares Explain, which tries rule after rule, with Decide, which uses the index.
func checkExplained(t testing.TB, p *policy.Policy, c *peering.Connection, at time.Time) {
	t.Helper()
	d, e := p.Decide(c, at), p.Explain(c, at)
	if e.Verdict != d.Verdict || e.Rule != d.Rule || e.Reason != d.Reason() {
		t.Errorf("%+v: Decide returns %s by %s: %s\nExplain returns %s by %s: %s", c, d.Verdict, d.Rule, d.Reason(), e.Verdict, e.Rule, e.Reason)
	}
	decided := policy.DefaultRule
	if d.Verdict == policy.Undecided {
		decided = ""
	}
	for _, r := range e.Rules {
		if r.Decides {
			decided = r.Rule
		}
		if r.Matches != (r.Key == "") {
			t.Errorf("rule %s matches: %t, but its first other key is %q", r.Rule, r.Matches, r.Key)
		}
	}
	if decided != d.Rule {
		t.Errorf("rule %s is marked as the one that decides, want %s", decided, d.Rule)
	}
}

func TestNobodyNamesTheAccount(t *testing.T) {
	t.Parallel()
	p := load(t, "version: 1\nmode: dry-run\nallow: []\n")
	d := p.Decide(connection("2222222222222222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b"), time.Now())
	if d.Verdict != policy.Reject || d.Rule != "default" || d.Reason() != "no allow rule names account 2222222222222222" {
		t.Errorf("got %s by %s: %s", d.Verdict, d.Rule, d.Reason())
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	p := loadLanguage(t)
	at := instant(t, "2026-06-15T12:00:00Z")
	for _, test := range verdicts {
		c := connection(test.connection)
		if q, a := c.Requester, c.Accepter; slices.Contains([]string{string(q.Account), q.Region, q.VPC, string(a.Account), a.Region, a.VPC}, "") || len(q.CIDRs) == 0 || unreadable(q.CIDRs) {
			continue // a search, or an error that the standard library builds for what it cannot read
		}
		if n := testing.AllocsPerRun(10, func() { p.Decide(c, at) }); n != 0 {
			t.Errorf("%s: %v allocations", test.connection, n)
		}
	}
}

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// organisation is a policy that looks at folders and connections.
const organisation = `
version: 1
mode: enforce
directory: {id: rd-1}
reject:
  - {name: sandbox, requester_folders: [fd-sandbox]}
  - {name: vault, accepter_folders: [fd-vault], requester_folders: [fd-dev]}
  - {name: this one, connections: [pcc-bad]}
allow:
  - {name: our own, requester_folders: [r-top], accepter_folders: [fd-prod, fd-dev], accepter_regions: [cn-shanghai], reason: NET-1}
  - {name: partner, accounts: ["2222"], connections: [pcc-1, pcc-2], accepter_vpcs: [vpc-b]}
  - {name: before, connections: [pcc-old, pcc-bad], until: 2026-12-31}
  - {name: members, accounts: ["3333", "4444"], requester_folders: [fd-dev, fd-prod]}
`

// TestFoldersAndConnections: folders match by segment of a path, nested ones included, and connections by their whole id.
func TestFoldersAndConnections(t *testing.T) {
	t.Parallel()
	p := load(t, organisation)
	const facts = "%s cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b"
	for _, test := range []struct{ account, from, to, id, rule, reason string }{
		{"9", "rd-1/r-top/fd-web", "rd-1/r-top/fd-prod", "", "allow our own", "rule our own allows account 9, a member of r-top: rd-1/r-top/fd-web (NET-1)"},
		{"9", "rd-1/r-top", "rd-1/r-top/fd-x/fd-dev/fd-y", "", "allow our own", "rule our own allows account 9, a member of r-top: rd-1/r-top (NET-1)"},
		{"9", "rd-1/r-top/fd-sandbox/fd-x", "rd-1/r-top/fd-prod", "", "reject sandbox", "rule sandbox rejects account 9, a member of fd-sandbox: rd-1/r-top/fd-sandbox/fd-x"},
		{"9", "rd-1/r-top/fd-sandbox2", "rd-1/r-top/fd-prod", "", "allow our own", ""},
		{"9", "rd-1/r-top/fd-dev", "rd-1/r-top/fd-prod/fd-vault", "", "reject vault", ""},
		{"9", "rd-1/r-top/fd-web", "rd-1/r-top/fd-prod/fd-vault", "", "allow our own", ""},
		{"9", "rd-1/r-top/fd-web", "rd-1/r-top/fd-other", "", "reject default", "rule our own names folder r-top, but the accepter is in none of its accepter_folders: rd-1/r-top/fd-other"},
		{"9", "rd-1/r-top/fd-web", "none", "", "reject default", "rule our own names folder r-top, but the accepter is not in the resource directory"},
		{"9", "none", "rd-1/r-top/fd-prod", "", "reject default", "no allow rule names account 9, which is not in the resource directory"},
		{"9", "rd-1/r-else/fd-web", "rd-1/r-top/fd-prod", "", "reject default", "no allow rule names account 9 or a folder that it is in: rd-1/r-else/fd-web"},
		{"9", "", "rd-1/r-top/fd-other", "", "reject sandbox", "rule sandbox, or one after it, rejects account 9, although the requester folders are unknown"},
		{"9", "", "none", "", "reject sandbox", "rule sandbox, or one after it, rejects account 9, although the requester folders are unknown"},
		{"9", "", "rd-1/r-top/fd-prod", "", "undecided ", "the requester folders are unknown, and the verdict hangs on that: see rules sandbox and our own"},
		{"9", "", "", "", "undecided ", "the requester folders and accepter folders are unknown, and the verdict hangs on that: see rules sandbox, vault and our own"},
		{"9", "rd-1/r-top/fd-web", "", "", "undecided ", "the accepter folders are unknown, and the verdict hangs on that: see rule our own"},
		{"9", "rd-1/r-top/fd-sandbox", "", "", "reject sandbox", ""},
		{"2222", "none", "none", "pcc-2", "allow partner", "rule partner allows account 2222"},
		{"2222", "none", "none", "pcc-22", "reject default", "rule partner names account 2222, but the connection pcc-22 is not one of its connections"},
		{"2222", "none", "none", "", "reject default", "rule partner names account 2222, but the connection is not one of its connections"},
		{"5555", "none", "none", "pcc-2", "reject default", "no allow rule names account 5555, which is not in the resource directory"},
		{"5555", "none", "", "pcc-old", "allow before", "rule before allows account 5555"},
		{"5555", "", "", "pcc-old", "undecided ", "the requester folders and accepter folders are unknown, and the verdict hangs on that: see rules sandbox, vault and our own"},
		{"5555", "none", "none", "pcc-bad", "reject this one", ""},
		{"", "none", "none", "pcc-bad", "reject this one", "rule this one rejects an unknown account"},
		{"", "none", "none", "pcc-old", "allow before", "rule before allows an unknown account"},
		{"3333", "rd-1/r-else/fd-prod/fd-dev", "none", "", "allow members", "rule members allows account 3333, a member of fd-dev: rd-1/r-else/fd-prod/fd-dev"},
		{"3333", "rd-1/r-else/fd-web", "none", "", "reject default", "rule members names account 3333, but the requester is in none of its requester_folders: rd-1/r-else/fd-web"},
		{"3333", "none", "none", "", "reject default", "rule members names account 3333, but the requester is not in the resource directory"},
	} {
		c := connection(strings.ReplaceAll(facts, "%s", cmp.Or(test.account, "-")))
		c.ID, c.Requester.Path, c.Accepter.Path = test.id, peering.Path(test.from), peering.Path(test.to)
		d := p.Decide(c, instant(t, "2026-06-15T12:00:00Z"))
		if got := string(d.Verdict) + " " + d.Rule; got != test.rule || test.reason != "" && d.Reason() != test.reason {
			t.Errorf("%+v:\n got %s, %s\n", test, got, d.Reason())
		}
		requester, accepter := d.HangsOnMembership()
		undecided := d.Verdict == policy.Undecided
		if requester != (undecided && test.from == "") || accepter != (undecided && test.to == "") {
			t.Errorf("%+v: hangs on the membership of the requester %t, of the accepter %t", test, requester, accepter)
		}
		checkExplained(t, p, c, instant(t, "2026-06-15T12:00:00Z"))
	}
}

// TestUnknownFoldersOfARuleThatIsNear: a rule that could match but for another key explains a rejection, whatever folders
// the requester is in.
func TestUnknownFoldersOfARuleThatIsNear(t *testing.T) {
	t.Parallel()
	p := load(t, head+"directory: {id: rd-1}\nallow: [{name: a, requester_folders: [r-top], accepter_folders: [fd-a]}, {name: b, connections: [pcc-1], accepter_regions: [cn-beijing]}]\n")
	c := connection("9 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b")
	for _, test := range []struct{ id, to, reason string }{
		{"pcc-9", "none", "rule a names folders, but the accepter is not in the resource directory"},
		{"pcc-9", "rd-1/r-top", "rule a names folders, but the accepter is in none of its accepter_folders: rd-1/r-top"},
		{"pcc-1", "none", "rule b names the connection, but accepter region cn-shanghai is not one of its accepter_regions"},
	} {
		c.ID, c.Accepter.Path = test.id, peering.Path(test.to)
		if d := p.Decide(c, time.Time{}); !d.ByDefault() || d.Reason() != test.reason {
			t.Errorf("%+v: %s, %s", test, d.Rule, d.Reason())
		}
		checkExplained(t, p, c, time.Time{})
	}
}

// TestFoldersAllocateNothing: the verdict on a member costs no allocation.
func TestFoldersAllocateNothing(t *testing.T) {
	p := load(t, organisation)
	c := connection("9 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b")
	c.Requester.Path, c.Accepter.Path = "rd-1/r-top/fd-web/fd-shop", "rd-1/r-top/fd-x/fd-prod"
	if n := testing.AllocsPerRun(10, func() {
		if p.Decide(c, time.Time{}).Rule != "our own" {
			t.Error("not allowed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestExplainMembership: an explanation says which folders the two accounts are members of.
func TestExplainMembership(t *testing.T) {
	t.Parallel()
	c := connection("9 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b")
	c.Requester.Path, c.Accepter.Path = "rd-1/r-top/fd-web", "rd-1/r-top/fd-prod/fd-x"
	for _, r := range load(t, organisation).Explain(c, time.Time{}).Rules {
		want := map[string]string{
			"sandbox":  "the requester is in none of its requester_folders: rd-1/r-top/fd-web",
			"vault":    "the requester is in none of its requester_folders: rd-1/r-top/fd-web",
			"this one": "the connection pcc-1 is not one of its connections",
			"our own":  "matches and decides; the requester is a member of r-top: rd-1/r-top/fd-web; the accepter is a member of fd-prod: rd-1/r-top/fd-prod/fd-x",
			"partner":  "account 9 is not one of its accounts",
			"before":   "the connection pcc-1 is not one of its connections",
			"members":  "account 9 is not one of its accounts",
		}[r.Rule]
		if r.Text != want {
			t.Errorf("rule %s: %s", r.Rule, r.Text)
		}
	}
}
