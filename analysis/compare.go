// Package analysis compares policies: what one allows and the other rejects, of all connections that there can be. It also
// finds out whether a statement about a policy holds for all of them.
//
// It is exact and pure. It reads the rules that [policy.Policy.Decide] reads, and Decide confirms each connection that it
// returns.
package analysis

import (
	"slices"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Comparison is how a new policy differs from an old one. If it is empty the two are equal in effect: from now on they decide
// alike on every connection between two accounts.
type Comparison struct {
	Opens  []Change // what the new policy allows and the old one rejects
	Closes []Change // what the old policy allows and the new one rejects
}

// Change is one cause of a difference: the connections on which one rule decides in the old policy and another in the new.
type Change struct {
	Old, New *policy.Match // the rules; the default rule has no position
	Witness  Witness
	Accounts int // for how many of the accounts that the rules name this is the cause; 0 if they do not name any
}

// Compare returns how newer differs from older at a time and at any later one. There is one change for each pair of rules that
// decide differently. What is unknown makes no difference of its own, as it is one of the values that are compared; nor does a
// CIDR that cannot be read. An error is a bug.
func Compare(older, newer *policy.Policy, at time.Time) (*Comparison, error) {
	policies := []*policy.Policy{older, newer}
	s, rules := newSpace(at, policies)
	p := pair{space: s, policies: policies, rules: rules}
	p.covered = [2][]bool{s.covered(rules[0], rules[1]), s.covered(rules[1], rules[0])}
	opens, err := p.changes(1, 0)
	if err != nil {
		return nil, err
	}
	closes, err := p.changes(0, 1)
	return &Comparison{opens, closes}, err
}

// pair is two policies that are compared, the old one first. The last of each one's rules is the default rule.
type pair struct {
	*space
	policies []*policy.Policy
	rules    [][]*rule
	covered  [2][]bool // for each rule: whatever it matches, a rule of the other policy with the same verdict does as well
}

func (s *space) covered(rules, others []*rule) []bool {
	byVerdict := map[policy.Verdict][]*rule{}
	for _, o := range others[:len(others)-1] {
		byVerdict[o.Verdict] = append(byVerdict[o.Verdict], o)
	}
	found := make([]bool, len(rules))
	for i, r := range rules {
		found[i] = s.find([]*rule{r}, byVerdict[r.Verdict], s.latest([]*rule{r})) == nil
	}
	return found
}

// changes returns what one policy allows and the other rejects.
func (p *pair) changes(allowing, rejecting int) (changes []Change, err error) {
	last := len(p.rules[rejecting]) - 1
	for i, allow := range p.rules[allowing] {
		if allow.Verdict == policy.Reject {
			continue
		}
		for j, reject := range p.rules[rejecting] {
			// Where one of the two is covered, another rule decides before the other one.
			if reject.Verdict == policy.Allow || j < last && p.covered[rejecting][j] || j == last && p.covered[allowing][i] {
				continue
			}
			var at [2]int
			at[allowing], at[rejecting] = i, j
			change, err := p.change(at)
			if err != nil {
				return nil, err
			}
			changes = append(changes, change...)
		}
	}
	return changes, nil
}

// change returns the change whose cause is two rules, by their places; none if they never decide together.
func (p *pair) change(at [2]int) ([]Change, error) {
	match := []*rule{p.rules[0][at[0]], p.rules[1][at[1]]}
	avoid := slices.Concat(p.rules[0][:at[0]], p.rules[1][:at[1]], p.self)
	q := p.find(match, avoid, p.latest(match))
	if q == nil {
		return nil, nil
	}
	w, err := p.witness(q, avoid, func(c *peering.Connection, at time.Time) bool {
		return each([]int{0, 1}, func(i int) bool { return p.policies[i].Decide(c, at).Rule == match[i].Name })
	})
	return []Change{{match[0].Match, match[1].Match, w, q.count()}}, err
}

// latest returns the last time at which all rules match. The later it is, the fewer other rules do.
func (s *space) latest(match []*rule) time.Time {
	i := len(s.times) - 1
	for !each(match, func(r *rule) bool { return r.activeAt(s.times[i]) }) {
		i--
	}
	return s.times[i]
}

// count returns for how many accounts there is what a search has found, of those that the rules to match name.
func (q *search) count() (n int) {
	for _, c := range q.choices[policy.RequesterAccount] {
		one := *q
		if one.choices[policy.RequesterAccount] = []choice{c}; c != nil && one.solve(0, q.avoid) {
			n += q.sizes[c[0]]
		}
	}
	return n
}
