package policy_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/policy"
)

func warnings(t *testing.T, rules string) []string {
	t.Helper()
	fsys := fstest.MapFS{
		"policy.yaml": {Data: []byte("version: 1\nmode: enforce\n" + rules)},
		"ids.txt":     {Data: []byte("4001\n3333 # a phisher\n")},
	}
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, w := range p.Warnings(instant(t, "2026-06-15T12:00:00Z")) {
		out = append(out, string(w.Code)+" "+w.String())
		if lines := strings.Split(w.Snippet(), "\n"); len(lines) != 3 || !strings.HasSuffix(lines[1], "^") {
			t.Errorf("excerpt of %s: %q", w, lines)
		}
	}
	return out
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules string
		want  []string
	}{
		"none":     {"allow:\n  - {name: a, accounts: [\"1\"]}\n  - {name: b, accounts: [\"2\"], until: 2027-01-01}\n", nil},
		"no rules": {"allow: []\n", nil},
		"expired": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-06-14}\n",
			[]string{"rule-expired policy.yaml:4:39: rule a expired on 2026-06-14: it no longer matches"}},
		"last day": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-06-15}\n",
			[]string{"rule-expires policy.yaml:4:39: rule a expires on 2026-06-15, in 1 day"}},
		"soon": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-07-14}\n",
			[]string{"rule-expires policy.yaml:4:39: rule a expires on 2026-07-14, in 30 days"}},
		"exactly 30 days": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-07-15T11:59:59.999999999Z}\n",
			[]string{"rule-expires policy.yaml:4:39: rule a expires on 2026-07-15T11:59:59.999999999Z, in 30 days"}},
		"later than 30 days": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-07-15}\n", nil},
		"same rule twice": {"allow:\n  - {name: a, accounts: [\"1\"]}\n  - {name: b, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"part of the accounts": {"allow:\n  - {name: a, accounts: [\"1\", \"2\"]}\n  - {name: b, accounts: [\"2\", \"3\"]}\n", nil},
		"everyone first": {"allow:\n  - {name: a, accounts: [\"*\"]}\n  - {name: b, accounts: [\"2\", \"3\"]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"everyone last": {"allow:\n  - {name: b, accounts: [\"2\", \"3\"]}\n  - {name: a, accounts: [\"*\"]}\n", nil},
		"everyone twice": {"allow:\n  - {name: a, accounts: [\"*\"], accepter_vpcs: [vpc-a, vpc-b]}\n  - {name: b, accounts: [\"*\"], accepter_vpcs: [vpc-b]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"everyone with ids": {"allow:\n  - {name: a, accounts: [\"1\", \"*\"]}\n",
			[]string{`accounts-redundant policy.yaml:4:31: rule a matches every account: the ids next to "*" have no effect`}},
		"expired cover": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-01-01}\n  - {name: b, accounts: [\"1\"]}\n",
			[]string{"rule-expired policy.yaml:4:39: rule a expired on 2026-01-01: it no longer matches"}},
		"cover ends first": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2027-01-01}\n  - {name: b, accounts: [\"1\"]}\n  - {name: c, accounts: [\"1\"], until: 2027-02-01}\n",
			[]string{"rule-unreachable policy.yaml:6:5: rule c can never match: rule b on line 5 covers all of it"}},
		"cover ends later": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2027-02-01}\n  - {name: b, accounts: [\"1\"], until: 2027-01-01}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"CIDRs inside": {"allow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.0.0.0/8, 172.16.0.0/12]}\n  - {name: b, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16, 172.17.0.0/16]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"CIDRs outside": {"allow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16]}\n  - {name: b, accounts: [\"1\"], requester_cidrs: [10.0.0.0/8]}\n  - {name: c, accounts: [\"1\"]}\n", nil},
		"reject covers allow": {"reject:\n  - {name: r, requester_cidrs: [10.0.0.0/8]}\nallow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16]}\n",
			[]string{"rule-unreachable policy.yaml:6:5: rule a can never match: rule r on line 4 covers all of it"}},
		"reject everyone": {"reject:\n  - {name: r, accounts: [\"*\"]}\n  - {name: s, requester_regions: [us-east-1]}\nallow:\n  - {name: a, accounts: [\"1\"]}\n",
			[]string{"rule-unreachable policy.yaml:7:5: rule a can never match: rule r on line 4 covers all of it"}},
		"reject part": {"reject:\n  - {name: r, accounts: [\"1\"]}\nallow:\n  - {name: a, accounts: [\"*\"]}\n  - {name: b, accounts: [\"1\"]}\n",
			[]string{
				"rule-unreachable policy.yaml:7:5: rule b can never match: rule r on line 4 covers all of it",
				"account-rejected policy.yaml:7:26: account 1 is in rule b and in reject rule r on line 4, which comes first",
			}},
		"reject narrower": {"reject:\n  - {name: r, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\nallow:\n  - {name: a, accounts: [\"2\", \"1\"]}\n",
			[]string{"account-rejected policy.yaml:6:31: account 1 is in rule a and in reject rule r on line 4, which comes first"}},
		"expired reject": {"reject:\n  - {name: r, accounts: [\"1\"], until: 2026-01-01}\nallow:\n  - {name: a, accounts: [\"1\"]}\n",
			[]string{"rule-expired policy.yaml:4:39: rule r expired on 2026-01-01: it no longer matches"}},
		"from a file": {"reject:\n  - {name: r, accounts: [\"3333\"]}\nallow:\n  - {name: a, accounts_from: ids.txt}\n",
			[]string{"account-rejected ids.txt:2:1: account 3333 is in rule a and in reject rule r on line 4, which comes first"}},
		"accepters": {"allow:\n  - {name: a, accounts: [\"1\"], accepter_accounts: [\"7\"], accepter_regions: [cn-x], requester_regions: [cn-y], requester_vpcs: [vpc-z]}\n" +
			"  - {name: b, accounts: [\"1\"], accepter_accounts: [\"7\", \"8\"], accepter_regions: [cn-x], requester_regions: [cn-y], requester_vpcs: [vpc-z]}\n" +
			"  - {name: c, accounts: [\"1\"], accepter_accounts: [\"7\"], requester_regions: [cn-y], requester_vpcs: [vpc-z]}\n" +
			"  - {name: d, accounts: [\"1\"], accepter_accounts: [\"7\"], accepter_regions: [cn-x], requester_vpcs: [vpc-z]}\n" +
			"  - {name: e, accounts: [\"1\"], accepter_accounts: [\"7\"], accepter_regions: [cn-x], requester_regions: [cn-y], requester_vpcs: [vpc-z], accepter_vpcs: [vpc-q]}\n",
			[]string{"rule-unreachable policy.yaml:8:5: rule e can never match: rule a on line 4 covers all of it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, warnings(t, test.rules)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestShippedPolicy: what a newcomer finds is free of warnings and passes its own tests, which exercise every rule. It reads
// a copy: the policy in the repository's root is the user's to change.
func TestShippedPolicy(t *testing.T) {
	t.Parallel()
	shipped := os.DirFS("testdata/shipped")
	p, err := policy.Load(shipped, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	now := instant(t, "2026-06-15T12:00:00Z")
	if ws := p.Warnings(now); len(ws) > 0 || p.Mode != policy.DryRun {
		t.Errorf("mode %s, warnings %v", p.Mode, ws)
	}
	tests, err := policy.LoadTests(shipped, "policy_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := tests.Run(p, now)
	if tests.Policy != "policy.yaml" || !r.OK() || len(r.Unexercised) > 0 {
		t.Errorf("tests of %s: %+v", tests.Policy, r)
	}
}
