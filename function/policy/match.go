package policy

import (
	"iter"
	"net/netip"
	"slices"
	"time"

	"peerguard/function/peering"
)

// Fact is a fact of a connection that a rule compares with a list of values: every one but the CIDRs.
type Fact int

// The facts, in the order in which a rule compares them.
const (
	RequesterAccount Fact = iota
	ConnectionID
	RequesterFolders
	RequesterRegion
	RequesterVPC
	AccepterAccount
	AccepterFolders
	AccepterRegion
	AccepterVPC
	Facts // the number of facts
)

// Several reports whether a connection can have several values of the fact at once.
func (f Fact) Several() bool { return f == RequesterFolders || f == AccepterFolders }

// Of returns where a connection has the fact, as text.
func (f Fact) Of(c *peering.Connection) *string {
	q, a := &c.Requester, &c.Accepter
	return [Facts]*string{
		RequesterAccount: (*string)(&q.Account),
		ConnectionID:     &c.ID,
		RequesterFolders: (*string)(&q.Path),
		RequesterRegion:  &q.Region,
		RequesterVPC:     &q.VPC,
		AccepterAccount:  (*string)(&a.Account),
		AccepterFolders:  (*string)(&a.Path),
		AccepterRegion:   &a.Region,
		AccepterVPC:      &a.VPC,
	}[f]
}

// Match says which connections a rule, or the subject of a statement, is about: those that satisfy all of its keys. It is a
// view of what [Policy.Decide] reads, for comparing policies. Nobody may change it.
type Match struct {
	Position // of the rule
	Name     string
	Verdict  Verdict // Allow: every CIDR of the requester must be inside one of CIDRs. Reject: one of them must overlap

	Accounts     iter.Seq[peering.Account] // of the requester; nil is any account. One that is listed twice comes twice
	AccountsFrom string                    // the file that lists accounts, as written; "" if there is none
	Lists        [Facts][]string           // the values that satisfy a key; empty if there is no such key. Accounts are not here
	CIDRs        CIDRs                     // of the requester; empty if there is no such key
	End          time.Time                 // the first instant at which the rule no longer matches; zero if it never expires
}

// Matches returns what each rule matches, in the order in which rules are tried.
func (p *Policy) Matches() []Match {
	matches := make([]Match, len(p.rules))
	for i := range p.rules {
		matches[i] = p.rules[i].match()
	}
	return matches
}

func (r *rule) match() Match {
	m := Match{Position: r.at, Name: r.name, Verdict: r.verdict, AccountsFrom: r.accountsFrom, CIDRs: CIDRs{r.requesterCIDRs}, End: r.end}
	m.Lists = [Facts][]string{
		ConnectionID:     r.connections.words,
		RequesterFolders: r.requesterFolders.words,
		RequesterRegion:  r.requesterRegions.words,
		RequesterVPC:     r.requesterVPCs.words,
		AccepterAccount:  r.accepterAccounts.words,
		AccepterFolders:  r.accepterFolders.words,
		AccepterRegion:   r.accepterRegions.words,
		AccepterVPC:      r.accepterVPCs.words,
	}
	if !r.everyAccount() {
		m.Accounts = func(yield func(peering.Account) bool) {
			for i := range r.accounts {
				if !yield(r.accounts[i].account) {
					return
				}
			}
		}
	}
	return m
}

// Words yields the values that satisfy the key for a fact, accounts included; none if there is no such key.
func (m *Match) Words(f Fact) iter.Seq[string] {
	if f != RequesterAccount || m.Accounts == nil {
		return slices.Values(m.Lists[f])
	}
	return func(yield func(string) bool) {
		for a := range m.Accounts {
			if !yield(string(a)) {
				return
			}
		}
	}
}

// CIDRs is a list of CIDRs, of which none is inside another.
type CIDRs struct{ list prefixes }

// JoinCIDRs returns the CIDRs of some lists as one. It leaves out those that are inside others.
func JoinCIDRs(lists ...CIDRs) CIDRs {
	var all []netip.Prefix
	for _, c := range lists {
		all = append(all, c.list.sorted...)
	}
	return CIDRs{newPrefixes(nil, all)}
}

// All returns the CIDRs by address.
func (c *CIDRs) All() []netip.Prefix { return c.list.sorted }

// Contain reports whether p is inside one of the list.
func (c *CIDRs) Contain(p netip.Prefix) bool { return c.list.contain(p) }

// Overlap reports whether p shares an address with one of the list.
func (c *CIDRs) Overlap(p netip.Prefix) bool { return c.list.overlap(p) }

// Shapes returns enough CIDRs to tell some lists apart by what they contain and overlap. They are single addresses, one for each
// part of the address space in which all are in the same CIDRs: such a part starts where a CIDR begins, or where one has ended.
// And they are what is twice as large as a CIDR of the lists: the least that holds it and is not inside. Addresses that people
// expect come first.
func Shapes(lists ...CIDRs) []netip.Prefix {
	starts := []netip.Addr{netip.AddrFrom4([4]byte{10}), netip.AddrFrom4([4]byte{192, 168}), allIPv4.Addr(), allIPv6.Addr(), next(mapped)}
	n := len(starts)
	for _, c := range lists {
		n += 2 * len(c.list.sorted)
	}
	starts = slices.Grow(starts, n)
	shapes, twice := make([]netip.Prefix, 0, n+n/2), make([]netip.Prefix, 0, n/2)
	for _, c := range lists {
		for _, p := range c.list.sorted {
			starts = append(starts, p.Addr(), next(p))
			if p.Bits() > 0 {
				twice = append(twice, netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked())
			}
		}
	}
	for _, a := range starts {
		if a.IsValid() && !a.Is4In6() {
			shapes = append(shapes, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return append(shapes, twice...)
}
