package main

import (
	"testing"
	"time"

	"peerguard/function/policy"
)

// TestWarningsOfAKind: only warnings of the kinds asked for count.
func TestWarningsOfAKind(t *testing.T) {
	t.Parallel()
	rules, err := newPolicyFile(policyOf(t, `version: 1
mode: enforce
allow:
  - name: everybody
    accounts: ["*", "2222222222222222"]
  - name: payments
    accounts: ["2222222222222222"]
    until: 2026-12-31
`)).load()
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]int{"2026-01-01": 0, "2026-12-15": 1, "2027-06-01": 1} {
		now, err := time.Parse(time.DateOnly, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := warningsOf(rules, now, policy.RuleExpired, policy.RuleExpires); len(got) != want {
			t.Errorf("%s: %q, want %d", at, got, want)
		}
	}
	if len(rules.Warnings(time.Time{})) == 0 {
		t.Error("the policy has no other warning")
	}
}
