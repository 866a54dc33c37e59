package guard

import (
	"errors"
	"fmt"
	"slices"

	"peerguard/function/peering"
)

// Scope is what a sweep covers: each of the accounts in each of the regions.
type Scope struct {
	Accounts []peering.Account
	Regions  []string
}

// Size is the number of partitions.
func (s Scope) Size() int { return len(s.Accounts) * len(s.Regions) }

// partition returns the i-th partition, account by account.
func (s Scope) partition(i int) peering.Partition {
	return peering.Partition{Account: s.Accounts[i/len(s.Regions)], Region: s.Regions[i%len(s.Regions)]}
}

// Scope returns the scope of a sweep: what the policy guards, narrowed to the accounts and regions that are named, if any.
// Naming an account or region outside the scope is an error; ignoring it would hide a gap.
func (inv *Invocation) Scope(accounts []peering.Account, regions []string) (Scope, error) {
	all := Scope{Accounts: []peering.Account{inv.Account}, Regions: inv.Policy.Guard.Regions}
	for a := range inv.Policy.Guard.Roles {
		if a != inv.Account {
			all.Accounts = append(all.Accounts, a)
		}
	}
	slices.Sort(all.Accounts)
	if len(all.Regions) == 0 {
		all.Regions = []string{inv.Region}
	}
	accounts, badAccounts := narrow("account", all.Accounts, accounts)
	regions, badRegions := narrow("region", all.Regions, regions)
	return Scope{Accounts: accounts, Regions: regions}, errors.Join(badAccounts, badRegions)
}

func narrow[T ~string](what string, all, named []T) ([]T, error) {
	if len(named) == 0 {
		return all, nil
	}
	var errs []error
	for _, n := range named {
		if !slices.Contains(all, n) {
			errs = append(errs, fmt.Errorf("%s %s is not in the policy's guard", what, n))
		}
	}
	return named, errors.Join(errs...)
}
