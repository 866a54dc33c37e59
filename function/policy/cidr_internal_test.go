package policy

import (
	"net/netip"
	"slices"
	"testing"
)

func FuzzCIDR(f *testing.F) {
	for _, text := range []string{
		"10.1.0.0/16", "10.1.2.3/16", "0.0.0.0/0", "255.255.255.255/32", "256.1.1.1/8", "10.01.0.0/16", "10.1.0.0/016", "10.1.0.0/00",
		"10.1.0.0/33", "10.1.0/16", "10.1.0.0.0/16", "10.1.0.0", "10.1.0.0/", "/16", "", ".../", "1.2.3.4/5/6", "1000.1.1.1/8",
		"::/0", "2001:db8::/32", "::ffff:10.0.0.0/104", "::ffff:10.0.0.0/90", "fe80::1%eth0/64",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseCIDR(text)
		want, err := netip.ParsePrefix(text)
		mapped := err == nil && want.Addr().Is4In6()
		if ok != (err == nil && (!mapped || want.Bits() >= 96)) {
			t.Fatalf("%q is read: %t, by the standard library: %v", text, ok, err)
		}
		if ok && !mapped && got != want.Masked() {
			t.Errorf("%q is read as %v, want %v", text, got, want.Masked())
		}
		if ok && mapped && (!got.Addr().Is4() || got.Bits() != want.Bits()-96) {
			t.Errorf("%q is read as %v", text, got)
		}
	})
}

// TestPrefixes compares the search in sorted prefixes with a look at each.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	texts := []string{
		"10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.1.0/24", "10.255.255.255/32", "11.0.0.0/8", "0.0.0.0/1",
		"128.0.0.0/1", "255.0.0.0/8", "192.168.0.0/16", "192.168.0.0/24", "::/1", "2001:db8::/32", "2001:db8:ffff::/48", "ffff::/16",
	}
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	for set := range 1 << len(all) {
		if set%7 != 0 { // a seventh of all sets is enough
			continue
		}
		var list []netip.Prefix
		for i, p := range all {
			if set>>i&1 == 1 {
				list = append(list, p)
			}
		}
		l := newPrefixes(nil, slices.Clone(list))
		for _, p := range all {
			contain := slices.ContainsFunc(list, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Overlaps(p) })
			overlap := slices.ContainsFunc(list, p.Overlaps)
			if l.contain(p) != contain || l.overlap(p) != overlap {
				t.Fatalf("%v: contains %v: %t, want %t; overlaps: %t, want %t", list, p, l.contain(p), contain, l.overlap(p), overlap)
			}
		}
	}
}
