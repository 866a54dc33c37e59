package vpcpeer

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

const (
	pageSize = 100   // the most that ListVpcPeerConnections returns at once
	maxPages = 1_000 // a listing that is longer is taken for one that never ends
)

// Get returns what the API says of a connection now. It asks with the credentials of the partition's account, in its
// region.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-getvpcpeerconnectionattribute
func (c *Client) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	var found peering.Connection
	err := c.do(ctx, in, func(send acs.Send) error {
		request := vpcpeer.CreateGetVpcPeerConnectionAttributeRequest()
		request.InstanceId = id
		got := new(attributeAnswer)
		if err := send(request, got); err != nil {
			return err
		}
		if string(got.InstanceId) != id {
			return acs.NoConfirmation("the answer describes another connection than the one asked for")
		}
		found = got.connection()
		return nil
	})
	return found, err
}

// List returns the connections that an account sees in a region, as requester or as accepter, page by page. Each page
// has the oldest first. It ends at the first error.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-listvpcpeerconnections
func (c *Client) List(ctx context.Context, in peering.Partition) iter.Seq2[[]peering.Connection, error] {
	return func(yield func([]peering.Connection, error) bool) {
		seen := map[string]bool{}
		for token := ""; ; {
			page, next, err := c.page(ctx, in, token)
			if err == nil && (seen[next] || len(seen) == maxPages) {
				err = acs.NoConfirmation("the list of connections does not end: its NextToken repeats, or there is always another")
			}
			if !yield(page, err) || err != nil || next == "" {
				return
			}
			seen[next], token = true, next
		}
	}
}

func (c *Client) page(ctx context.Context, in peering.Partition, token string) (page []peering.Connection, next string, err error) {
	err = c.do(ctx, in, func(send acs.Send) error {
		request := vpcpeer.CreateListVpcPeerConnectionsRequest()
		request.MaxResults = requests.NewInteger(pageSize)
		request.NextToken = token
		got := new(listAnswer)
		if err := send(request, got); err != nil {
			return err
		}
		page, next = got.connections(), string(got.NextToken)
		return nil
	})
	slices.SortStableFunc(page, func(a, b peering.Connection) int { return cmp.Compare(a.Created, b.Created) })
	return page, next, err
}

// Reject rejects a pending connection with the credentials of its accepter, in the accepter's region,
// and returns the API's request id as the confirmation. A dry run that passed is a Failure of class DryRunPassed.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection
func (c *Client) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	var requestID string
	err := c.do(ctx, in, func(send acs.Send) error {
		request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		request.InstanceId = r.ID
		request.ClientToken = r.ClientToken
		if r.DryRun {
			request.DryRun = requests.NewBoolean(true)
		}
		got := new(acs.Confirmation)
		err := send(request, got)
		requestID = string(got.RequestId)
		return err
	})
	return requestID, err
}
