package analysis_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/analysis"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

var pairs = flag.Int("pairs", 1000, "how many random pairs of policies to compare with brute force")

// engine compares two policies.
type engine func(older, newer policyText) (*analysis.Comparison, error)

// right is the engine as it is.
func right(t testing.TB) engine {
	return func(older, newer policyText) (*analysis.Comparison, error) {
		return analysis.Compare(load(t, older.String()), load(t, newer.String()), now)
	}
}

// cause is two rules that decide differently.
type cause struct{ older, newer string }

// causes returns the causes of changes, each with how many accounts that rules name it has; 0 if it has others as well.
func causes(changes []analysis.Change) map[cause]int {
	found := map[cause]int{}
	for _, c := range changes {
		found[cause{c.Old.Name, c.New.Name}] = c.Accounts
	}
	return found
}

// brute looks at every connection, and returns the causes of what opens and of what closes.
func brute(u *universe, times []time.Time, older, newer *policy.Policy) (opens, closes map[cause]int) {
	found := map[policy.Verdict]map[cause]map[peering.Account]bool{policy.Allow: {}, policy.Reject: {}}
	for c := range u.connections() {
		for _, at := range times {
			before, after := older.Decide(c, at), newer.Decide(c, at)
			if before.Verdict == after.Verdict {
				continue
			}
			by := cause{before.Rule, after.Rule}
			if found[after.Verdict][by] == nil {
				found[after.Verdict][by] = map[peering.Account]bool{}
			}
			found[after.Verdict][by][c.Requester.Account] = true
		}
	}
	count := func(by map[cause]map[peering.Account]bool) map[cause]int {
		counts := map[cause]int{}
		for c, requesters := range by {
			if counts[c] = len(requesters); requesters["9"] {
				counts[c] = 0
			}
		}
		return counts
	}
	return count(found[policy.Allow]), count(found[policy.Reject])
}

// disagreement compares an engine with brute force on a pair that is drawn, and returns what is wrong, or "".
func disagreement(t testing.TB, data []byte, compare engine) string {
	d := &draw{data}
	u := d.universe()
	older := d.policy(u)
	newer := d.policy(u)
	if d.below(3) > 0 {
		newer = d.edit(u, older)
	}
	o, n := load(t, older.String()), load(t, newer.String())
	got, err := compare(older, newer)
	if err != nil {
		return fmt.Sprintf("%v\n--- old\n%s--- new\n%s", err, older, newer)
	}
	times := instants
	if !strings.Contains(older.String()+newer.String(), "until") {
		times = instants[:1]
	}
	opens, closes := brute(u, times, o, n)
	complaint := ""
	if !maps.Equal(causes(got.Opens), opens) || !maps.Equal(causes(got.Closes), closes) {
		complaint = fmt.Sprintf("opens %v, not %v; closes %v, not %v", causes(got.Opens), opens, causes(got.Closes), closes)
	}
	for _, c := range slices.Concat(got.Opens, got.Closes) {
		complaint += unconfirmed(o, n, &c)
	}
	if len(got.Opens)+len(got.Closes) == 0 {
		complaint += d.unknown(u, o, n)
	}
	if complaint != "" {
		return fmt.Sprintf("%s\n--- old\n%s--- new\n%s", complaint, older, newer)
	}
	return ""
}

// unconfirmed returns why a witness is not one, or "".
func unconfirmed(older, newer *policy.Policy, c *analysis.Change) string {
	w := c.Witness
	before, after := older.Decide(&w.Connection, w.At), newer.Decide(&w.Connection, w.At)
	switch {
	case before.Verdict != c.Old.Verdict || before.Rule != c.Old.Name || after.Verdict != c.New.Verdict || after.Rule != c.New.Name:
		return fmt.Sprintf("\n%v at %v: %v %v, not as in %v", w.Connection, w.At, before, after, c)
	case w.Connection.Requester.Account == w.Connection.Accepter.Account:
		return fmt.Sprintf("\n%v is within one account", w.Connection)
	}
	for i := range w.Connection.Requester.CIDRs {
		fewer := w.Connection
		fewer.Requester.CIDRs = slices.Delete(slices.Clone(w.Connection.Requester.CIDRs), i, i+1)
		if len(fewer.Requester.CIDRs) > 0 && older.Decide(&fewer, w.At).Rule == c.Old.Name && newer.Decide(&fewer, w.At).Rule == c.New.Name {
			return fmt.Sprintf("\n%v has a CIDR that it does not need", w.Connection)
		}
	}
	return ""
}

// unknown looks at connections of which facts are unknown, under policies that are equal in effect.
func (d *draw) unknown(u *universe, older, newer *policy.Policy) string {
	for c := range u.connections() {
		if d.below(64) > 0 {
			continue
		}
		if len(d.data) == 0 {
			break
		}
		partial := *c
		d.forget(&partial)
		at := instants[d.below(len(instants))]
		if before, after := older.Decide(&partial, at), newer.Decide(&partial, at); before.Verdict != after.Verdict {
			return fmt.Sprintf("\nequal, but %v at %v is %v and %v", partial, at, before, after)
		}
	}
	return ""
}

// forget makes some facts unknown.
func (d *draw) forget(c *peering.Connection) {
	for _, fact := range []*string{&c.Requester.Region, &c.Requester.VPC, &c.Accepter.Region, &c.Accepter.VPC, (*string)(&c.Requester.Path), (*string)(&c.Accepter.Path)} {
		if d.below(3) == 0 {
			*fact = ""
		}
	}
	if d.below(3) == 0 {
		c.Requester.CIDRs = nil
	}
}

// TestExact: on every random pair the engine finds what brute force finds, no more and no less.
// go test ./analysis -run TestExact -pairs 20000
func TestExact(t *testing.T) {
	t.Parallel()
	differing, equal := compareMany(t, *pairs, right(t), func(complaint string) { t.Error(complaint) })
	if differing < *pairs/3 || equal < *pairs/20 {
		t.Errorf("%d pairs differ and %d are equal in effect: too few", differing, equal)
	}
}

// compareMany compares an engine with brute force, and returns how many pairs differ and how many do not.
func compareMany(t testing.TB, n int, compare engine, complain func(string)) (differing, equal int) {
	random := rand.NewChaCha8([32]byte{16})
	counting := func(older, newer policyText) (*analysis.Comparison, error) {
		c, err := compare(older, newer)
		if err == nil && len(c.Opens)+len(c.Closes) == 0 {
			equal++
		} else {
			differing++
		}
		return c, err
	}
	for range n {
		data := make([]byte, 400)
		_, _ = random.Read(data)
		if complaint := disagreement(t, data, counting); complaint != "" {
			complain(complaint)
		}
	}
	return differing, equal
}

// TestWrongEnginesAreCaught: the comparison with brute force finds the mistakes that are easy to make.
func TestWrongEnginesAreCaught(t *testing.T) {
	t.Parallel()
	compare := right(t)
	without := func(p policyText, change func(r *text)) policyText {
		changed := policyText{slices.Clone(p.reject), slices.Clone(p.allow)}
		for _, rules := range [][]text{changed.reject, changed.allow} {
			for i := range rules {
				change(&rules[i])
			}
		}
		return changed
	}
	for name, wrong := range map[string]engine{
		"single CIDRs": func(older, newer policyText) (*analysis.Comparison, error) {
			c, err := compare(older, newer)
			several := func(c analysis.Change) bool { return len(c.Witness.Connection.Requester.CIDRs) > 1 }
			c.Opens, c.Closes = slices.DeleteFunc(c.Opens, several), slices.DeleteFunc(c.Closes, several)
			return c, err
		},
		"no reject rules": func(older, newer policyText) (*analysis.Comparison, error) {
			return compare(policyText{nil, older.allow}, policyText{nil, newer.allow})
		},
		"no dates": func(older, newer policyText) (*analysis.Comparison, error) {
			forget := func(r *text) { r.until = "" }
			return compare(without(older, forget), without(newer, forget))
		},
		"today alone": func(older, newer policyText) (*analysis.Comparison, error) {
			c, err := compare(older, newer)
			later := func(c analysis.Change) bool { return c.Witness.At.After(now) }
			c.Opens, c.Closes = slices.DeleteFunc(c.Opens, later), slices.DeleteFunc(c.Closes, later)
			return c, err
		},
	} {
		caught := 0
		compareMany(t, 200, wrong, func(string) { caught++ })
		if caught == 0 {
			t.Errorf("%s: not caught", name)
		}
		t.Logf("%s: caught %d times", name, caught)
	}
}

// FuzzDiff is the same comparison on pairs that a fuzzer draws.
func FuzzDiff(f *testing.F) {
	random := rand.NewChaCha8([32]byte{61})
	for range 50 {
		data := make([]byte, 400)
		_, _ = random.Read(data)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if complaint := disagreement(t, data, right(t)); complaint != "" {
			t.Error(complaint)
		}
	})
}
