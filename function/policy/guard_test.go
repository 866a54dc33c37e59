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
		Folders: []policy.GuardedFolder{
			{Folder: "fd-AAAAAAAAAA", RoleName: "peerguard"},
			{Folder: "fd-BBBBBBBBBB", RoleName: "Peer.Guard_2", ExternalID: "my-word", Except: []peering.Account{"5555555555555555", "6666666666666666"}},
		},
		MaxRequesters: 100,
	}
	if diff := cmp.Diff(want, p.Guard); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	directory := &policy.Directory{ID: "rd-3G0000", Role: "acs:ram::9999999999999999:role/peerguard-directory"}
	if diff := cmp.Diff(directory, p.Directory); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestEveryRegionIsTheDefault: without a list of regions, or with the word all, there is no list.
func TestEveryRegionIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, guard := range []string{"", "guard: {max_requesters: 1}\n", "guard: {regions: all}\n", "guard: {regions: \"all\"}\n"} {
		if p := load(t, head+guard+"allow: []\n"); p.Guard.Regions != nil {
			t.Errorf("%s: %v", guard, p.Guard.Regions)
		}
	}
}

// TestNamesFolders: the folders of guard alone do not make a verdict hang on the directory.
func TestNamesFolders(t *testing.T) {
	t.Parallel()
	const directory = "directory: {id: rd-3G0000}\n"
	for text, want := range map[string]bool{
		"allow: []\n": false,
		directory + "guard: {accounts: [{folder: r-a, role_name: x}]}\nallow: []\n":                 false,
		directory + "allow: [{name: a, requester_folders: [r-a]}]\n":                                true,
		directory + "reject: [{name: a, accepter_folders: [fd-a]}]\nallow: []\n":                    true,
		"allow: [{name: a, connections: [pcc-1]}, {name: b, accounts: ['1'], until: 2020-01-01}]\n": false,
	} {
		if got := load(t, head+text).NamesFolders(); got != want {
			t.Errorf("%s: %t", text, got)
		}
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
