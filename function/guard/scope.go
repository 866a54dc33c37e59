package guard

import (
	"errors"
	"fmt"
	"slices"

	"peerguard/function/peering"
)

// Scope gives the partitions that a sweep lists: each guarded account in each guarded region, narrowed to the accounts
// and regions named, where any are. Naming what is outside is an error: the guard would look away without a word.
func (inv *Invocation) Scope(accounts []peering.Account, regions []string) ([]peering.Partition, error) {
	allAccounts := []peering.Account{inv.Account}
	for a := range inv.Policy.Guard.Roles {
		if a != inv.Account {
			allAccounts = append(allAccounts, a)
		}
	}
	slices.Sort(allAccounts)
	allRegions := inv.Policy.Guard.Regions
	if len(allRegions) == 0 {
		allRegions = []string{inv.Region}
	}
	accounts, badAccounts := narrow("account", allAccounts, accounts)
	regions, badRegions := narrow("region", allRegions, regions)
	if err := errors.Join(badAccounts, badRegions); err != nil {
		return nil, err
	}
	scope := make([]peering.Partition, 0, len(accounts)*len(regions))
	for _, a := range accounts {
		for _, r := range regions {
			scope = append(scope, peering.Partition{Account: a, Region: r})
		}
	}
	return scope, nil
}

func narrow[T ~string](what string, all, named []T) ([]T, error) {
	var errs []error
	for _, n := range named {
		if !slices.Contains(all, n) {
			errs = append(errs, fmt.Errorf("%s %s is not in the policy's guard", what, n))
		}
	}
	if len(named) == 0 {
		return all, nil
	}
	return named, errors.Join(errs...)
}
