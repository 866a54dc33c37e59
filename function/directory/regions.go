package directory

import (
	"context"
	"slices"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpc"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// regionsAge is how old the list of regions may be: a new one is opened a few times a year.
const regionsAge = 6 * time.Hour

// regionsQuota is no documented one. Two calls a day need no more.
var regionsQuota = acs.Quota{Burst: 5, Rate: 1}

// Regions returns the regions that there are, sorted. With an error it returns those of the latest answer, however old, or
// none. It asks with the caller's own credentials; no permission is needed.
func (c *Client) Regions(ctx context.Context) ([]string, error) {
	ids, err := c.known.regions.get(ctx, regionsAge, c.describeRegions)
	return slices.Clone(ids), err
}

// describeRegions asks for the regions in which VPCs can be. VpcPeer, which has no such call, is in most of them.
// https://www.alibabacloud.com/help/document_detail/36063.html
func (c *Client) describeRegions(ctx context.Context) ([]string, error) {
	var ids []string
	call := acs.Call{Service: acs.VPC, In: peering.Partition{Account: c.caller.Account, Region: c.caller.Region}, Quota: regionsQuota}
	err := c.cloud.Do(ctx, c.caller, call, func(send acs.Send) error {
		got := new(regionsAnswer)
		if err := send(vpc.CreateDescribeRegionsRequest(), got); err != nil {
			return err
		}
		var ok bool
		if ids, ok = got.Regions.ids(); !ok {
			return acs.NoConfirmation("DescribeRegions answered without regions")
		}
		return nil
	})
	return ids, err
}
