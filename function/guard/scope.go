package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Scope is what a sweep covers: each of the accounts in each of the regions.
type Scope struct {
	Accounts []peering.Account
	Regions  []string

	gaps []*peering.Failure // why it may not be everything
}

// Size is the number of partitions.
func (s Scope) Size() int { return len(s.Accounts) * len(s.Regions) }

// share is the partitions of one account.
type share []peering.Partition

// shares returns all partitions in random order, so that none starves when time is short.
func (s Scope) shares() []share {
	all := make([]share, len(s.Accounts))
	for i, account := range rand.Perm(len(s.Accounts)) {
		for _, region := range rand.Perm(len(s.Regions)) {
			all[i] = append(all[i], peering.Partition{Account: s.Accounts[account], Region: s.Regions[region]})
		}
	}
	return all
}

// Scope returns the scope of a sweep: what the policy guards, narrowed to the accounts and regions that are named, if any.
// Naming an account or region outside the scope is an error; ignoring it would hide a gap. If the accounts or regions that
// there are cannot be found out, the scope is what is known, and its sweep is not complete. The error is a *peering.Failure if
// it is not known either whether something that is named is in the scope.
func (inv *Invocation) Scope(ctx context.Context, accounts []peering.Account, regions []string) (Scope, error) {
	var s Scope
	known, unread := inv.accounts(ctx, accounts)
	chosen, noAccount := narrow("account", known, accounts)
	areas, unlisted := inv.regions(ctx, regions)
	there, noRegion := narrow("region", areas, regions)
	s.Accounts, s.Regions = chosen, there
	err := errors.Join(gap(&s, codeDirectory, unread, noAccount), gap(&s, codeRegions, unlisted, noRegion))
	return s, err
}

// gap notes that some accounts or regions may be missing from a scope. If one that is named was not found among the others, it returns why.
func gap(s *Scope, code string, missing, notFound error) error {
	if missing == nil {
		return notFound
	}
	f := unavailable(code, missing)
	if notFound != nil {
		return f
	}
	s.gaps = append(s.gaps, f)
	return nil
}

// accounts returns the guarded accounts, sorted. With an error some may be missing. The directory is not read for accounts that
// the policy names.
func (inv *Invocation) accounts(ctx context.Context, named []peering.Account) ([]peering.Account, error) {
	guarded := map[peering.Account]bool{inv.Account: true}
	for a := range inv.Policy.Guard.Roles {
		guarded[a] = true
	}
	var err error
	if len(inv.Policy.Guard.Folders) > 0 && !all(named, func(a peering.Account) bool { return guarded[a] }) {
		var reading *peering.Reading
		reading, err = inv.read(ctx, sweepAge)
		if reading != nil {
			for a, path := range reading.Accounts() {
				if _, ok := inv.Policy.Guard.Role(a, path); ok {
					guarded[a] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(guarded)), err
}

// regions returns the guarded regions. With an error some may be missing. The API is not asked for regions that are known.
func (inv *Invocation) regions(ctx context.Context, named []string) ([]string, error) {
	if inv.Policy.Guard.Regions != nil {
		return inv.Policy.Guard.Regions, nil
	}
	if all(named, policy.KnownRegion) {
		return named, nil
	}
	ids, err := inv.Directory.Regions(ctx)
	ids = append(ids, policy.KnownRegions...)
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// all reports whether there are named ones, and each is known.
func all[T any](named []T, known func(T) bool) bool {
	return len(named) > 0 && !slices.ContainsFunc(named, func(n T) bool { return !known(n) })
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
