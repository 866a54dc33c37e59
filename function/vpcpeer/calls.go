package vpcpeer

import (
	"context"
	"errors"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/acs"
	"peerguard/function/peering"
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
		found = got.connection(&got.Confirmation)
		return nil
	})
	return found, err
}

// page reads one page of a list. A region that does not have the API has no connections.
func (c *Client) page(ctx context.Context, in peering.Partition, token string) (*listAnswer, error) {
	var page *listAnswer
	err := c.do(ctx, in, func(send acs.Send) error {
		request := vpcpeer.CreateListVpcPeerConnectionsRequest()
		request.MaxResults = requests.NewInteger(pageSize)
		request.NextToken = token
		page = new(listAnswer)
		return send(request, page)
	})
	if f, ok := errors.AsType[*peering.Failure](err); ok && f.Class == peering.Unsupported {
		return new(listAnswer), nil
	}
	return page, err
}

// Reject rejects a pending connection with the credentials of its accepter, in the accepter's region,
// and returns the API's request id as the confirmation. A dry run that passed is a Failure of class DryRunPassed.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection
func (c *Client) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	var requestID string
	call := c.call(in)
	call.Still = r.Still
	err := c.cloud.Do(ctx, c.caller, call, func(send acs.Send) error {
		request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		request.InstanceId = r.ID
		request.ClientToken = r.ClientToken
		if r.DryRun {
			request.DryRun = requests.NewBoolean(true)
		}
		got := new(acs.Confirmation)
		err := send(request, got)
		if err == nil {
			requestID = got.Clean(got.RequestId, maxText)
		}
		return err
	})
	return requestID, err
}
