package vpcpeer

import (
	"cmp"
	"slices"
	"strconv"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

type attributeAnswer struct {
	acs.Confirmation
	item
}

type listAnswer struct {
	acs.Confirmation
	NextToken       acs.Text
	TotalCount      acs.Text
	VpcPeerConnects []item
}

// connections returns the page's connections, oldest first.
func (a *listAnswer) connections() []peering.Connection {
	page := make([]peering.Connection, len(a.VpcPeerConnects))
	for i := range a.VpcPeerConnects {
		page[i] = a.VpcPeerConnects[i].connection()
	}
	slices.SortStableFunc(page, func(a, b peering.Connection) int { return cmp.Compare(a.Created, b.Created) })
	return page
}

// total returns how many connections the whole list has, if the answer tells.
func (a *listAnswer) total() (total int, told bool) {
	total, err := strconv.Atoi(string(a.TotalCount))
	return total, err == nil && total >= 0
}

// item is a connection as the API writes it. The SDK's type lacks ManagedService.
type item struct {
	InstanceId        acs.Text
	OwnerId           acs.Text
	AcceptingOwnerUid acs.Text
	RegionId          acs.Text
	AcceptingRegionId acs.Text
	Vpc               network
	AcceptingVpc      network
	Status            acs.Text
	ManagedService    acs.Text
	GmtCreate         acs.Text
}

type network struct {
	VpcId     acs.Text
	Ipv4Cidrs []acs.Text
	Ipv6Cidrs []acs.Text
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

func side(account, region acs.Text, n *network) peering.Side {
	s := peering.Side{Account: account.Account(), Region: string(region), VPC: string(n.VpcId)}
	for _, cidr := range slices.Concat(n.Ipv4Cidrs, n.Ipv6Cidrs) {
		s.CIDRs = append(s.CIDRs, string(cidr))
	}
	return s
}
