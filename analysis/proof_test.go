package analysis_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"peerguard/analysis"
	"peerguard/function/policy"
)

// statement draws a statement, as its file has it.
func (d *draw) statement(u *universe) string {
	set := func() string {
		r := d.rule(u, "")
		r.lists["requester_accounts"] = r.lists["accounts"]
		delete(r.lists, "accounts")
		var keys []string
		for _, key := range slices.Sorted(maps.Keys(r.lists)) {
			keys = append(keys, key+`: ["`+strings.Join(r.lists[key], `", "`)+`"]`)
		}
		return strings.Join(keys, ", ")
	}
	text := "version: 1\nprove:\n  - {name: a, expect: " + []string{"allow", "reject"}[d.below(2)] + ", " + set()
	switch d.below(3) {
	case 1:
		text += ", except: {" + set() + "}"
	case 2:
		text += ", except: [{" + set() + "}, {" + set() + "}]"
	}
	return text + "}\n"
}

func loadStatement(t testing.TB, text string) *policy.Statement {
	t.Helper()
	tests, err := policy.LoadTests(fstest.MapFS{"t": {Data: []byte(text)}}, "t")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return &tests.Prove[0]
}

// deciders returns the rules that decide on connections of a statement, by brute force.
func deciders(u *universe, p *policy.Policy, s *policy.Statement) map[string]policy.Verdict {
	found := map[string]policy.Verdict{}
	for c := range u.connections() {
		if !s.Concerns(c) {
			continue
		}
		for _, at := range instants {
			d := p.Decide(c, at)
			found[d.Rule] = d.Verdict
		}
	}
	return found
}

// TestProveIsExact: whether a statement holds, and which rules decide on what it is about, is what brute force finds. A
// counterexample is one.
func TestProveIsExact(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{7})
	holds, empty := 0, 0
	for range *pairs / 2 {
		data := make([]byte, 300)
		_, _ = random.Read(data)
		d := &draw{data}
		u := d.universe()
		rules := d.policy(u).String()
		text := d.statement(u)
		p, s := load(t, rules), loadStatement(t, text)
		got, err := analysis.Prove(p, s, now)
		if err != nil {
			t.Fatalf("%v\n%s%s", err, rules, text)
		}
		want := deciders(u, p, s)
		against := 0
		for _, verdict := range want {
			if verdict != s.Expect {
				against++
			}
		}
		if !slices.Equal(slices.Sorted(slices.Values(got.Rules)), slices.Sorted(maps.Keys(want))) || (got.Against != nil) != (against > 0) {
			t.Errorf("rules %v, not %v; against %v, not %d\n%s%s", got.Rules, want, got.Against, against, rules, text)
		}
		if w := &got.Witness; got.Against != nil {
			if decision := p.Decide(&w.Connection, w.At); decision.Rule != got.Against.Name || decision.Verdict == s.Expect || !s.Concerns(&w.Connection) {
				t.Errorf("%v is not a counterexample\n%s%s", w, rules, text)
			}
		} else {
			holds++
		}
		if len(want) == 0 {
			empty++
		}
	}
	if holds < *pairs/20 || holds > *pairs*9/20 || empty == 0 {
		t.Errorf("of %d statements %d hold, %d about nothing", *pairs/2, holds, empty)
	}
}
