package analysis_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/analysis"
	"peerguard/function/policy"
)

// large returns a policy of many rules that name 100,000 accounts in files. Each rule has several keys, and no two have the
// same. edit changes every n-th rule; 0 changes none.
func large(rules, edit int) fstest.MapFS {
	const accounts = 100_000
	var b strings.Builder
	fsys := fstest.MapFS{}
	b.WriteString("version: 1\nmode: enforce\nreject:\n")
	for i := range rules / 10 {
		fmt.Fprintf(&b, "  - {name: reject-%d, accounts: [\"%016d\"], accepter_vpcs: [vpc-%d]}\n", i, 1_000_000_000_000_000+i*977, i%37)
		fmt.Fprintf(&b, "  - {name: nobody-%d, requester_cidrs: [10.%d.0.0/24], requester_regions: [cn-r%d]}\n", i, i%250, i%17)
	}
	b.WriteString("allow:\n")
	for i := range rules - 2*(rules/10) {
		fmt.Fprintf(&b, "  - name: allow-%d\n    accounts_from: ids-%d.txt\n    requester_regions: [cn-r%d, cn-r%d]\n    requester_cidrs: [10.%d.0.0/16, 172.16.%d.0/24]\n", i, i, i%17, i%19, i%250, i%250)
		fmt.Fprintf(&b, "    accepter_accounts: [\"%016d\"]\n    accepter_vpcs: [vpc-%d, vpc-%d]\n", 2_000_000_000_000_000+i%41, i%37, i%43)
		if edit > 0 && i%edit == 0 {
			fmt.Fprintf(&b, "    until: 2026-0%d-01\n", 6+i%4)
		} else if i%3 == 0 {
			fmt.Fprintf(&b, "    until: 2027-0%d-01\n", 1+i%9)
		}
		var ids strings.Builder
		for j := range accounts / rules * 2 { // half of them are those of the next rule as well
			fmt.Fprintf(&ids, "%016d\n", 1_000_000_000_000_000+i*(accounts/rules)+j)
		}
		fsys[fmt.Sprintf("ids-%d.txt", i)] = &fstest.MapFile{Data: []byte(ids.String())}
	}
	fsys["policy.yaml"] = &fstest.MapFile{Data: []byte(b.String())}
	return fsys
}

// BenchmarkCompare compares large policies, one of them edited a little, everywhere, or not at all.
func BenchmarkCompare(b *testing.B) {
	for _, rules := range []int{200, 2000} {
		for name, edit := range map[string]int{"same": 0, "edited": 50, "rewritten": 1} {
			b.Run(fmt.Sprint(rules, "/", name), func(b *testing.B) {
				older, newer := loadFiles(b, large(rules, 0)), loadFiles(b, large(rules, edit))
				for b.Loop() {
					c, err := analysis.Compare(older, newer, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
					if err != nil {
						b.Fatal(err)
					}
					if equal := len(c.Opens)+len(c.Closes) == 0; equal != (edit == 0) {
						b.Fatalf("%d open, %d close", len(c.Opens), len(c.Closes))
					}
					b.ReportMetric(float64(len(c.Closes)+len(c.Opens)), "changes")
				}
			})
		}
	}
}

func loadFiles(t testing.TB, fsys fstest.MapFS) *policy.Policy {
	t.Helper()
	p, err := policy.Load(fsys, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
