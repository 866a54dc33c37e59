package policy_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/policy"
)

const casesPolicy = `version: 1
mode: enforce
reject:
  - {name: phisher, accounts: ["3333"]}
allow:
  - {name: payments, accounts: ["2222"], until: 2026-12-31, reason: NET-1}
  - {name: never-tested, accounts: ["4444"]}
  - {name: local, accounts: ["5555"], requester_regions: [cn-hangzhou]}
`

const casesText = `version: 1
policy: sub/policy.yaml
cases:
  - name: passes
    requester: {account: 2222, region: cn-hangzhou, vpc: vpc-a, cidrs: [10.1.0.7/16]}
    accepter: {account: "1111", region: cn-shanghai, vpc: vpc-b}
    at: 2026-12-31T23:59:59Z
    expect: allow
    rule: payments
  - {name: any rule will do, requester: {account: "9"}, accepter: {account: "1"}, expect: reject}
  - {name: too late, requester: {account: "2222"}, accepter: {account: "1"}, at: 2027-01-01, expect: allow}
  - {name: other rule, requester: {account: "3333"}, accepter: {account: "1"}, expect: reject, rule: default}
  - {name: no such rule, requester: {account: "2222"}, accepter: {account: "1"}, expect: allow, rule: payment}
  - {name: now, requester: {account: "2222"}, accepter: {account: "1"}, expect: allow}
  - {name: from anywhere, requester: {account: "5555"}, accepter: {account: "1"}, expect: undecided}
  - {name: from here, requester: {account: "5555", region: cn-hangzhou}, accepter: {account: "1"}, expect: undecided}
  - {name: not told, requester: {account: "5555"}, accepter: {account: "1"}, expect: reject}
  - {name: no rule, requester: {account: "5555"}, accepter: {account: "1"}, expect: undecided, rule: local}
`

func TestRunCases(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"tests/policy_test.yaml": {Data: []byte(casesText)},
		"tests/sub/policy.yaml":  {Data: []byte(casesPolicy)},
	}
	tests, err := policy.LoadTests(fsys, "tests/policy_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "tests/sub/policy.yaml"; tests.Policy != want {
		t.Errorf("policy is %s, want %s", tests.Policy, want)
	}
	p, err := policy.Load(fsys, tests.Policy)
	if err != nil {
		t.Fatal(err)
	}
	r := tests.Run(p, instant(t, "2026-06-15T12:00:00Z"))
	var got []string
	for _, c := range r.Cases {
		got = append(got, strings.Join([]string{c.Name, string(c.Expect), c.ExpectRule, string(c.Verdict), c.Rule, c.Failure}, "|"))
	}
	want := []string{
		"passes|allow|payments|allow|payments|",
		"any rule will do|reject||reject|default|",
		"too late|allow||reject|default|expected allow, got reject by rule default: rule payments expired on 2026-12-31",
		"other rule|reject|default|reject|phisher|expected rule default, but rule phisher decided: rule phisher rejects account 3333",
		`no such rule|allow|payment|allow|payments|the policy has no rule "payment", did you mean "payments"?`,
		"now|allow||allow|payments|",
		"from anywhere|undecided||undecided||",
		"from here|undecided||allow|local|expected undecided, got allow by rule local: rule local allows account 5555",
		"not told|reject||undecided||expected reject, got undecided: the requester region is unknown, and the verdict hangs on that: see rule local",
		"no rule|undecided|local|undecided||expected rule local, but no rule decides: the requester region is unknown, and the verdict hangs on that: see rule local",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if r.Failed() != 6 || r.OK() {
		t.Errorf("%d failed, OK is %t", r.Failed(), r.OK())
	}
	if len(r.Unexercised) != 1 || r.Unexercised[0].String() != "tests/sub/policy.yaml:7 never-tested" {
		t.Errorf("unexercised: %v", r.Unexercised)
	}
	if r.Cases[2].Line != 11 || r.Cases[2].File != "tests/policy_test.yaml" {
		t.Errorf("third case is at %s", r.Cases[2].Position)
	}
	if (&policy.Results{}).OK() {
		t.Error("a file without cases is OK")
	}
}

func TestDefaultPolicyOfTests(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"a/policy_test.yaml": {Data: []byte(strings.Replace(casesText, "policy: sub/policy.yaml\n", "", 1))}}
	tests, err := policy.LoadTests(fsys, "a/policy_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "a/policy.yaml"; tests.Policy != want {
		t.Errorf("policy is %s, want %s", tests.Policy, want)
	}
}

func TestBrokenCases(t *testing.T) {
	t.Parallel()
	testBrokenFiles(t, "testdata/broken_tests", 20, func(fsys fs.FS) (bool, error) {
		tests, err := policy.LoadTests(fsys, "policy_test.yaml")
		return tests != nil, err
	})
}

func TestMissingCases(t *testing.T) {
	t.Parallel()
	_, err := policy.LoadTests(fstest.MapFS{}, "policy_test.yaml")
	if err == nil || err.Error() != "policy_test.yaml:1:1: reading policy_test.yaml: file does not exist" {
		t.Errorf("got %v", err)
	}
}
