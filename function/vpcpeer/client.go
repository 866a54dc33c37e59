// Package vpcpeer lists, reads and rejects VPC peering connections: three calls of the VpcPeer API, version 2022-01-01,
// and what their answers mean. Signing, retries and quotas are those of room acs.
package vpcpeer

import (
	"context"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// quota stays inside the documented one, 360 calls in 60 s for each API, account and region: a burst of 60 and 5 a second
// after it never make more than 360 in any 60 s.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
var quota = acs.Quota{Burst: 60, Rate: 5}

// codeIncompleteList is the code of a list that ends early. README.md lists it.
const codeIncompleteList = "IncompleteList"

// Client is the VpcPeer API as one invocation sees it. It is safe for concurrent use.
//
// All its calls respect their context, retry what is worth a retry until a second before its deadline, and keep to the
// quota of the partition that they are made in. Their errors are *peering.Failure.
type Client struct {
	cloud  *acs.Cloud
	caller acs.Caller
	roles  map[peering.Account]string
}

// New returns the API for one invocation's caller. roles holds the ARN of the role to assume for each account that is
// guarded through one; calls for any other account are made with the caller's own credentials.
func New(cloud *acs.Cloud, caller acs.Caller, roles map[peering.Account]string) *Client {
	return &Client{cloud, caller, roles}
}

// do makes a call in a partition.
func (c *Client) do(ctx context.Context, in peering.Partition, attempt func(acs.Send) error) error {
	return c.cloud.Do(ctx, c.caller, acs.Call{Service: acs.VpcPeer, In: in, Role: c.role(in.Account), Quota: quota}, attempt)
}

// role returns the ARN of the role to assume for an account, "" if there is none.
func (c *Client) role(account peering.Account) string {
	if account == c.caller.Account {
		return ""
	}
	return c.roles[account]
}
