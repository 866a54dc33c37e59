package vpcpeer

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
)

const (
	pageSize = 100   // the most that ListVpcPeerConnections gives at once
	maxPages = 1_000 // a listing that has not ended by then is taken for one that never does
)

// Get reads a connection with the credentials of an account, in a region.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-getvpcpeerconnectionattribute
func (s *Session) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	var c peering.Connection
	err := s.call(ctx, in, "GetVpcPeerConnectionAttribute", func(creds Credentials) error {
		request := vpcpeer.CreateGetVpcPeerConnectionAttributeRequest()
		request.InstanceId = id
		got := new(attributeAnswer)
		if err := s.do(ctx, in, creds, request, got); err != nil {
			return err
		}
		if string(got.InstanceId) != id {
			return noConfirmation("the answer describes another connection than the one asked for")
		}
		c = got.connection()
		return nil
	})
	return c, err
}

// List gives the connections that an account sees in a region, as requester or as accepter, page by page,
// in each page the oldest first. It ends at the first error.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-listvpcpeerconnections
func (s *Session) List(ctx context.Context, in peering.Partition) iter.Seq2[[]peering.Connection, error] {
	return func(yield func([]peering.Connection, error) bool) {
		seen := map[string]bool{}
		for token := ""; ; {
			page, next, err := s.page(ctx, in, token)
			if err == nil && (seen[next] || len(seen) == maxPages) {
				err = noConfirmation("the list of connections does not end: its NextToken repeats or goes on for ever")
			}
			if !yield(page, err) || err != nil || next == "" {
				return
			}
			seen[next], token = true, next
		}
	}
}

func (s *Session) page(ctx context.Context, in peering.Partition, token string) (page []peering.Connection, next string, err error) {
	err = s.call(ctx, in, "ListVpcPeerConnections", func(creds Credentials) error {
		request := vpcpeer.CreateListVpcPeerConnectionsRequest()
		request.MaxResults = requests.NewInteger(pageSize)
		request.NextToken = token
		got := new(listAnswer)
		if err := s.do(ctx, in, creds, request, got); err != nil {
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
func (s *Session) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	var requestID string
	err := s.call(ctx, in, "RejectVpcPeerConnection", func(creds Credentials) error {
		request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		request.InstanceId = r.ID
		request.ClientToken = r.ClientToken
		if r.DryRun {
			request.DryRun = requests.NewBoolean(true)
		}
		got := new(answer)
		err := s.do(ctx, in, creds, request, got)
		requestID = string(got.RequestId)
		return err
	})
	return requestID, err
}

func (s *Session) do(ctx context.Context, in peering.Partition, creds Credentials, request requests.AcsRequest, got confirmable) error {
	return s.cloud.exchange(ctx, s.cloud.endpoint, in.Region, creds, request, got)
}
