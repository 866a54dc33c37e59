package directory

import (
	"context"
	"errors"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// Standing is what the reading account is to its directory.
type Standing string

// The standings. Only the first two may read the directory.
const (
	ManagementAccount      Standing = "management account"
	DelegatedAdministrator Standing = "delegated administrator"
	PlainMember            Standing = "member"
	NoMember               Standing = "in no directory"
)

// Standing asks, now, what the reading account is to its directory. A PlainMember comes with the failure that says so: a
// delegated administrator without the permission to list accounts looks the same.
func (c *Client) Standing(ctx context.Context) (Standing, error) {
	return patiently(ctx, func(ctx context.Context) (Standing, error) {
		reading, err := c.describe(ctx)
		if classOf(err) == peering.NoDirectory {
			return NoMember, nil
		}
		if err != nil {
			return "", err
		}
		if c.account() == reading.Management {
			return ManagementAccount, nil
		}
		_, err = c.page(ctx, reading.RootPath(), 1)
		switch {
		case err == nil:
			return DelegatedAdministrator, nil
		case classOf(err) == peering.NoDirectory, classOf(err) == peering.Forbidden:
			return PlainMember, err
		}
		return "", err
	})
}

// describe returns a Reading without members.
// https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-getresourcedirectory
func (c *Client) describe(ctx context.Context) (*peering.Reading, error) {
	var reading *peering.Reading
	err := c.do(ctx, getQuota, func(send acs.Send) error {
		got := new(directoryAnswer)
		if err := send(resourcemanager.CreateGetResourceDirectoryRequest(), got); err != nil {
			return err
		}
		var ok bool
		if reading, ok = got.reading(); !ok {
			return acs.NoConfirmation("GetResourceDirectory answered without a directory")
		}
		return nil
	})
	return reading, err
}

func classOf(err error) peering.Class {
	if f, ok := errors.AsType[*peering.Failure](err); ok {
		return f.Class
	}
	return peering.Failed
}
