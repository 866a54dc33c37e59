package vpcpeer

import (
	"encoding/json"
	"errors"
	"slices"

	"peerguard/function/peering"
)

// The answers are decoded into types of our own: the SDK's generated ones lack ManagedService and read account ids through
// a number.

// confirmable is an answer that says whether it is one.
type confirmable interface{ confirmed() bool }

// answer is what every answer holds.
type answer struct {
	RequestId text
	Code      text // an error that came with HTTP 200
}

// confirmed reports whether the API really answered.
func (a *answer) confirmed() bool { return a.RequestId != "" && a.Code == "" }

// text is a text that the API may also write as a number, whose digits it keeps, or as null, for none.
type text string

// UnmarshalJSON refuses objects and lists.
func (t *text) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		return json.Unmarshal(raw, (*string)(t))
	case '{', '[':
		return errors.New("neither a text nor a number")
	case 'n':
		return nil
	}
	*t = text(raw)
	return nil
}

type attributeAnswer struct {
	answer
	item
}

type listAnswer struct {
	answer
	NextToken       text
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
	InstanceId        text
	OwnerId           text
	AcceptingOwnerUid text
	RegionId          text
	AcceptingRegionId text
	Vpc               network
	AcceptingVpc      network
	Status            text
	ManagedService    text
	GmtCreate         text
}

type network struct {
	VpcId     text
	Ipv4Cidrs []text
	Ipv6Cidrs []text
}

func (i *item) connection() peering.Connection {
	return peering.Connection{
		ID:        string(i.InstanceId),
		Requester: side(i.OwnerId, i.RegionId, &i.Vpc),
		Accepter:  side(i.AcceptingOwnerUid, i.AcceptingRegionId, &i.AcceptingVpc),
		Status:    peering.Status(i.Status),
		ManagedBy: string(i.ManagedService),
		Created:   string(i.GmtCreate),
	}
}

func side(account, region text, n *network) peering.Side {
	s := peering.Side{Account: accountOf(account), Region: string(region), VPC: string(n.VpcId)}
	for _, cidr := range slices.Concat(n.Ipv4Cidrs, n.Ipv6Cidrs) {
		s.CIDRs = append(s.CIDRs, string(cidr))
	}
	return s
}

// accountOf makes unknown what is no account id: 0 stands for an owner that the API does not tell.
func accountOf(id text) peering.Account {
	if id == "0" || !peering.ValidAccount(string(id)) {
		return ""
	}
	return peering.Account(id)
}
