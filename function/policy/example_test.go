package policy_test

import (
	"fmt"
	"testing/fstest"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// A policy is read together with the files that it names.
func ExampleLoad() {
	files := fstest.MapFS{ // in a program, a policy.Folder
		"policy.yaml": {Data: []byte(`
version: 1
mode: dry-run
allow:
  - name: partner
    accounts_from: partner-accounts.txt
    until: 2026-12-31
`)},
		"partner-accounts.txt": {Data: []byte("4444444444444444\n5555555555555555 # test environment\n")},
	}
	p, err := policy.Load(files, "policy.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, rule := range p.Rules() {
		fmt.Printf("%s: %s %d accounts of %s until %s\n", rule.Name, rule.Verdict, rule.AccountsInFile, rule.AccountsFrom, rule.Until)
	}
	for _, w := range p.Warnings(time.Date(2026, time.December, 11, 12, 0, 0, 0, time.UTC)) {
		fmt.Println(w)
	}
	// Output:
	// partner: allow 2 accounts of partner-accounts.txt until 2026-12-31
	// policy.yaml:7:12: rule partner expires on 2026-12-31, in 21 days
}

// All mistakes are reported together, each with its place and, where a word is almost right, a suggestion.
func ExampleLoad_mistakes() {
	_, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(`
version: 1
mode: enforced
allow:
  - name: payments
    acounts: ["2222222222222222"]
`)}}, "policy.yaml")
	fmt.Println(err)
	// Output:
	// policy.yaml:3:7: mode must be dry-run or enforce, not "enforced", did you mean "enforce"?
	// policy.yaml:6:5: unknown key "acounts", did you mean "accounts"?
}

// The first rule that matches decides, and says why.
func ExamplePolicy_Decide() {
	p, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(`
version: 1
mode: enforce
reject:
  - name: known-phisher
    accounts: ["3333333333333333"]
    reason: SEC-7
allow:
  - name: payments
    accounts: ["2222222222222222"]
    requester_cidrs: [10.1.0.0/16]
`)}}, "policy.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, requester := range []peering.Side{
		{Account: "2222222222222222", CIDRs: []string{"10.1.4.0/24"}},
		{Account: "2222222222222222", CIDRs: []string{"10.9.0.0/16"}},
		{Account: "3333333333333333"},
		{Account: "9999999999999999"},
	} {
		d := p.Decide(&peering.Connection{Requester: requester}, time.Now())
		fmt.Printf("%s (%s): %s\n", d.Verdict, d.Rule, d.Reason())
	}
	// Output:
	// allow (payments): rule payments allows account 2222222222222222
	// reject (default): rule payments names account 2222222222222222, but requester CIDR 10.9.0.0/16 lies outside its requester_cidrs
	// reject (known-phisher): rule known-phisher rejects account 3333333333333333 (SEC-7)
	// reject (default): no allow rule names account 9999999999999999
}
