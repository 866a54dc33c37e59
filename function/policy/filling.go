package policy

import (
	"iter"
	"net/netip"
	"slices"
)

// maxSteps bounds the search for an allowed filling to a few milliseconds. It is far more than a policy written by hand
// needs.
const maxSteps = 100_000

// search looks for a filling that is allowed.
type search struct {
	policy *Policy
	steps  int // how many more comparisons it may make
}

// allows reports whether there is a filling in which the allow rule matches and no reject rule does. If it runs out of
// steps, it reports that there may be one, so that the verdict is undecided.
func (s *search) allows(allow trial, rejects []trial) bool {
	free := ^allow.open.with(requesterCIDRs) // facts whose value no rule needs to name
	rejects = slices.DeleteFunc(slices.Clone(rejects), func(t trial) bool { return t.open&free != 0 })
	return s.avoids(allow, rejects)
}

// avoids returns the facts that the reject rules still look at a value, one after the other, and reports whether there are
// values that let the allow rule match and none of the reject rules.
func (s *search) avoids(allow trial, rejects []trial) bool {
	if len(rejects) == 0 {
		return true
	}
	if slices.ContainsFunc(rejects, func(t trial) bool { return t.open == 0 }) {
		return false
	}
	var tried [][]trial
	k := rejects[0].open.first()
	for matches := range s.values(k, allow, rejects) {
		if s.steps -= len(rejects) + len(tried); s.steps < 0 {
			return true
		}
		left := narrow(rejects, k, matches)
		if slices.ContainsFunc(tried, func(t []trial) bool { return slices.Equal(t, left) }) {
			continue
		}
		if s.avoids(allow, left) {
			return true
		}
		tried = append(tried, left)
	}
	return false
}

// narrow returns the reject rules that can match once the fact of a key has a value.
func narrow(rejects []trial, k key, matches func(*rule) bool) []trial {
	var left []trial
	for _, t := range rejects {
		if !t.open.has(k) || matches(t.rule) {
			t.open = t.open.without(k)
			left = append(left, t)
		}
	}
	return left
}

// values yields the values of the fact of a key with which the allow rule matches, each as the test of whether a reject rule
// matches with it. Unless it is the CIDRs, the allow rule looks at that fact.
func (s *search) values(k key, allow trial, rejects []trial) iter.Seq[func(*rule) bool] {
	return func(yield func(func(*rule) bool) bool) {
		switch k {
		case accounts:
			for _, e := range allow.rule.accounts {
				if !yield(func(r *rule) bool { return s.policy.names(r, e.account) }) {
					return
				}
			}
		case requesterCIDRs:
			for _, a := range s.addresses(allow, rejects) {
				p := netip.PrefixFrom(a, a.BitLen())
				if !yield(func(r *rule) bool { return r.requesterCIDRs.overlap(p) }) {
					return
				}
			}
		default:
			for _, w := range allow.rule.set(k).words {
				if !yield(func(r *rule) bool { return r.set(k).has(w) }) {
					return
				}
			}
		}
	}
}

// addresses returns enough addresses to have one of each set of CIDRs that can match: a set begins where a CIDR begins, or
// where one has ended. If the allow rule looks at the CIDRs, the addresses are inside its own.
func (s *search) addresses(allow trial, rejects []trial) []netip.Addr {
	found := []netip.Addr{allIPv4.Addr(), allIPv6.Addr(), next(mapped)}
	for _, p := range allow.rule.requesterCIDRs.sorted {
		found = append(found, p.Addr())
	}
	for _, t := range rejects {
		for _, p := range t.rule.requesterCIDRs.sorted {
			found = append(found, p.Addr(), next(p))
		}
	}
	s.steps -= len(found)
	wanted := &allow.rule.requesterCIDRs
	looks := allow.open.has(requesterCIDRs)
	return slices.DeleteFunc(found, func(a netip.Addr) bool {
		return !a.IsValid() || a.Is4In6() || looks && !wanted.contain(netip.PrefixFrom(a, a.BitLen()))
	})
}
