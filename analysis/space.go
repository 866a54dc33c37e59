package analysis

import (
	"net/netip"
	"slices"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// bitset is a set of values of a fact.
type bitset []uint64

func (s bitset) has(v int) bool { return s[v/64]&(1<<(v%64)) != 0 }

// rule is a rule with its lists as sets.
type rule struct {
	*policy.Match
	keys    [policy.Facts]bitset   // the values of its lists; nil if the rule does not have the key
	choices [policy.Facts][]choice // the same, as what a connection can have
	last    policy.Fact            // in a search, the last fact that can keep the rule from matching; Facts if the CIDRs can
}

// defaultRule matches what no other rule does.
var defaultRule = policy.Match{Name: policy.DefaultRule, Verdict: policy.Reject}

func (r *rule) looksAtCIDRs() bool { return len(r.CIDRs.All()) > 0 }

func (r *rule) activeAt(t time.Time) bool { return r.End.IsZero() || t.Before(r.End) }

// space is everything that a connection can be, as far as rules can tell it apart.
type space struct {
	times  []time.Time                  // now, and each later instant at which a rule ends, in order
	values [policy.Facts][]string       // that a rule names; for accounts the first one of each class
	index  [policy.Facts]map[string]int // from a name to its value; from an account to its class
	sizes  []int                        // of the classes of accounts
	others [policy.Facts]string         // values that no rule names
	cidrs  policy.CIDRs                 // that a rule names
	beside []netip.Prefix               // an address in none of them; nil if there is none
	self   []*rule                      // that match what is within one account, which no connection is
	rd     string                       // the id of the resource directory
}

// newSpace returns the space of some policies and of further rules, and lists of all rules that have not expired: one for each
// policy, with the default rule at its end, and one of the further rules.
func newSpace(at time.Time, policies []*policy.Policy, further ...policy.Match) (*space, [][]*rule) {
	s := &space{times: []time.Time{at}, rd: "rd-other"}
	var lists [][]policy.Match
	for _, p := range policies {
		lists = append(lists, append(p.Matches(), defaultRule))
		if p.Directory != nil {
			s.rd = p.Directory.ID
		}
	}
	lists = append(lists, further)
	s.collect(slices.Concat(lists...))
	var self []policy.Match
	for _, id := range s.values[policy.AccepterAccount] {
		m := policy.Match{Accounts: slices.Values([]peering.Account{peering.Account(id)})}
		m.Lists[policy.AccepterAccount] = []string{id}
		self = append(self, m)
	}
	s.classify(slices.Concat(append(lists, self)...))
	s.self = s.rules(self)
	var rules [][]*rule
	for _, list := range lists {
		rules = append(rules, slices.DeleteFunc(s.rules(list), func(r *rule) bool { return !r.activeAt(at) }))
	}
	return s, rules
}

// collect notes what rules name, except for the accounts.
func (s *space) collect(all []policy.Match) {
	var cidrs []policy.CIDRs
	for i := range all {
		m := &all[i]
		cidrs = append(cidrs, m.CIDRs)
		if m.End.After(s.times[0]) {
			s.times = append(s.times, m.End)
		}
		for f, words := range m.Lists {
			s.values[f] = append(s.values[f], words...)
		}
	}
	s.cidrs = policy.JoinCIDRs(cidrs...)
	s.beside = shapes(nil, []*rule{{Match: &policy.Match{Verdict: policy.Reject, CIDRs: s.cidrs}}})
	slices.SortFunc(s.times, time.Time.Compare)
	s.times = slices.CompactFunc(s.times, time.Time.Equal)
	for f, words := range s.values {
		slices.Sort(words)
		s.values[f], s.index[f] = slices.Compact(words), map[string]int{}
		for i, w := range s.values[f] {
			s.index[f][w] = i
		}
	}
}

// classify puts accounts that the same rules name into one class, so that a file of thousands is a few values. Class 0 is
// for an account that no rule names.
func (s *space) classify(all []policy.Match) {
	class, count := s.index[policy.RequesterAccount], 0
	for i := range all {
		split := map[int]int{} // from a class to the part of it that the rule names
		for a := range all[i].Words(policy.RequesterAccount) {
			old := class[a]
			if split[old] == 0 {
				count++
				split[old] = count
			}
			class[a] = split[old]
		}
	}
	first := make([]string, count+1)
	s.sizes, s.values[policy.RequesterAccount] = make([]int, count+1), first
	for a, c := range class {
		if s.sizes[c]++; first[c] == "" || a < first[c] {
			first[c] = a
		}
	}
}

func (s *space) rules(matches []policy.Match) []*rule {
	rules := make([]*rule, len(matches))
	for i := range matches {
		r := &rule{Match: &matches[i]}
		for f := range policy.Facts {
			for word := range r.Words(f) {
				v := s.index[f][word]
				if r.keys[f] == nil {
					r.keys[f] = make(bitset, len(s.values[f])/64+1)
				}
				if !r.keys[f].has(v) {
					r.keys[f][v/64] |= 1 << (v % 64)
					r.choices[f] = append(r.choices[f], choice{v})
				}
			}
		}
		rules[i] = r
	}
	return rules
}
