package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

const proveText = `version: 1
prove:
  - {name: everything, expect: reject}
  - name: all keys
    requester_accounts: ["1111", 2222]
    accounts_from: ids.txt
    connections: [pcc-1]
    requester_folders: [r-top]
    requester_regions: [cn-hangzhou]
    requester_vpcs: [vpc-a]
    requester_cidrs: [10.0.0.0/8, 2001:db8::/32]
    accepter_accounts: ["3333"]
    accepter_folders: [fd-a]
    accepter_regions: [cn-shanghai]
    accepter_vpcs: [vpc-b]
    except: {requester_accounts: ["2222"], requester_cidrs: [10.1.0.0/16]}
    expect: allow
  - name: several exceptions
    requester_accounts: ["*"]
    except:
      - {accepter_vpcs: [vpc-b]}
      - {accounts_from: ids.txt}
    expect: reject
`

func statements(t *testing.T) []policy.Statement {
	t.Helper()
	tests, err := policy.LoadTests(fstest.MapFS{
		"sub/policy_test.yaml": {Data: []byte(proveText)},
		"sub/ids.txt":          {Data: []byte("4444 # four\n")},
	}, "sub/policy_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(tests.Cases) != 0 || len(tests.Prove) != 3 {
		t.Fatalf("%d cases and %d statements", len(tests.Cases), len(tests.Prove))
	}
	return tests.Prove
}

// TestStatements: a statement is about what has all of its keys and is not in an exception. CIDRs count if any overlaps.
func TestStatements(t *testing.T) {
	t.Parallel()
	const one = "1111 cn-hangzhou vpc-a 10.1.0.0/16,192.168.0.0/16 > 3333 cn-shanghai vpc-b"
	for _, test := range []struct {
		connection string
		change     func(c *peering.Connection)
		concerns   string // names of the statements
	}{
		{one, nil, "everything, all keys"},
		{"4444" + strings.TrimPrefix(one, "1111"), nil, "everything, all keys"},
		{"5555" + strings.TrimPrefix(one, "1111"), nil, "everything"},
		{"2222" + strings.TrimPrefix(one, "1111"), nil, "everything"},
		{"2222 cn-hangzhou vpc-a 10.2.0.0/16 > 3333 cn-shanghai vpc-b", nil, "everything, all keys"},
		{"1111 cn-hangzhou vpc-a 192.168.0.0/16 > 3333 cn-shanghai vpc-b", nil, "everything"},
		{"1111 cn-hangzhou vpc-a 10.1.0.0/16 > 3333 cn-shanghai vpc-c", nil, "everything, several exceptions"},
		{"4444 cn-hangzhou vpc-a 10.1.0.0/16 > 3333 cn-shanghai vpc-c", nil, "everything"},
		{one, func(c *peering.Connection) { c.ID = "pcc-2" }, "everything"},
		{one, func(c *peering.Connection) { c.Requester.Path = "none" }, "everything"},
		{one, func(c *peering.Connection) { c.Accepter.Path = "rd-a/r-top" }, "everything"},
	} {
		c := connection(test.connection)
		c.ID, c.Requester.Path, c.Accepter.Path = "pcc-1", "rd-a/r-top", "rd-a/r-top/fd-a"
		if test.change != nil {
			test.change(c)
		}
		var names []string
		for _, s := range statements(t) {
			if s.Concerns(c) {
				names = append(names, s.Name)
			}
		}
		if got := strings.Join(names, ", "); got != test.concerns {
			t.Errorf("%v: %s, want %s", c, got, test.concerns)
		}
	}
}

// TestMatches: what a rule matches is what its file says, with the accounts of the files that it names.
func TestMatches(t *testing.T) {
	t.Parallel()
	s := statements(t)[1]
	m := s.Subject()
	var accounts []string
	for a := range m.Accounts {
		accounts = append(accounts, string(a))
	}
	if diff := cmp.Diff([]string{"1111", "2222", "4444"}, accounts); diff != "" {
		t.Errorf("accounts, -want +got:\n%s", diff)
	}
	c := &peering.Connection{}
	for f := range policy.Facts {
		*f.Of(c) = strings.Join(m.Lists[f], ",")
	}
	want := &peering.Connection{
		ID:        "pcc-1",
		Requester: peering.Side{Path: "r-top", Region: "cn-hangzhou", VPC: "vpc-a"},
		Accepter:  peering.Side{Account: "3333", Path: "fd-a", Region: "cn-shanghai", VPC: "vpc-b"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if cidrs := m.CIDRs.All(); len(cidrs) != 2 || m.Verdict != policy.Reject || !m.End.IsZero() {
		t.Errorf("%v, %s, %v", cidrs, m.Verdict, m.End)
	}
	if s.Line != 4 || s.Expect != policy.Allow || len(s.Except()) != 1 {
		t.Errorf("%s: expects %s, but for %v", s.Position, s.Expect, s.Except())
	}
	for _, m := range load(t, casesPolicy).Matches() {
		if m.Name == "payments" && (m.Line != 6 || m.Verdict != policy.Allow || m.End != instant(t, "2027-01-01T00:00:00Z")) {
			t.Errorf("rule %s at %s ends at %v", m.Name, m.Position, m.End)
		}
	}
}
