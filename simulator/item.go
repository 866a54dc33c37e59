package simulator

import (
	"strconv"
	"time"

	"peerguard/function/peering"
)

// TimeFormat is how the API writes a time, in UTC.
const TimeFormat = "2006-01-02T15:04:05Z"

// pendingFor is how long a request waits for its accepter before it expires.
const pendingFor = 7 * 24 * time.Hour

// Item is one connection as ListVpcPeerConnections and GetVpcPeerConnectionAttribute show it.
// ReadyAfter is not shown: it plans the passage from Creating to Accepting.
type Item struct {
	InstanceID        string         `json:"InstanceId"`
	OwnerID           int64          `json:"OwnerId"` // the requester's account
	AcceptingOwnerUID int64          `json:"AcceptingOwnerUid"`
	RegionID          string         `json:"RegionId"` // the requester's region
	AcceptingRegionID string         `json:"AcceptingRegionId"`
	Bandwidth         int            `json:"Bandwidth"` // Mbit/s
	Status            peering.Status `json:"Status"`
	BizStatus         string         `json:"BizStatus"` // Normal or FinancialLocked
	GmtCreate         string         `json:"GmtCreate"` // in TimeFormat
	GmtModified       string         `json:"GmtModified"`
	GmtExpired        Time           `json:"GmtExpired"` // shown while Accepting or Expired, else null
	Name              string         `json:"Name"`
	Description       string         `json:"Description"`
	VPC               VPC            `json:"Vpc"` // the requester's
	AcceptingVPC      VPC            `json:"AcceptingVpc"`
	Tags              []Tag          `json:"Tags"`
	ManagedService    string         `json:"ManagedService,omitempty"` // such as SWAS
	LinkType          string         `json:"LinkType,omitempty"`       // Gold or Platinum, between regions only
	ResourceGroupID   string         `json:"ResourceGroupId"`

	ReadyAfter time.Duration `json:"-"` // 0: a connection that is Creating stays so
}

// Time is a time in TimeFormat, or empty; it is null in JSON when it is empty.
type Time string

// MarshalJSON writes the empty time as null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, string(t)), nil
}

// VPC is one end of a connection as the API shows it.
type VPC struct {
	VpcID     string   `json:"VpcId"`
	Ipv4Cidrs []string `json:"Ipv4Cidrs"`
	Ipv6Cidrs []string `json:"Ipv6Cidrs"`
}

// Tag is a key and a value that an account gave to its connection.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// Requester is the account that asked for the connection, empty where OwnerID is 0.
func (it *Item) Requester() peering.Account { return account(it.OwnerID) }

// Accepter is the account that was asked, empty where AcceptingOwnerUID is 0.
func (it *Item) Accepter() peering.Account { return account(it.AcceptingOwnerUID) }

func account(uid int64) peering.Account {
	if uid == 0 {
		return ""
	}
	return peering.Account(strconv.FormatInt(uid, 10))
}

// sides are the partitions of requester and accepter.
func (it *Item) sides() [2]peering.Partition {
	return [2]peering.Partition{
		{Account: it.Requester(), Region: it.RegionID},
		{Account: it.Accepter(), Region: it.AcceptingRegionID},
	}
}

// visible reports whether the connection is the account's own, on either side.
func (it *Item) visible(a peering.Account) bool {
	return a.Known() && (it.Requester() == a || it.Accepter() == a)
}

// shown is the item as an answer holds it: lists are never null, and GmtExpired is there only when it means something.
func shown(it Item) Item {
	if it.Status != peering.Accepting && it.Status != peering.Expired {
		it.GmtExpired = ""
	}
	it.VPC, it.AcceptingVPC = it.VPC.shown(), it.AcceptingVPC.shown()
	if it.Tags == nil {
		it.Tags = []Tag{}
	}
	return it
}

func (v VPC) shown() VPC {
	if v.Ipv4Cidrs == nil {
		v.Ipv4Cidrs = []string{}
	}
	if v.Ipv6Cidrs == nil {
		v.Ipv6Cidrs = []string{}
	}
	return v
}
