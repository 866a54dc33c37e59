package peering

import (
	"iter"
	"time"
)

// Reading is a whole resource directory as it was at one time. It never changes, so it is safe for concurrent use.
type Reading struct {
	ID         string  // rd-…
	Root       string  // r-…, the root folder
	Management Account // is not a member, but counts as directly below the root
	AsOf       time.Time

	members map[Account]Path
}

// NewReading returns a Reading that began at a time. It keeps members, which must not change any more.
func NewReading(id, root string, management Account, asOf time.Time, members map[Account]Path) *Reading {
	return &Reading{ID: id, Root: root, Management: management, AsOf: asOf, members: members}
}

// Size returns the number of members, without the management account.
func (r *Reading) Size() int { return len(r.members) }

// Path returns where an account is. It is unknown if the reading does not hold the account.
func (r *Reading) Path(account Account) Path {
	if account.Known() && account == r.Management {
		return r.RootPath()
	}
	return r.members[account]
}

// RootPath returns the path of an account directly below the root folder.
func (r *Reading) RootPath() Path { return Path(r.ID + "/" + r.Root) }

// Accounts yields each account with its path, the management account included, in no order.
func (r *Reading) Accounts() iter.Seq2[Account, Path] {
	return func(yield func(Account, Path) bool) {
		if !yield(r.Management, r.RootPath()) {
			return
		}
		for account, path := range r.members {
			if account != r.Management && !yield(account, path) {
				return
			}
		}
	}
}
