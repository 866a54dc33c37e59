package policy_test

import (
	"slices"
	"testing"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// TestKnownRegions: the list is sorted, so that a reviewer sees what a change adds, and holds ids of regions.
func TestKnownRegions(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(policy.KnownRegions) || len(slices.Compact(slices.Clone(policy.KnownRegions))) != len(policy.KnownRegions) {
		t.Error("the list is not sorted, or a region is there twice")
	}
	for _, id := range policy.KnownRegions {
		if !peering.ValidRegion(id) || !policy.KnownRegion(id) {
			t.Errorf("%q is not a region", id)
		}
	}
	for id, want := range map[string]bool{"cn-shanghai-finance-1": true, "cn-hangzho": false, "": false, "all": false} {
		if policy.KnownRegion(id) != want {
			t.Errorf("%q is known: %t", id, !want)
		}
	}
}
