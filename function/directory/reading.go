package directory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"peerguard/function/peering"
)

// memberAge is how old a reading may be that says that an account is a member.
const memberAge = 5 * time.Minute

// codeUnavailable is the code of a directory that is not the one to be read. README.md lists it.
const codeUnavailable = "DirectoryUnavailable"

// Reading is a whole directory as it was at one time. It never changes, so it is safe for concurrent use.
type Reading struct {
	ID         string          // rd-…
	Root       string          // r-…, the root folder
	Management peering.Account // is not a member, but counts as directly below the root
	AsOf       time.Time       // when the reading began

	members map[peering.Account]peering.Path
}

// Size returns the number of members, without the management account.
func (r *Reading) Size() int { return len(r.members) }

// Path returns where an account is. It is unknown if the reading does not hold the account.
func (r *Reading) Path(account peering.Account) peering.Path {
	if account.Known() && account == r.Management {
		return r.root()
	}
	return r.members[account]
}

// Members returns the members in a folder or below it, sorted. The root folder r-… has all of them, without the management
// account.
func (r *Reading) Members(folder string) []peering.Account {
	in := maps.Clone(r.members)
	maps.DeleteFunc(in, func(_ peering.Account, path peering.Path) bool { return !path.In(folder) })
	return slices.Sorted(maps.Keys(in))
}

// root returns the path of an account directly below the root folder.
func (r *Reading) root() peering.Path { return peering.Path(r.ID + "/" + r.Root) }

// Reading returns a reading that began at most age ago, or after the call. With an error it returns the latest one, however
// old, or nil if there never was one: that is what is known of the directory, and nothing may be concluded from an account
// that is not in it.
func (c *Client) Reading(ctx context.Context, age time.Duration) (*Reading, error) {
	reading, err := c.known.reading.get(ctx, age, c.read)
	if reading != nil && c.access.ID != "" && reading.ID != c.access.ID {
		return nil, &peering.Failure{
			Code:    codeUnavailable,
			Message: fmt.Sprintf("account %s is in the directory %s, and the policy is about %s", c.account(), reading.ID, c.access.ID),
		}
	}
	return reading, err
}
