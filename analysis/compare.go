// Package analysis compares policies: what one allows and the other rejects, of all connections that there can be. It also
// finds out whether a statement holds for all of them. It is exact and pure. It reads the rules that [policy.Policy.Decide]
// reads, and Decide confirms each connection that it returns.
package analysis

import (
	"errors"
	"slices"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Comparison is how a new policy differs from an old one. If it is empty the two decide alike on every connection from now on.
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

// Compare returns how newer differs from older from a time on: one change for each pair of rules that decide differently. What is
// unknown, and a CIDR that cannot be read, make no difference of their own. An error is a bug.
func Compare(older, newer *policy.Policy, at time.Time) (*Comparison, error) {
	s, rules := newSpace(at, []*policy.Policy{older, newer})
	p := pair{s, [2]*policy.Policy{older, newer}, rules[:2]}
	opens, err := p.changes(1, 0)
	closes, other := p.changes(0, 1)
	return &Comparison{opens, closes}, errors.Join(err, other)
}

// pair is two policies that are compared, the old one first. The last of each one's rules is the default rule.
type pair struct {
	*space
	policies [2]*policy.Policy
	rules    [][]*rule
}

// changes returns what one policy allows and the other rejects.
func (p *pair) changes(allowing, rejecting int) (changes []Change, err error) {
	rejects := slices.DeleteFunc(only(policy.Reject, p.rules[rejecting]), func(r *rule) bool { return p.covered(r, p.rules[allowing]) })
	for _, allow := range only(policy.Allow, p.rules[allowing]) {
		covered := p.covered(allow, p.rules[rejecting])
		for _, reject := range rejects {
			if covered && reject.Name == policy.DefaultRule {
				continue
			}
			match := make([]*rule, 2)
			match[allowing], match[rejecting] = allow, reject
			change, err := p.change(match)
			if err != nil {
				return nil, err
			}
			changes = append(changes, change...)
		}
	}
	return changes, nil
}

func only(verdict policy.Verdict, rules []*rule) []*rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool { return r.Verdict != verdict })
}

// covered reports whether other rules, with the default rule last, have the same verdict on whatever a rule matches. Then no rule
// with the other verdict that is tried later decides there.
func (s *space) covered(r *rule, others []*rule) bool {
	return s.find([]*rule{r}, only(r.Verdict, others[:len(others)-1]), s.latest([]*rule{r})) == nil
}

// Unnecessary returns the rules without which a policy decides alike from a time on: other rules with the same verdict match
// whatever they match. Of rules that are alike it returns all but the first.
func Unnecessary(p *policy.Policy, at time.Time) (found []*policy.Match) {
	s, rules := newSpace(at, []*policy.Policy{p})
	for i := len(rules[0]) - 2; i >= 0; i-- {
		if others := slices.Delete(slices.Clone(rules[0]), i, i+1); s.covered(rules[0][i], others) {
			found, rules[0] = append(found, rules[0][i].Match), others
		}
	}
	return found
}

// change returns the change whose cause is two rules; none if they never decide together.
func (p *pair) change(match []*rule) ([]Change, error) {
	avoid := slices.Clone(p.self)
	for i, r := range match {
		avoid = append(avoid, p.rules[i][:slices.Index(p.rules[i], r)]...)
	}
	q := p.find(match, avoid, p.latest(match))
	if q == nil {
		return nil, nil
	}
	w, err := p.witness(q, avoid, func(c *peering.Connection, at time.Time) bool {
		return p.policies[0].Decide(c, at).Rule == match[0].Name && p.policies[1].Decide(c, at).Rule == match[1].Name
	})
	return []Change{{match[0].Match, match[1].Match, w, q.count()}}, err
}

// latest returns the last time at which all rules match. The later it is, the fewer other rules do.
func (s *space) latest(match []*rule) time.Time {
	i := len(s.times) - 1
	for slices.ContainsFunc(match, func(r *rule) bool { return !r.activeAt(s.times[i]) }) {
		i--
	}
	return s.times[i]
}

// count returns for how many accounts there is what a search has found, of those that the rules to match name.
func (q *search) count() (n int) {
	const f = policy.RequesterAccount
	var solved [][]*rule
	for _, c := range q.choices[f] {
		left := c.left(f, q.avoid)
		known := slices.ContainsFunc(solved, func(more []*rule) bool { return subset(left, more) })
		if c == nil || !known && !q.solve(f+1, left) {
			continue
		}
		if n += q.sizes[c[0]]; !known {
			solved = append(solved, left)
		}
	}
	return n
}
