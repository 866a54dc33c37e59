package policy_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// TestGuard reads every key of guard.
func TestGuard(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"policy.yaml": {Data: []byte(readFile(t, "testdata/good/everything.yaml"))}, "ids.txt": {Data: []byte("1\n")}}
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Guard{
		Regions: []string{"cn-hangzhou", "cn-shanghai"},
		Roles: map[peering.Account]peering.Role{
			"1111111111111111": {ARN: "acs:ram::1111111111111111:role/peerguard"},
			"1111111111111112": {ARN: "acs:ram::1111111111111112:role/Peer.Guard_2", ExternalID: "a+word=with,every.kind@of:character/in-it_"},
		},
		MaxRequesters: 100,
	}
	if diff := cmp.Diff(want, p.Guard); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestByDefault: only what no rule of the file decides is rejected by default.
func TestByDefault(t *testing.T) {
	t.Parallel()
	p := load(t, head+"reject: [{name: r, accounts: ['1111']}]\nallow: [{name: a, accounts: ['2222']}]\n")
	for account, byDefault := range map[string]bool{"1111": false, "2222": false, "3333": true} {
		d := p.Decide(connection(account+" cn-hangzhou vpc-a - > 1 cn-shanghai vpc-b"), instant(t, "2026-06-15T12:00:00Z"))
		if d.ByDefault() != byDefault {
			t.Errorf("account %s, rule %s: by default is %t", account, d.Rule, d.ByDefault())
		}
	}
}
