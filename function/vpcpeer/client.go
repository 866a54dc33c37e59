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

// codeIncompleteList is the code of a list that ends early. docs/reference.md lists it.
const codeIncompleteList = "IncompleteList"

// Client is the VpcPeer API as one invocation sees it. It is safe for concurrent use.
//
// All its calls respect their context, retry what is worth a retry until a second before its deadline, and keep to the
// quota of the partition that they are made in. Their errors are *peering.Failure.
type Client struct {
	cloud  *acs.Cloud
	caller acs.Caller
	roles  Roles
}

// sessionPolicy narrows each session of a role to the calls of this package, whatever else the role allows.
const sessionPolicy = `{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*",` +
	`"Action":["vpc:GetVpcPeerConnectionAttribute","vpc:ListVpcPeerConnections","vpc:RejectVpcPeerConnection"]}]}`

// Roles returns the role to assume for an account; false if calls for it are made with the caller's own credentials. It is
// asked for each call.
type Roles func(peering.Account) (peering.Role, bool)

// New returns the API for one invocation's caller.
func New(cloud *acs.Cloud, caller acs.Caller, roles Roles) *Client {
	return &Client{cloud, caller, roles}
}

// do makes a call in a partition.
func (c *Client) do(ctx context.Context, in peering.Partition, attempt func(acs.Send) error) error {
	return c.cloud.Do(ctx, c.caller, c.call(in), attempt)
}

func (c *Client) call(in peering.Partition) acs.Call {
	return acs.Call{Service: acs.VpcPeer, In: in, Role: c.role(in.Account), Quota: quota}
}

// Assume opens a session of the role of an account, and fails if that is not permitted. It does nothing for an account
// without a role, and does not renew a session that lasts. The error is a *peering.Failure.
func (c *Client) Assume(ctx context.Context, account peering.Account) error {
	role := c.role(account)
	if role == (acs.Role{}) {
		return nil
	}
	_, err := c.cloud.RoleCredentials(ctx, c.caller, role, peering.Credentials{})
	return err
}

// role returns the role to assume for an account, the zero Role if there is none.
func (c *Client) role(account peering.Account) acs.Role {
	role, member := c.roles(account)
	if !member || account == c.caller.Account {
		return acs.Role{}
	}
	return acs.Role{ARN: role.ARN, ExternalID: role.ExternalID, Policy: sessionPolicy}
}
