package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

const covered = `directory: {id: rd-1}
guard:
  regions: [cn-hangzhou, cn-shanghai]
  accounts:
    - role: acs:ram::1111111111111112:role/other
    - role: acs:ram::1111111111111113:role/peerguard
    - role: acs:ram::1111111111111111:role/peerguard
    - {folder: fd-a, role_name: peerguard}
    - {folder: r-top, role_name: sweeper, except: ["5555555555555555", "6666666666666666"]}
`

// TestGuards: what a sweep looks at, in words.
func TestGuards(t *testing.T) {
	t.Parallel()
	for guard, want := range map[string][]string{
		"":                        {"the function's own account", "in every region"},
		"guard: {regions: all}\n": {"the function's own account", "in every region"},
		"guard: {regions: [cn-hangzhou, cn-shanghai, cn-beijing, us-east-1, us-west-1, eu-west-1]}\n": {"the function's own account", "in cn-hangzhou, cn-shanghai, cn-beijing, us-east-1 and 2 others"},
		covered: {
			"the function's own account",
			"account 1111111111111112, through its role other",
			"2 accounts, 1111111111111111 and 1111111111111113, each through its role peerguard",
			"every member account in folder fd-a or below, each through its role peerguard",
			"every account of the resource directory, root folder r-top, each through its role sweeper, except 5555555555555555 and 6666666666666666",
			"in cn-hangzhou and cn-shanghai",
		},
	} {
		if diff := cmp.Diff(want, load(t, head+guard+"allow: []\n").Guards()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", guard, diff)
		}
	}
}

// TestUnguarded: where nobody looks at an accepter, the policy says so, and what would make a difference.
func TestUnguarded(t *testing.T) {
	t.Parallel()
	const folders = "directory: {id: rd-1}\nguard: {accounts: [{folder: fd-a, role_name: x}, {folder: fd-b, role_name: x, except: ['7']}]}\n"
	for _, test := range []struct {
		guard    string
		accepter peering.Side
		want     string
	}{
		{"", peering.Side{Account: "7", Region: "cn-hangzhou"}, "nobody guards account 7, unless it is the function's own account"},
		{"", peering.Side{Region: "cn-hangzhou"}, ""},
		{covered, peering.Side{Account: "1111111111111112", Region: "cn-hangzhou"}, ""},
		{covered, peering.Side{Account: "1111111111111112"}, ""},
		{covered, peering.Side{Account: "1111111111111112", Region: "cn-beijing"}, "no sweep looks at region cn-beijing: guard.regions does not list it"},
		{covered, peering.Side{Account: "5555555555555555", Path: "rd-1/r-top/fd-a"}, ""},
		{covered, peering.Side{Account: "5555555555555555", Path: "rd-1/r-top/fd-b"}, "nobody guards account 5555555555555555, unless it is the function's own account"},
		{folders, peering.Side{Account: "8", Path: "rd-1/r-top/fd-b/fd-c"}, ""},
		{folders, peering.Side{Account: "8", Path: "rd-1/r-top/fd-c"}, "nobody guards account 8, unless it is the function's own account"},
		{folders, peering.Side{Account: "8", Path: peering.Outside}, "nobody guards account 8, unless it is the function's own account"},
		{folders, peering.Side{Account: "8"}, "nobody guards account 8, unless it is the function's own account, or a member of fd-a or fd-b"},
		{folders, peering.Side{Account: "7"}, "nobody guards account 7, unless it is the function's own account, or a member of fd-a"},
	} {
		p := load(t, head+test.guard+"allow: []\n")
		if got := p.Unguarded(&test.accepter); got != test.want {
			t.Errorf("%+v: %q, want %q", test.accepter, got, test.want)
		}
		c := peering.Connection{Accepter: test.accepter}
		if e := p.Explain(&c, instant(t, "2026-06-15T12:00:00Z")); e.Unguarded != test.want {
			t.Errorf("%+v: explained as %q, want %q", test.accepter, e.Unguarded, test.want)
		}
	}
}

// TestUnguardedWarnings: an allow rule for an accepter or a region at which no sweep looks is probably a mistake.
func TestUnguardedWarnings(t *testing.T) {
	t.Parallel()
	const members = "guard: {accounts: [{role: 'acs:ram::1111111111111111:role/x'}]}\n"
	const folder = "directory: {id: rd-1}\nguard: {accounts: [{folder: fd-a, role_name: x, except: ['2222222222222222']}]}\n"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"one accepter, which is the function's own account": {"allow:\n  - {name: a, accounts: ['*'], accepter_accounts: ['1111111111111111']}\n  - {name: b, accounts: ['*'], accepter_accounts: ['1111111111111111'], accepter_vpcs: [vpc-a]}\n",
			[]string{"rule-unreachable policy.yaml:5:5: rule b can never match: rule a on line 4 covers all of it"}},
		"two accepters": {"allow:\n  - {name: a, accounts: ['*'], accepter_accounts: ['1111111111111111', '2222222222222222']}\n", []string{
			"accepter-unguarded policy.yaml:4:52: account 1111111111111111 is not guarded, unless it is the function's own: guard.accounts does not have it",
			"accepter-unguarded policy.yaml:4:72: account 2222222222222222 is not guarded, unless it is the function's own: guard.accounts does not have it",
		}},
		"another account than the guarded ones": {members + "allow:\n  - {name: a, accounts: ['*'], accepter_accounts: ['1111111111111111', '2222222222222222']}\n",
			[]string{"accepter-unguarded policy.yaml:5:72: account 2222222222222222 is not guarded, unless it is the function's own: guard.accounts does not have it"}},
		"guard at the end": {"allow:\n  - {name: a, accounts: ['*'], accepter_accounts: ['1111111111111111']}\n" + members, nil},
		"an account that may be a member": {folder + "allow:\n  - {name: a, accounts: ['*'], accepter_accounts: ['1111111111111111', '2222222222222222']}\n",
			[]string{"accepter-unguarded policy.yaml:6:72: account 2222222222222222 is not guarded, unless it is the function's own: guard.accounts does not have it"}},
		"a reject rule": {members + "reject:\n  - {name: a, accepter_accounts: ['2222222222222222'], accepter_regions: [cn-beijing]}\nallow: []\n", nil},
		"regions": {"guard: {regions: [cn-shanghai]}\nallow:\n  - {name: a, accounts: ['*'], accepter_regions: [cn-shanghai, cn-beijing], requester_regions: [cn-hangzhou]}\n",
			[]string{"region-unguarded policy.yaml:5:64: region cn-beijing is not guarded: guard.regions does not list it"}},
		"every region": {"guard: {regions: all}\nallow:\n  - {name: a, accounts: ['*'], accepter_regions: [cn-beijing]}\n", nil},
	} {
		if diff := cmp.Diff(test.want, warnings(t, test.text)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestUnguardedCases: a case whose accepter nobody guards says so, and passes or fails all the same.
func TestUnguardedCases(t *testing.T) {
	t.Parallel()
	tests := &policy.Tests{Cases: []policy.Case{
		{Name: "own", Connection: peering.Connection{Accepter: peering.Side{Account: "1111111111111111"}}, Expect: policy.Reject},
		{Name: "strange", Connection: peering.Connection{Accepter: peering.Side{Account: "3333333333333333"}}, Expect: policy.Reject},
	}}
	r := tests.Run(load(t, head+"guard: {accounts: [{role: 'acs:ram::1111111111111111:role/x'}]}\nallow: []\n"), instant(t, "2026-06-15T12:00:00Z"))
	if !r.OK() || r.Cases[0].Unguarded != "" || r.Cases[1].Unguarded != "nobody guards account 3333333333333333, unless it is the function's own account" {
		t.Errorf("%+v", r)
	}
}
