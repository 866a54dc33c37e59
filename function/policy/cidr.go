package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// prefixes is the list of CIDRs of one key of a rule.
type prefixes struct {
	words  []string       // as written
	sorted []netip.Prefix // by address, none inside another: a search finds the only one that can contain a prefix
}

func newPrefixes(words []string, list []netip.Prefix) prefixes {
	slices.SortFunc(list, netip.Prefix.Compare)
	outer := list[:0]
	for _, p := range list {
		if n := len(outer); n == 0 || !inside(p, outer[n-1]) {
			outer = append(outer, p)
		}
	}
	return prefixes{words: words, sorted: outer}
}

func (l *prefixes) empty() bool { return len(l.sorted) == 0 }

// contain reports whether p is inside one of the list.
func (l *prefixes) contain(p netip.Prefix) bool {
	if len(l.sorted) == 1 { // as in most rules
		return inside(p, l.sorted[0])
	}
	i := l.after(p)
	return i > 0 && inside(p, l.sorted[i-1])
}

// overlap reports whether p shares an address with one of the list.
func (l *prefixes) overlap(p netip.Prefix) bool {
	i := l.after(p)
	return i > 0 && p.Overlaps(l.sorted[i-1]) || i < len(l.sorted) && p.Overlaps(l.sorted[i])
}

// everything reports whether the list matches whatever CIDRs a VPC has.
func (l *prefixes) everything() bool { return l.contain(allIPv4) && l.contain(allIPv6) }

var (
	allIPv4 = netip.MustParsePrefix("0.0.0.0/0")
	allIPv6 = netip.MustParsePrefix("::/0")
	// mapped are the IPv4 addresses that are written as IPv6. No CIDR that parseCIDR returns begins in them.
	mapped = netip.MustParsePrefix("::ffff:0:0/96")
)

// after returns the index of the first prefix of the list that starts after the first address of p.
func (l *prefixes) after(p netip.Prefix) int {
	i, _ := slices.BinarySearchFunc(l.sorted, p.Addr(), func(q netip.Prefix, start netip.Addr) int {
		if start.Less(q.Addr()) {
			return 1
		}
		return -1
	})
	return i
}

// inside reports whether a is b or a part of it.
func inside(a, b netip.Prefix) bool { return b.Bits() <= a.Bits() && b.Contains(a.Addr()) }

// next returns the first address after a prefix. It is not valid if there is none.
func next(p netip.Prefix) netip.Addr {
	last := p.Addr().AsSlice()
	for bit := p.Bits(); bit < p.Addr().BitLen(); bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(last)
	return a.Next()
}

// parseCIDR reads a CIDR of the API or of a rule, and clears its host bits. An IPv4 prefix that is written as IPv6
// (::ffff:10.0.0.0/104) becomes the IPv4 one.
func parseCIDR(text string) (netip.Prefix, bool) {
	if strings.IndexByte(text, '/') < 0 { // saves the error that ParsePrefix would build
		return netip.Prefix{}, false
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// checkRuleCIDR checks a CIDR of a rule. Unlike one of the API, it must not have host bits.
func checkRuleCIDR(text string) string {
	p, ok := parseCIDR(text)
	if !ok {
		if _, err := netip.ParseAddr(text); err == nil {
			return fmt.Sprintf("bad CIDR %q: the prefix length is missing, as in %s/16", text, text)
		}
		return fmt.Sprintf("bad CIDR %q: a CIDR looks like 10.1.0.0/16 or 2001:db8::/32", text)
	}
	if p.String() != text && netip.MustParsePrefix(text) != netip.MustParsePrefix(text).Masked() {
		return fmt.Sprintf("bad CIDR %q: it has host bits set, did you mean %q?", text, p)
	}
	return ""
}

// checkCIDR checks a CIDR of a connection, which may have host bits.
func checkCIDR(text string) string {
	if _, ok := parseCIDR(text); ok {
		return ""
	}
	return fmt.Sprintf("bad CIDR %q: a CIDR looks like 10.1.0.0/16 or 2001:db8::/32", text)
}
