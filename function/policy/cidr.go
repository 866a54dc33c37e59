package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// prefixes is a list of CIDRs as one key of a rule holds it.
type prefixes struct {
	words  []string       // as written
	sorted []netip.Prefix // in order of address, none inside another, so that one search finds the only candidate
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

// contain reports whether p lies inside one of the list.
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

// after gives the index of the first prefix of the list that starts behind the first address of p.
func (l *prefixes) after(p netip.Prefix) int {
	low, high := 0, len(l.sorted)
	for low < high {
		middle := (low + high) / 2
		if p.Addr().Less(l.sorted[middle].Addr()) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// inside reports whether a is b or a part of it.
func inside(a, b netip.Prefix) bool { return b.Bits() <= a.Bits() && b.Contains(a.Addr()) }

// parseCIDR reads a CIDR as the API or a rule writes it, host bits cleared. An IPv4 address written as IPv6
// (::ffff:10.0.0.0/104) is the IPv4 one.
func parseCIDR(text string) (netip.Prefix, bool) {
	if strings.IndexByte(text, '/') < 0 { // spares the error that ParsePrefix would build
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

// ruleCIDR checks a CIDR of a rule. Unlike the API's, it must be written without host bits.
func ruleCIDR(text string) string {
	p, ok := parseCIDR(text)
	if !ok {
		if _, err := netip.ParseAddr(text); err == nil {
			return fmt.Sprintf("bad CIDR %q: its length is missing, as in %s/16", text, text)
		}
		return fmt.Sprintf("bad CIDR %q: it is written like 10.1.0.0/16 or 2001:db8::/32", text)
	}
	if p.String() != text && netip.MustParsePrefix(text) != netip.MustParsePrefix(text).Masked() {
		return fmt.Sprintf("bad CIDR %q: it has host bits, did you mean %q?", text, p)
	}
	return ""
}

// apiCIDR checks a CIDR of a connection, which may have host bits.
func apiCIDR(text string) string {
	if _, ok := parseCIDR(text); ok {
		return ""
	}
	return fmt.Sprintf("bad CIDR %q: it is written like 10.1.0.0/16 or 2001:db8::/32", text)
}
