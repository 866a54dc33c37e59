package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	p := load(t, `version: 1
mode: enforce
reject:
  - {name: phisher, accounts: ["3333"]}
  - {name: overlap, requester_cidrs: [192.168.0.0/16]}
allow:
  - {name: area, accounts: ["2222"], requester_regions: [cn-beijing, cn-shanghai]}
  - {name: vpcs, accounts: ["2222"], requester_vpcs: [vpc-z]}
  - {name: network, accounts: ["2222"], requester_cidrs: [10.2.0.0/16]}
  - {name: mine, accounts: ["2222"], accepter_accounts: ["1112"]}
  - {name: place, accounts: ["2222"], accepter_regions: [cn-beijing]}
  - {name: target, accounts: ["2222"], accepter_vpcs: [vpc-z]}
  - {name: old, accounts: ["2222"], until: 2025-12-31}
  - {name: good, accounts: ["*"]}
  - {name: late, accounts: ["2222"], requester_regions: [cn-hangzhou]}
`)
	e := p.Explain(connection("2222 cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b"), instant(t, "2026-06-15T12:00:00Z"))
	if e.Verdict != policy.Allow || e.Rule != "good" || e.Reason != "rule good allows account 2222" {
		t.Errorf("got %s by %s: %s", e.Verdict, e.Rule, e.Reason)
	}
	type line struct{ Rule, Key, Value, Text string }
	var got []line
	for _, r := range e.Rules {
		got = append(got, line{r.Rule, r.Key, r.Value, r.Text})
	}
	want := []line{
		{"phisher", "accounts", "2222", "account 2222 is not one of its accounts"},
		{"overlap", "requester_cidrs", "10.1.0.0/16", "requester CIDR 10.1.0.0/16 overlaps none of its requester_cidrs"},
		{"area", "requester_regions", "cn-hangzhou", "requester region cn-hangzhou is not one of its requester_regions"},
		{"vpcs", "requester_vpcs", "vpc-a", "requester VPC vpc-a is not one of its requester_vpcs"},
		{"network", "requester_cidrs", "10.1.0.0/16", "requester CIDR 10.1.0.0/16 lies outside its requester_cidrs"},
		{"mine", "accepter_accounts", "1111", "accepter account 1111 is not one of its accepter_accounts"},
		{"place", "accepter_regions", "cn-shanghai", "accepter region cn-shanghai is not one of its accepter_regions"},
		{"target", "accepter_vpcs", "vpc-b", "accepter VPC vpc-b is not one of its accepter_vpcs"},
		{"old", "until", "2025-12-31", "expired on 2025-12-31"},
		{"good", "", "", "matches and decides"},
		{"late", "", "", "matches, but an earlier rule has decided"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestExplainAsJSON(t *testing.T) {
	t.Parallel()
	p := load(t, "version: 1\nmode: enforce\nallow:\n  - {name: area, accounts: [\"2222\"], requester_regions: [cn-beijing]}\n")
	got, err := json.Marshal(p.Explain(connection("2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b"), instant(t, "2026-06-15T12:00:00Z")))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"verdict":"reject","rule":"default",` +
		`"reason":"rule area names account 2222, but requester region cn-hangzhou is not one of its requester_regions",` +
		`"unguarded":"nobody guards account 1111, unless it is the function's own account","rules":[{"file":"policy.yaml","line":4,"column":5,"rule":"area","verdict":"allow","matches":false,"decides":false,` +
		`"key":"requester_regions","value":"cn-hangzhou","wants":["cn-beijing"],` +
		`"text":"requester region cn-hangzhou is not one of its requester_regions"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestExplainWants holds the list that an explanation shows against the key that did not match.
func TestExplainWants(t *testing.T) {
	t.Parallel()
	p := loadLanguage(t)
	for _, test := range verdicts {
		for _, r := range p.Explain(connection(test.connection), instant(t, "2026-06-15T12:00:00Z")).Rules {
			listed := r.Key != "" && r.Key != "accounts" && r.Key != "until"
			if (len(r.Wants) > 0) != listed {
				t.Errorf("%s: rule %s, key %q wants %q", test.connection, r.Rule, r.Key, r.Wants)
			}
			if r.Text == "" {
				t.Errorf("%s: rule %s says nothing", test.connection, r.Rule)
			}
		}
	}
}

// TestPlus: the rules of the other policy come last, and neither policy changes.
func TestPlus(t *testing.T) {
	t.Parallel()
	parse := func(rules string) *policy.Policy {
		p, err := policy.Parse("version: 1\nmode: enforce\n" + rules)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := parse("reject:\n  - {name: r, accounts: [\"1\"]}\nallow:\n  - {name: a, accounts: [\"2\"]}\n")
	more := parse("allow:\n  - {name: b, accounts: [\"1\", \"2\", \"3\"]}\n")
	sum := own.Plus(more)
	for account, want := range map[peering.Account][2]string{"1": {"r", "r"}, "2": {"a", "a"}, "3": {"default", "b"}, "4": {"default", "default"}} {
		c := peering.Connection{Requester: peering.Side{Account: account}, Accepter: peering.Side{Account: "9"}}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if got := [2]string{own.Decide(&c, at).Rule, sum.Decide(&c, at).Rule}; got != want {
			t.Errorf("account %s: got %v, want %v", account, got, want)
		}
	}
	if len(own.Rules()) != 2 || len(more.Rules()) != 1 || len(sum.Rules()) != 3 {
		t.Errorf("%d, %d and %d rules", len(own.Rules()), len(more.Rules()), len(sum.Rules()))
	}
}
