package simulator

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"peerguard/function/peering"
)

// TimeFormat is the layout of times in the API. They are in UTC.
const TimeFormat = "2006-01-02T15:04:05Z"

// Item is one connection as ListVpcPeerConnections and GetVpcPeerConnectionAttribute show it.
// ReadyAfter is not shown: it plans the change from Creating to Accepting.
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

// Time is a time in TimeFormat, or empty. The empty Time is null in JSON.
type Time string

// MarshalJSON writes the empty Time as null.
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

// Tag is a key and a value that an account attached to its connection.
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// Requester returns the account that asked for the connection. It is empty if OwnerID is 0.
func (it *Item) Requester() peering.Account { return account(it.OwnerID) }

// Accepter returns the account that was asked. It is empty if AcceptingOwnerUID is 0.
func (it *Item) Accepter() peering.Account { return account(it.AcceptingOwnerUID) }

func account(uid int64) peering.Account {
	if uid == 0 {
		return ""
	}
	return peering.Account(strconv.FormatInt(uid, 10))
}

// sides returns the partitions of the requester and the accepter.
func (it *Item) sides() [2]peering.Partition {
	return [2]peering.Partition{
		{Account: it.Requester(), Region: it.RegionID},
		{Account: it.Accepter(), Region: it.AcceptingRegionID},
	}
}

// visible reports whether the account is one of the two sides.
func (it *Item) visible(a peering.Account) bool {
	return a.Known() && (it.Requester() == a || it.Accepter() == a)
}

// shown returns the item as an answer holds it: lists are not null, and GmtExpired is empty where the API has null.
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

// pendingFor is how long a request waits for its accepter before it expires.
const pendingFor = 7 * 24 * time.Hour

// removed is the state of a deleted connection. No answer shows it.
const removed peering.Status = "(removed)"

// conn is a connection with its past and its planned future.
type conn struct {
	Item
	sequence uint64    // its position in lists; it never changes, so pages do not shift
	expires  time.Time // zero: never
	planned  passage
	past     []passage // oldest first; the first state holds since the connection was created
	busy     bool      // a call that changes it is in flight
	in       []*index  // the partitions that list it
}

// passage is a change to a state at a time.
type passage struct {
	at     time.Time
	status peering.Status
}

func newConn(it Item, now time.Time) *conn {
	n := &conn{Item: it}
	stamp := now.UTC().Format(TimeFormat)
	n.BizStatus = cmp.Or(n.BizStatus, "Normal")
	n.GmtModified = cmp.Or(n.GmtModified, n.GmtCreate, stamp)
	n.past = []passage{{created(n.GmtCreate, now), n.Status}}
	n.GmtCreate = cmp.Or(n.GmtCreate, stamp)
	n.GmtExpired = cmp.Or(n.GmtExpired, Time(now.Add(pendingFor).UTC().Format(TimeFormat)))
	if at, err := time.Parse(TimeFormat, string(n.GmtExpired)); err == nil && at.After(now) {
		n.expires = at
	}
	if it.ReadyAfter > 0 && it.Status == peering.Creating {
		n.planned = passage{now.Add(it.ReadyAfter), peering.Accepting}
	}
	return n
}

// created returns when a connection was created: the time that it states, but not later than now.
func created(stated string, now time.Time) time.Time {
	if at, err := time.Parse(TimeFormat, stated); err == nil && at.Before(now) {
		return at
	}
	return now
}

// settle makes all changes that are due at now.
func (n *conn) settle(now time.Time) {
	if at := n.planned.at; !at.IsZero() && !now.Before(at) {
		status := n.planned.status
		n.planned = passage{}
		n.become(status, at)
	}
	if n.Status == peering.Accepting && !n.expires.IsZero() && !now.Before(n.expires) {
		n.become(peering.Expired, n.expires)
	}
}

// become changes the state at the given time, unless it is the same already.
func (n *conn) become(s peering.Status, at time.Time) {
	if n.Status == s {
		return
	}
	n.Status = s
	n.GmtModified = at.UTC().Format(TimeFormat)
	n.past = append(n.past, passage{at, s})
	if s == removed {
		for _, x := range n.in {
			x.gone++
		}
	}
}

// pass changes the state to via now and to last after d. If d is 0 it changes the state to last now.
func (n *conn) pass(via, last peering.Status, now time.Time, d time.Duration) {
	if d <= 0 {
		n.become(last, now)
		return
	}
	n.become(via, now)
	n.planned = passage{now.Add(d), last}
}

func (n *conn) gone() bool { return n.Status == removed }

// asOf returns the item as it was at a time, and whether it existed then.
func (n *conn) asOf(at time.Time) (Item, bool) {
	it := n.Item
	for _, p := range slices.Backward(n.past) {
		if !p.at.After(at) {
			it.Status = p.status
			return it, p.status != removed
		}
	}
	return Item{}, false
}

// sorted returns all connections in the order in which they were put.
func (c *Cloud) sorted() []*conn {
	return slices.SortedFunc(maps.Values(c.conns), func(a, b *conn) int { return cmp.Compare(a.sequence, b.sequence) })
}

// index lists the connections of one partition in their order. Deleted ones stay, for stale reads.
type index struct {
	items []*conn
	gone  int // how many of them are deleted
}

func (x *index) remove(n *conn) {
	at := x.position(n.sequence)
	x.items = slices.Delete(x.items, at, at+1)
	if n.gone() {
		x.gone--
	}
}

// insert adds the connection at its sequence number, which is the end unless it replaces another connection.
func (x *index) insert(n *conn) {
	x.items = slices.Insert(x.items, x.position(n.sequence), n)
}

// position returns where the connection with that sequence number is, or would be.
func (x *index) position(sequence uint64) int {
	at, _ := slices.BinarySearchFunc(x.items, sequence, func(n *conn, s uint64) int { return cmp.Compare(n.sequence, s) })
	return at
}
