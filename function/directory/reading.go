package directory

import (
	"context"
	"fmt"
	"time"

	"peerguard/function/peering"
)

// memberAge is how old a reading may be that says that an account is a member.
const memberAge = 5 * time.Minute

// codeUnavailable is the code of a directory that is not the one to be read. docs/reference.md lists it.
const codeUnavailable = "DirectoryUnavailable"

// Reading returns a reading that began at most age ago, or after the call. With an error it returns the latest one, however
// old, or nil if there never was one: that is what is known of the directory, and nothing may be concluded from an account
// that is not in it.
func (c *Client) Reading(ctx context.Context, age time.Duration) (*peering.Reading, error) {
	return c.pinned(c.known.reading.get(ctx, age, c.read))
}

// pinned refuses what another directory than the pinned one says.
func (c *Client) pinned(reading *peering.Reading, err error) (*peering.Reading, error) {
	if reading != nil && c.access.ID != "" && reading.ID != c.access.ID {
		return nil, &peering.Failure{
			Code:    codeUnavailable,
			Message: fmt.Sprintf("account %s is in the directory %s, and the policy is about %s", c.account(), reading.ID, c.access.ID),
		}
	}
	return reading, err
}
