package analysis

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"peerguard/function/policy"
)

// choice is what a connection has for a fact: one value, several folders, or nothing that a rule names.
type choice []int

func (c choice) satisfies(key bitset) bool { return slices.ContainsFunc(c, key.has) }

// search looks for a connection that some rules match and others do not.
type search struct {
	*space
	match   []*rule
	choices [policy.Facts][]choice // with which the rules match
	avoid   []*rule
	anyCIDR bool // the CIDRs of space.beside will do

	found  [policy.Facts]choice
	shapes []netip.Prefix // the requester's CIDRs
}

// find returns a connection that every rule in match covers at a time, and none in avoid does; nil if there is none.
func (s *space) find(match, avoid []*rule, at time.Time) *search {
	q := &search{space: s, match: match, anyCIDR: s.beside != nil && !slices.ContainsFunc(match, (*rule).looksAtCIDRs)}
	for f := policy.Facts - 1; f >= 0; f-- { // the accounts, which are many, come last
		if q.choices[f] = s.choose(f, match); len(q.choices[f]) == 0 {
			return nil
		}
	}
	for _, r := range avoid {
		if r.activeAt(at) && (!q.anyCIDR || !r.looksAtCIDRs()) {
			q.consider(r)
		}
	}
	if !q.solve(0, q.avoid) {
		return nil
	}
	return q
}

// consider adds a rule to those to avoid if it matches some of the choices for each fact.
func (q *search) consider(r *rule) {
	last := policy.Fact(-1)
	for f := policy.Facts - 1; f >= 0; f-- {
		misses := func(c choice) bool { return r.keys[f] != nil && !c.satisfies(r.keys[f]) }
		switch miss := slices.IndexFunc(q.choices[f], misses); {
		case miss >= 0 && !slices.ContainsFunc(q.choices[f], func(c choice) bool { return !misses(c) }):
			return
		case miss >= 0 && last < 0:
			last = f
		}
	}
	if r.looksAtCIDRs() {
		last = policy.Facts
	}
	q.avoid = append(q.avoid, &rule{Match: r.Match, keys: r.keys, last: last})
}

// choose returns the choices for a fact with which all rules match. There is no need to have more than they ask for: that
// only lets other rules match.
func (s *space) choose(f policy.Fact, match []*rule) []choice {
	choices := []choice{nil}
	for _, r := range match {
		key := r.keys[f]
		switch {
		case key == nil || len(choices) == 0:
		case choices[0] == nil:
			choices = slices.Clone(r.choices[f])
		case f.Several():
			choices = s.extend(f, choices, r.choices[f])
		default:
			choices = slices.DeleteFunc(choices, func(c choice) bool { return !c.satisfies(key) })
		}
	}
	return choices
}

// extend adds each of some folders to each choice. No account is in two root folders.
func (s *space) extend(f policy.Fact, choices, folders []choice) (extended []choice) {
	root := func(v int) bool { return strings.HasPrefix(s.values[f][v], "r-") }
	for _, c := range choices {
		for _, folder := range folders {
			if v := folder[0]; slices.Contains(c, v) {
				extended = append(extended, c)
			} else if !root(v) || !slices.ContainsFunc(c, root) {
				extended = append(extended, append(slices.Clip(c), v))
			}
		}
	}
	return extended
}

// solve looks for choices for a fact and those after it, and for CIDRs, with which no rule matches. It reports whether it has any.
func (q *search) solve(f policy.Fact, rules []*rule) bool {
	if slices.ContainsFunc(rules, func(r *rule) bool { return r.last < f }) {
		return false
	}
	if f == policy.Facts {
		if q.shapes = q.beside; !q.anyCIDR {
			q.shapes = shapes(q.match, rules)
		}
		return q.shapes != nil
	}
	var tried [][]*rule
	for _, c := range q.choices[f] {
		left := c.left(f, rules)
		if slices.ContainsFunc(tried, func(fewer []*rule) bool { return subset(fewer, left) }) {
			continue
		}
		if q.found[f] = c; q.solve(f+1, left) {
			return true
		}
		tried = append(tried, left)
	}
	return false
}

// left returns the rules that may match with a choice for a fact.
func (c choice) left(f policy.Fact, rules []*rule) []*rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool { return r.keys[f] != nil && !c.satisfies(r.keys[f]) })
}

func subset(fewer, rules []*rule) bool {
	return !slices.ContainsFunc(fewer, func(r *rule) bool { return !slices.Contains(rules, r) })
}
