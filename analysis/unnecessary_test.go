package analysis_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"peerguard/analysis"
)

// TestUnnecessary: a rule is unnecessary if others with its verdict match whatever it does, one of them or several together.
func TestUnnecessary(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ rules, want string }{
		"one":            {"allow:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n  - {name: b, accounts: [\"1\", \"2\"]}\n", "a"},
		"together":       {"allow:\n  - {name: a, accounts: [\"1\"]}\n  - {name: b, accounts: [\"2\"]}\n  - {name: c, accounts: [\"1\", \"2\"], accepter_vpcs: [vpc-a]}\n", "c"},
		"alike":          {"allow:\n  - {name: a, accounts: [\"1\"]}\n  - {name: b, accounts: [\"1\"]}\n", "b"},
		"another value":  {"allow:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a, vpc-b]}\n  - {name: b, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n  - {name: c, accounts: [\"1\"], accepter_vpcs: [vpc-c]}\n", "b"},
		"ends first":     {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-07-01}\n  - {name: b, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n", ""},
		"ends in turn":   {"allow:\n  - {name: a, accounts: [\"1\"], until: 2026-07-01}\n  - {name: b, accounts: [\"1\"], accepter_vpcs: [vpc-a], until: 2026-06-15}\n", "b"},
		"CIDRs together": {"allow:\n  - {name: a, accounts: [\"1\"], requester_cidrs: [10.0.0.0/9]}\n  - {name: b, accounts: [\"1\"], requester_cidrs: [10.128.0.0/9]}\n  - {name: c, accounts: [\"1\"], requester_cidrs: [10.0.0.0/8]}\n", "a b"},
		"other verdict":  {"reject:\n  - {name: r, accounts: [\"1\"]}\nallow:\n  - {name: a, accounts: [\"1\"], accepter_vpcs: [vpc-a]}\n", ""},
		"reject rules":   {"reject:\n  - {name: r, requester_regions: [cn-a]}\n  - {name: s, accounts: [\"1\"], requester_regions: [cn-a]}\nallow: []\n", "s"},
	} {
		var got []string
		for _, m := range analysis.Unnecessary(load(t, "version: 1\nmode: enforce\n"+tt.rules), now) {
			got = append(got, m.Name)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestUnnecessaryRulesMakeNoDifference: a random policy decides alike without all of its unnecessary rules.
func TestUnnecessaryRulesMakeNoDifference(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{17})
	found := 0
	for range 300 {
		data := make([]byte, 400)
		_, _ = random.Read(data)
		d := &draw{data}
		whole := d.policy(d.universe())
		p := load(t, whole.String())
		names := map[string]bool{}
		for _, m := range analysis.Unnecessary(p, now) {
			names[m.Name] = true
		}
		found += len(names)
		var less policyText
		for i, r := range whole.reject {
			if !names[fmt.Sprintf("reject%d-%s", i, r.name)] {
				less.reject = append(less.reject, r)
			}
		}
		for i, r := range whole.allow {
			if !names[fmt.Sprintf("allow%d-%s", i, r.name)] {
				less.allow = append(less.allow, r)
			}
		}
		c, err := analysis.Compare(p, load(t, less.String()), now)
		if err != nil || len(c.Opens)+len(c.Closes) > 0 {
			t.Errorf("%v, %+v\n%s\nwithout %v", err, c, whole, names)
		}
	}
	if found < 30 {
		t.Errorf("only %d unnecessary rules", found)
	}
}
