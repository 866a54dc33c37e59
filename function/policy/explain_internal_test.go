package policy

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestRules: every key of every rule is returned as written, in the order in which rules are tried.
func TestRules(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"rules/policy.yaml": {Data: []byte(`version: 1
mode: enforce
allow:
  - name: full
    accounts: ["2222222222222222", "*"]
    accounts_from: lists/ids.txt
    requester_regions: [cn-hangzhou]
    requester_vpcs: [vpc-a]
    requester_cidrs: [10.2.0.0/16, 10.1.0.0/16]
    accepter_accounts: ["1111111111111111"]
    accepter_regions: [cn-shanghai]
    accepter_vpcs: [vpc-b]
    until: 2026-12-31
    owner: network team
    reason: NET-1234
reject:
  - name: bare
    requester_regions: [us-east-1]
`)},
		"rules/lists/ids.txt": {Data: []byte("3333333333333333\n4444444444444444\n")},
	}
	p, err := Load(files, "rules/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []Rule{
		{Name: "bare", Verdict: Reject, RequesterRegions: []string{"us-east-1"}},
		{
			Name: "full", Verdict: Allow, Accounts: []string{"*", "2222222222222222"}, AccountsFrom: "lists/ids.txt", AccountsInFile: 2,
			RequesterRegions: []string{"cn-hangzhou"}, RequesterVPCs: []string{"vpc-a"}, RequesterCIDRs: []string{"10.2.0.0/16", "10.1.0.0/16"},
			AccepterAccounts: []string{"1111111111111111"}, AccepterRegions: []string{"cn-shanghai"}, AccepterVPCs: []string{"vpc-b"},
			Until: "2026-12-31", Owner: "network team", Reason: "NET-1234",
		},
	}
	if diff := cmp.Diff(want, p.Rules()); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
