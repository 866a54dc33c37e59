package policy_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// accountAt returns the i-th of many accounts.
func accountAt(i int) string { return fmt.Sprintf("%016d", 1_000_000_000_000_000+i*7919) }

// inlinePolicy returns a policy of about a hundred allow rules that name n accounts in all. Each rule also has the given keys.
func inlinePolicy(n int, keys string) string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\nallow:\n")
	size := max(1, n/100)
	for i := range n {
		if i%size == 0 {
			fmt.Fprintf(&b, "  - name: rule-%d\n%s    accounts:\n", i/size, keys)
		}
		fmt.Fprintf(&b, "      - \"%s\"\n", accountAt(i))
	}
	return b.String()
}

func listPolicy(n int) (text, list string) {
	var b strings.Builder
	for i := range n {
		b.WriteString(accountAt(i) + "\n")
	}
	return "version: 1\nmode: enforce\nallow:\n  - {name: a, accounts_from: ids.txt}\n", b.String()
}

// BenchmarkDecide compares a verdict with a plain map lookup of the same accounts. It measures them in turns, so that both see
// the same machine. Every 16th account is not in the policy.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 10_000, 100_000} {
		b.Run(fmt.Sprint(n, "/accounts"), func(b *testing.B) { benchmarkDecide(b, n, "") })
		b.Run(fmt.Sprint(n, "/places"), func(b *testing.B) {
			benchmarkDecide(b, n, "    requester_regions: [cn-hangzhou]\n    accepter_regions: [cn-shanghai]\n")
		})
		b.Run(fmt.Sprint(n, "/cidrs"), func(b *testing.B) {
			benchmarkDecide(b, n, "    requester_cidrs: [10.0.0.0/8]\n")
		})
	}
}

func benchmarkDecide(b *testing.B, n int, keys string) {
	p := load(b, inlinePolicy(n, keys))
	bare := map[peering.Account][]int32{}
	for i := range n {
		bare[peering.Account(accountAt(i))] = []int32{1}
	}
	const sample = 1024
	connections := make([]*peering.Connection, sample)
	for i := range connections {
		at := (i * 7907) % n
		if i%16 == 0 {
			at += n
		}
		connections[i] = connection(accountAt(at) + " cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b")
	}
	at := time.Now()
	var decide, lookup time.Duration
	var allowed, found int
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for _, c := range connections {
			if p.Decide(c, at).Verdict == policy.Allow {
				allowed++
			}
		}
		middle := time.Now()
		for _, c := range connections {
			if len(bare[c.Requester.Account]) > 0 {
				found++
			}
		}
		decide, lookup = decide+middle.Sub(start), lookup+time.Since(middle)
	}
	if allowed != found || allowed == 0 {
		b.Fatalf("%d allowed, %d found", allowed, found)
	}
	b.ReportMetric(float64(decide.Nanoseconds())/float64(b.N*sample), "ns/verdict")
	b.ReportMetric(float64(lookup.Nanoseconds())/float64(b.N*sample), "ns/lookup")
	b.ReportMetric(float64(decide)/float64(lookup), "verdict/lookup")
}

// BenchmarkLoad compares loading 100,000 accounts with decoding the same file into YAML nodes.
func BenchmarkLoad(b *testing.B) {
	const n = 100_000
	text, list := listPolicy(n)
	b.Run("inline", func(b *testing.B) {
		inline := inlinePolicy(n, "")
		benchmarkLoad(b, fstest.MapFS{"policy.yaml": {Data: []byte(inline)}}, inline)
	})
	b.Run("accounts_from", func(b *testing.B) {
		fsys := fstest.MapFS{"policy.yaml": {Data: []byte(text)}, "ids.txt": {Data: []byte(list)}}
		benchmarkLoad(b, fsys, text, "- "+strings.ReplaceAll(strings.TrimSpace(list), "\n", "\n- "))
	})
}

func benchmarkLoad(b *testing.B, fsys fstest.MapFS, bare ...string) {
	var loading, decoding time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := policy.Load(fsys, "policy.yaml"); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		for _, text := range bare {
			loader, err := yaml.NewLoader(bytes.NewReader([]byte(text)))
			if err != nil {
				b.Fatal(err)
			}
			var node yaml.Node
			if err := loader.Load(&node); err != nil {
				b.Fatal(err)
			}
		}
		loading, decoding = loading+middle.Sub(start), decoding+time.Since(middle)
	}
	b.ReportMetric(float64(loading.Milliseconds())/float64(b.N), "ms/load")
	b.ReportMetric(float64(decoding.Milliseconds())/float64(b.N), "ms/decode")
	b.ReportMetric(float64(loading)/float64(decoding), "load/decode")
}
