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
		page[i] = a.VpcPeerConnects[i].connection(&a.Confirmation)
	}
	slices.SortStableFunc(page, func(a, b peering.Connection) int { return cmp.Compare(a.Created, b.Created) })
	return page
}

// total returns how many connections the whole list has, if the answer tells.
func (a *listAnswer) total() (total int, told bool) {
	total, err := strconv.Atoi(string(a.TotalCount))
	return total, err == nil && total >= 0
}

// maxText is how many bytes of a text of an answer are worth showing.
const maxText = 128

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
	GmtExpired        acs.Text
	Name              acs.Text
}

type network struct {
	VpcId     acs.Text
	Ipv4Cidrs []acs.Text
	Ipv6Cidrs []acs.Text
}

// connection returns what the item says. from is the answer that holds it.
func (i *item) connection(from *acs.Confirmation) peering.Connection {
	return peering.Connection{
		ID:        from.Fact(i.InstanceId),
		Requester: side(from, i.OwnerId, i.RegionId, &i.Vpc),
		Accepter:  side(from, i.AcceptingOwnerUid, i.AcceptingRegionId, &i.AcceptingVpc),
		Status:    peering.Status(from.Clean(i.Status, maxText)),
		ManagedBy: from.Clean(i.ManagedService, maxText),
		Created:   from.Fact(i.GmtCreate),
		Expires:   from.Fact(i.GmtExpired),
		Name:      from.Clean(i.Name, maxText),
	}
}

func side(from *acs.Confirmation, account, region acs.Text, n *network) peering.Side {
	s := peering.Side{Account: account.Account(), Region: from.Fact(region), VPC: from.Fact(n.VpcId)}
	for _, cidr := range slices.Concat(n.Ipv4Cidrs, n.Ipv6Cidrs) {
		s.CIDRs = append(s.CIDRs, from.Clean(cidr, maxText)) // one that had to be cleaned is there, and cannot be read
	}
	return s
}
