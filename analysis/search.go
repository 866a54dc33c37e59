package analysis

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"peerguard/function/policy"
)

// choice is what a connection has for a fact: one value, several folders, or nothing that a rule names.
type choice []int

func (c choice) satisfies(key map[int]bool) bool {
	return slices.ContainsFunc(c, func(v int) bool { return key[v] })
}

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
	q := &search{space: s, match: match}
	q.anyCIDR = s.beside != nil && !slices.ContainsFunc(match, (*rule).looksAtCIDRs)
	for f := range policy.Facts {
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
	for f, key := range r.keys {
		fits := func(c choice) bool { return key == nil || c.satisfies(key) }
		if !slices.ContainsFunc(q.choices[f], fits) {
			return
		}
		if !each(q.choices[f], fits) {
			last = policy.Fact(f)
		}
	}
	if r.looksAtCIDRs() {
		last = policy.Facts
	}
	q.avoid = append(q.avoid, &rule{r.Match, r.keys, last})
}

// choose returns the choices for a fact with which all rules match. There is no need to have more than they ask for: that
// only lets other rules match.
func (s *space) choose(f policy.Fact, match []*rule) []choice {
	choices := []choice{nil}
	for _, r := range match {
		key := r.keys[f]
		switch {
		case key == nil || len(choices) == 0:
		case choices[0] == nil || f.Several():
			choices = s.extend(f, choices, slices.Sorted(maps.Keys(key)))
		default:
			choices = slices.DeleteFunc(choices, func(c choice) bool { return !c.satisfies(key) })
		}
	}
	return choices
}

// extend adds each of some values to each choice. No account is in two root folders.
func (s *space) extend(f policy.Fact, choices []choice, values []int) (extended []choice) {
	root := func(v int) bool { return strings.HasPrefix(s.values[f][v], "r-") }
	for _, v := range values {
		for _, c := range choices {
			if slices.Contains(c, v) {
				extended = append(extended, c)
			} else if !root(v) || !slices.ContainsFunc(c, root) {
				extended = append(extended, append(slices.Clip(c), v))
			}
		}
	}
	return extended
}

// solve reports whether there are choices for a fact and those after it, and CIDRs, with which no rule matches, and remembers
// them.
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
		left := slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool { return r.keys[f] != nil && !c.satisfies(r.keys[f]) })
		if slices.ContainsFunc(tried, func(fewer []*rule) bool { return each(fewer, func(r *rule) bool { return slices.Contains(left, r) }) }) {
			continue
		}
		if q.found[f] = c; q.solve(f+1, left) {
			return true
		}
		tried = append(tried, left)
	}
	return false
}
