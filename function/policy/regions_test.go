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

// TestDoubtRegion: a warning suggests what was meant, and is about ids of regions only. Others are errors already.
func TestDoubtRegion(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"cn-hangzhou":           "",
		"cn-shanghai-finance-1": "",
		"":                      "",
		"x":                     "",
		"CN-hangzhou":           "",
		"cn-hangzou":            `unknown region "cn-hangzou", did you mean "cn-hangzhou"?`,
		"hangzhou":              `unknown region "hangzhou", did you mean "cn-hangzhou"?`,
		"cn-hangzhou-h":         `unknown region "cn-hangzhou-h": it looks like a zone of region "cn-hangzhou"`,
		"us-east-1a":            `unknown region "us-east-1a": it looks like a zone of region "us-east-1"`,
		"xx-nowhere-9":          `unknown region "xx-nowhere-9"`,
	} {
		if got := policy.DoubtRegion(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}
