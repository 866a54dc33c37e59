package analysis

import (
	"net/netip"
	"slices"

	"peerguard/function/policy"
)

// shapes returns CIDRs of a requester with which all rules of match match, and no rule of avoid does; nil if there are none. The
// more CIDRs there are, the fewer allow rules and the more reject rules match. So there are some if and only if all those will do
// that lie inside the allow rules of match and outside the reject rules of avoid. Of these, each reject rule of match needs one
// that overlaps, and each allow rule of avoid one that is not inside.
func shapes(match, avoid []*rule) (chosen []netip.Prefix) {
	var named []policy.CIDRs
	for _, r := range slices.Concat(match, avoid) {
		named = append(named, r.CIDRs)
	}
	all := slices.DeleteFunc(policy.Shapes(named...), func(p netip.Prefix) bool {
		leaves := func(r *rule) bool { return r.Verdict == policy.Allow && r.looksAtCIDRs() && !r.CIDRs.Contain(p) }
		hits := func(r *rule) bool { return r.Verdict == policy.Reject && r.CIDRs.Overlap(p) }
		return slices.ContainsFunc(match, leaves) || slices.ContainsFunc(avoid, hits)
	})
	for i, r := range slices.Concat(match, avoid) {
		matches := i < len(match)
		fits := func(p netip.Prefix) bool { return matches && r.CIDRs.Overlap(p) || !matches && !r.CIDRs.Contain(p) }
		if !r.looksAtCIDRs() || matches == (r.Verdict == policy.Allow) || slices.ContainsFunc(chosen, fits) {
			continue
		}
		at := slices.IndexFunc(all, fits)
		if at < 0 {
			return nil
		}
		chosen = append(chosen, all[at])
	}
	if chosen == nil && len(all) > 0 {
		return all[:1]
	}
	return chosen
}
