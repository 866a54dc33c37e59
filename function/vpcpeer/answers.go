package vpcpeer

import (
	"slices"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"

	"peerguard/function/peering"
)

// The answers are decoded into types of our own, through the SDK's decoder: its generated ones lack ManagedService and
// read account ids through a number. Here ids are text, whether the API writes a number or a string.

// answer is what every answer holds.
type answer struct {
	*responses.BaseResponse
	RequestId string
	Code      string // an error that came with HTTP 200
}

func newAnswer() answer { return answer{BaseResponse: &responses.BaseResponse{}} }

// confirmed reports whether the API really answered: the SDK takes HTTP 200 with nothing, or with an error, for success.
func (a *answer) confirmed() bool { return a.RequestId != "" && a.Code == "" }

type attributeAnswer struct {
	answer
	item
}

type listAnswer struct {
	answer
	NextToken       string
	VpcPeerConnects []item
}

func (a *listAnswer) connections() []peering.Connection {
	page := make([]peering.Connection, len(a.VpcPeerConnects))
	for i := range a.VpcPeerConnects {
		page[i] = a.VpcPeerConnects[i].connection()
	}
	return page
}

// item is a connection as the API writes it.
type item struct {
	InstanceId        string
	OwnerId           string
	AcceptingOwnerUid string
	RegionId          string
	AcceptingRegionId string
	Vpc               network
	AcceptingVpc      network
	Status            string
	ManagedService    string
	GmtCreate         string
}

type network struct {
	VpcId     string
	Ipv4Cidrs []string
	Ipv6Cidrs []string
}

func (i *item) connection() peering.Connection {
	return peering.Connection{
		ID:        i.InstanceId,
		Requester: side(i.OwnerId, i.RegionId, i.Vpc),
		Accepter:  side(i.AcceptingOwnerUid, i.AcceptingRegionId, i.AcceptingVpc),
		Status:    peering.Status(i.Status),
		ManagedBy: i.ManagedService,
		Created:   i.GmtCreate,
	}
}

func side(account, region string, n network) peering.Side {
	return peering.Side{
		Account: accountOf(account),
		Region:  region,
		VPC:     n.VpcId,
		CIDRs:   slices.Concat(n.Ipv4Cidrs, n.Ipv6Cidrs),
	}
}

// accountOf makes unknown what is no account id: 0 stands for an owner that the API does not tell.
func accountOf(id string) peering.Account {
	if id == "0" || !peering.ValidAccount(id) {
		return ""
	}
	return peering.Account(id)
}
