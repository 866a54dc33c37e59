package policy_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/policy"
)

// warnings returns the warnings about a policy, each with its code and place, except for those of some codes.
func warnings(t *testing.T, rules string, leftOut ...policy.WarningCode) []string {
	t.Helper()
	fsys := fstest.MapFS{
		"policy.yaml": {Data: []byte("version: 1\nmode: enforce\n" + rules)},
		"ids.txt":     {Data: []byte("4001\n3333 # a phisher\n")},
		"user.txt":    {Data: []byte("# a RAM user\n202222222222222222\n")},
		"rounded.txt": {Data: []byte("1234567890123450\n5678901234567890\n2222222222222220\n")},
		"twice.txt":   {Data: []byte("2222222222222222\n4444444444444444\n2222222222222222\n")},
	}
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, w := range p.Warnings(instant(t, "2026-06-15T12:00:00Z")) {
		if slices.Contains(leftOut, w.Code) {
			continue
		}
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
			[]string{
				"accounts-all policy.yaml:4:26: rule a allows every account to reach every VPC: add another key, such as accepter_vpcs",
				"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it",
			}},
		"everyone last": {"allow:\n  - {name: b, accounts: [\"2\", \"3\"]}\n  - {name: a, accounts: [\"*\"]}\n",
			[]string{
				"rule-unnecessary policy.yaml:4:5: rule b is unnecessary: rule a on line 5 covers all of it",
				"accounts-all policy.yaml:5:26: rule a allows every account to reach every VPC: add another key, such as accepter_vpcs",
			}},
		"everyone for a while": {"allow:\n  - {name: a, accounts: [\"*\"], until: 2027-01-01}\n",
			[]string{"accounts-all policy.yaml:4:26: rule a allows every account to reach every VPC: add another key, such as accepter_vpcs"}},
		"everyone to one VPC": {"allow:\n  - {name: a, accounts: [\"*\"], accepter_vpcs: [vpc-a]}\n", nil},
		"everyone twice": {"allow:\n  - {name: a, accounts: [\"*\"], accepter_vpcs: [vpc-a, vpc-b]}\n  - {name: b, accounts: [\"*\"], accepter_vpcs: [vpc-b]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"everyone with ids": {"allow:\n  - {name: a, accounts: [\"1\", \"*\"]}\n",
			[]string{
				"accounts-all policy.yaml:4:31: rule a allows every account to reach every VPC: add another key, such as accepter_vpcs",
				`accounts-redundant policy.yaml:4:31: rule a matches every account: the ids next to "*" have no effect`,
			}},
		"the same twice": {"allow:\n  - {name: a, accounts: [\"1\"]}\n  - {name: b, accounts: [\"1\"]}\n  - {name: c, accounts: [\"1\"]}\n",
			[]string{
				"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it",
				"rule-unreachable policy.yaml:6:5: rule c can never match: rule a on line 4 covers all of it",
			}},
		"narrow reject first": {"reject:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n  - {name: b, accounts: [\"1\"]}\nallow: []\n",
			[]string{"rule-unnecessary policy.yaml:4:5: rule a is unnecessary: rule b on line 5 covers all of it"}},
		"reject before a wide allow": {"reject:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\nallow:\n  - {name: b, accounts: [\"1\", \"2\"]}\n",
			[]string{"account-rejected policy.yaml:6:26: account 1 is in rule b and in reject rule a on line 4, which comes first"}},
		"later cover ends first": {"allow:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n  - {name: b, accounts: [\"1\"], until: 2027-02-01}\n", nil},
		"expired cover": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-01-01}\n  - {name: b, accounts: [\"1\"]}\n",
			[]string{"rule-expired policy.yaml:4:39: rule a expired on 2026-01-01: it no longer matches"}},
		"cover ends first": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2027-01-01}\n  - {name: b, accounts: [\"1\"]}\n  - {name: c, accounts: [\"1\"], until: 2027-02-01}\n",
			[]string{
				"rule-unnecessary policy.yaml:4:5: rule a is unnecessary: rule b on line 5 covers all of it",
				"rule-unreachable policy.yaml:6:5: rule c can never match: rule b on line 5 covers all of it",
			}},
		"cover ends later": {"allow:\n  - {name: a, accounts: [\"1\"], until: 2027-02-01}\n  - {name: b, accounts: [\"1\"], until: 2027-01-01}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"CIDRs inside": {"allow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.0.0.0/8, 172.16.0.0/12]}\n  - {name: b, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16, 172.17.0.0/16]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"CIDRs outside": {"allow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16]}\n  - {name: b, accounts: [\"1\"], requester_cidrs: [10.0.0.0/8]}\n  - {name: c, accounts: [\"1\"]}\n",
			[]string{
				"rule-unnecessary policy.yaml:4:5: rule a is unnecessary: rule b on line 5 covers all of it",
				"rule-unnecessary policy.yaml:5:5: rule b is unnecessary: rule c on line 6 covers all of it",
			}},
		"reject covers allow": {"reject:\n  - {name: r, requester_cidrs: [10.0.0.0/8]}\nallow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.1.0.0/16]}\n",
			[]string{"rule-unreachable policy.yaml:6:5: rule a can never match: rule r on line 4 covers all of it"}},
		"reject everyone": {"reject:\n  - {name: r, accounts: [\"*\"]}\n  - {name: s, requester_regions: [us-east-1]}\nallow:\n  - {name: a, accounts: [\"1\"]}\n",
			[]string{
				"accounts-all policy.yaml:4:26: rule r rejects every request: no allow rule can match",
				"rule-unreachable policy.yaml:5:5: rule s can never match: rule r on line 4 covers all of it",
				"rule-unreachable policy.yaml:7:5: rule a can never match: rule r on line 4 covers all of it",
			}},
		"reject part": {"reject:\n  - {name: r, accounts: [\"1\"]}\nallow:\n  - {name: a, accounts: [\"*\"]}\n  - {name: b, accounts: [\"1\"]}\n",
			[]string{
				"accounts-all policy.yaml:6:26: rule a allows every account to reach every VPC: add another key, such as accepter_vpcs",
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
			[]string{
				"rule-unnecessary policy.yaml:4:5: rule a is unnecessary: rule b on line 5 covers all of it",
				"rule-unreachable policy.yaml:8:5: rule e can never match: rule a on line 4 covers all of it",
			}},
		"folders": {"directory: {id: rd-1}\nallow:\n  - {name: a, requester_folders: [fd-a, fd-b], accepter_folders: [fd-c]}\n" +
			"  - {name: b, requester_folders: [fd-a], accepter_folders: [fd-c]}\n" +
			"  - {name: c, requester_folders: [fd-a]}\n" +
			"  - {name: d, accounts: [\"1\"], requester_folders: [fd-b], accepter_folders: [fd-c]}\n" +
			"  - {name: e, accounts: [\"1\"], accepter_folders: [fd-c]}\n" +
			"  - {name: f, requester_folders: [fd-b, fd-z], accepter_folders: [fd-c]}\n",
			[]string{
				"rule-unreachable policy.yaml:6:5: rule b can never match: rule a on line 5 covers all of it",
				"rule-unreachable policy.yaml:8:5: rule d can never match: rule a on line 5 covers all of it",
			}},
		"connections": {"allow:\n  - {name: a, connections: [pcc-1, pcc-2]}\n" +
			"  - {name: b, connections: [pcc-2], accepter_vpcs: [vpc-a]}\n" +
			"  - {name: c, connections: [pcc-2, pcc-3]}\n" +
			"  - {name: d, accounts: [\"1\"], connections: [pcc-3]}\n" +
			"  - {name: e, accounts: [\"*\"], connections: [pcc-1]}\n" +
			"  - {name: f, accounts: [\"1\"]}\n",
			[]string{
				"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it",
				"rule-unreachable policy.yaml:7:5: rule d can never match: rule c on line 6 covers all of it",
				"rule-unreachable policy.yaml:8:5: rule e can never match: rule a on line 4 covers all of it",
			}},
		"everybody before members": {"directory: {id: rd-1}\nallow:\n  - {name: a, accounts: [\"*\"], accepter_vpcs: [vpc-a]}\n  - {name: b, requester_folders: [fd-a], accepter_vpcs: [vpc-a]}\n  - {name: c, connections: [pcc-1], accepter_vpcs: [vpc-a]}\n",
			[]string{
				"rule-unreachable policy.yaml:6:5: rule b can never match: rule a on line 5 covers all of it",
				"rule-unreachable policy.yaml:7:5: rule c can never match: rule a on line 5 covers all of it",
			}},
		"members before everybody": {"directory: {id: rd-1}\nallow:\n  - {name: a, requester_folders: [fd-a]}\n  - {name: b, connections: [pcc-1]}\n  - {name: c, accounts: [\"*\"], accepter_vpcs: [vpc-a]}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, warnings(t, test.rules, policy.AccountImpossible, policy.RegionUnknown, policy.AccepterUnguarded)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestDoubtfulValues: values that the language allows, and that are probably mistakes.
func TestDoubtfulValues(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules string
		want  []string
	}{
		"good ids":      {"allow:\n  - {name: a, accounts: [\"2222222222222222\"], accepter_accounts: [\"1111111111111111\"]}\n", nil},
		"a RAM user":    {"allow:\n  - {name: a, accounts: [\"202222222222222222\"]}\n", []string{"account-impossible policy.yaml:4:26: account id 202222222222222222 has 18 digits: account ids have 16, and 18 is the length of a RAM user's id"}},
		"a lost digit":  {"allow:\n  - {name: a, accounts: [222222222222222]}\n", []string{"account-impossible policy.yaml:4:26: account id 222222222222222 has 15 digits: account ids have 16"}},
		"one digit":     {"allow:\n  - {name: a, accounts: [2]}\n", []string{"account-impossible policy.yaml:4:26: account id 2 has 1 digit: account ids have 16"}},
		"a zero first":  {"allow:\n  - {name: a, accounts: [0123456701234567]}\n", []string{"account-impossible policy.yaml:4:26: account id 0123456701234567 begins with 0: the API writes account ids as numbers, so no account has it"}},
		"in a file":     {"allow:\n  - {name: a, accounts_from: user.txt}\n", []string{"account-impossible user.txt:2:1: account id 202222222222222222 has 18 digits: account ids have 16, and 18 is the length of a RAM user's id"}},
		"an accepter":   {"allow:\n  - {name: a, accounts: [\"*\"], accepter_accounts: [\"11\"]}\n", []string{"account-impossible policy.yaml:4:52: account id 11 has 2 digits: account ids have 16"}},
		"a member":      {"guard: {accounts: [{role: \"acs:ram::11:role/a\"}]}\nallow: []\n", []string{"account-impossible policy.yaml:3:27: account id 11 has 2 digits: account ids have 16"}},
		"rounded":       {"allow:\n  - {name: a, accounts_from: rounded.txt}\n", []string{"accounts-rounded rounded.txt:1:1: all 3 ids in this list end in 0: a spreadsheet keeps 15 digits of a number, so take the ids from their source, as text"}},
		"rounded here":  {"allow:\n  - {name: a, accounts_from: user.txt, accounts: [1234567890123450, 5678901234567890, 2222222222222220]}\n", []string{"accounts-rounded policy.yaml:4:51: all 3 ids in this list end in 0: a spreadsheet keeps 15 digits of a number, so take the ids from their source, as text", "account-impossible user.txt:2:1: account id 202222222222222222 has 18 digits: account ids have 16, and 18 is the length of a RAM user's id"}},
		"two rounded":   {"allow:\n  - {name: a, accounts: [1234567890123450, 5678901234567890]}\n", nil},
		"one not":       {"allow:\n  - {name: a, accounts: [1234567890123450, 5678901234567890, 2222222222222222, 2222222222222220]}\n", nil},
		"twice":         {"allow:\n  - {name: a, accounts: [\"2222222222222222\", \"2222222222222222\"], accepter_accounts: [\"1111111111111111\", \"1111111111111111\"]}\n", []string{"value-repeated policy.yaml:4:46: account 2222222222222222 is in rule a already", "value-repeated policy.yaml:4:107: account 1111111111111111 is in this list already"}},
		"twice, a file": {"allow:\n  - {name: a, accounts_from: twice.txt}\n", []string{"value-repeated twice.txt:3:1: account 2222222222222222 is in rule a already"}},
		"here and in a file": {"allow:\n  - name: a\n    accounts: [\"4444444444444444\"]\n    accounts_from: twice.txt\n",
			[]string{"value-repeated twice.txt:2:1: account 4444444444444444 is in rule a already", "value-repeated twice.txt:3:1: account 2222222222222222 is in rule a already"}},
		"other values twice": {"guard: {regions: [cn-hangzhou, cn-hangzhou]}\nallow:\n  - {name: a, accounts: [\"*\"], requester_vpcs: [vpc-a, vpc-a], requester_cidrs: [10.0.0.0/8, 10.0.0.0/8]}\n",
			[]string{"value-repeated policy.yaml:3:32: cn-hangzhou is in this list already", "value-repeated policy.yaml:5:56: vpc-a is in this list already", "value-repeated policy.yaml:5:94: 10.0.0.0/8 is in this list already"}},
		"regions of rules": {"allow:\n  - {name: a, accounts: [\"*\"], requester_regions: [cn-shangai], accepter_regions: [cn-hangzhuo]}\n",
			[]string{`region-unknown policy.yaml:4:52: unknown region "cn-shangai", did you mean "cn-shanghai"?`, `region-unknown policy.yaml:4:84: unknown region "cn-hangzhuo", did you mean "cn-hangzhou"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, warnings(t, test.rules)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUnknownRegions: a region that does not exist is guarded with a warning that says what was probably meant.
func TestUnknownRegions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"cn-hangzou":            `, did you mean "cn-hangzhou"?`,
		"cnhangzhou":            `, did you mean "cn-hangzhou"?`,
		"cn-hangzhouu":          `, did you mean "cn-hangzhou"?`,
		"hangzhou":              `, did you mean "cn-hangzhou"?`,
		"cn-hangzhou-h":         `: it looks like a zone of region "cn-hangzhou"`,
		"cn-hangzhou-b":         `: it looks like a zone of region "cn-hangzhou"`,
		"us-east-1a":            `: it looks like a zone of region "us-east-1"`,
		"ap-southeast-1b":       `: it looks like a zone of region "ap-southeast-1"`,
		"us-east-2":             `, did you mean "us-east-1"?`,
		"eu-west-2":             `, did you mean "eu-west-1"?`,
		"westeurope":            "",
		"cn-hangzhou":           "known",
		"cn-shanghai-finance-1": "known",
	} {
		var expected []string
		if want != "known" {
			expected = []string{fmt.Sprintf("region-unknown policy.yaml:3:19: unknown region %q%s", region, want)}
		}
		if diff := cmp.Diff(expected, warnings(t, "guard: {regions: ["+region+"]}\nallow: []\n")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", region, diff)
		}
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
