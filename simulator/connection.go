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

// facts are what a connection is at one time.
type facts struct {
	Item                  // its ResourceGroupID is the requester's
	acceptingGroup string // the accepter's resource group
}

// shownTo returns the item as an answer to the account holds it: lists are not null, and GmtExpired is empty where the API
// has null.
func (f *facts) shownTo(a peering.Account) Item {
	it := f.Item
	if a != it.Requester() {
		it.ResourceGroupID = f.acceptingGroup
	}
	if it.Status != peering.Accepting && it.Status != peering.Expired {
		it.GmtExpired = ""
	}
	it.VPC, it.AcceptingVPC = it.VPC.shown(), it.AcceptingVPC.shown()
	if it.Tags == nil {
		it.Tags = []Tag{}
	}
	return it
}

// setGroup changes the resource group that the account has put the connection into.
func (f *facts) setGroup(a peering.Account, group string) {
	if a == f.Requester() {
		f.ResourceGroupID = group
		return
	}
	f.acceptingGroup = group
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
	facts
	sequence uint64    // its position in lists; it never changes, so pages do not shift
	created  time.Time // it did not exist before
	expires  time.Time // zero: never
	planned  passage
	past     []version // oldest first
	busy     bool      // a call that changes it is in flight
	in       []*index  // the lists that show it
}

// version is what a connection was until it changed.
type version struct {
	until time.Time
	facts
}

// passage is a planned change to a state at a time.
type passage struct {
	at     time.Time
	status peering.Status
}

func newConn(it Item, now time.Time) *conn {
	n := &conn{facts: facts{it, it.ResourceGroupID}, created: created(it.GmtCreate, now)}
	n.BizStatus = cmp.Or(n.BizStatus, "Normal")
	n.GmtModified = cmp.Or(n.GmtModified, n.GmtCreate, stamp(now))
	n.GmtCreate = cmp.Or(n.GmtCreate, stamp(now))
	n.GmtExpired = cmp.Or(n.GmtExpired, Time(stamp(now.Add(pendingFor))))
	if at, err := time.Parse(TimeFormat, string(n.GmtExpired)); err == nil && at.After(now) {
		n.expires = at
	}
	if it.ReadyAfter > 0 && it.Status == peering.Creating {
		n.planned = passage{now.Add(it.ReadyAfter), peering.Accepting}
	}
	return n
}

// stamp returns a time as the API writes it.
func stamp(at time.Time) string { return at.UTC().Format(TimeFormat) }

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
	n.change(at, func(f *facts) {
		f.Status = s
		f.GmtModified = stamp(at)
	})
	if s == removed {
		for _, x := range n.in {
			x.gone++
		}
	}
}

// change makes a change at the given time. It must not write into the lists of the item, because the past shares them.
func (n *conn) change(at time.Time, apply func(*facts)) {
	n.past = append(n.past, version{at, n.facts})
	apply(&n.facts)
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

// asOf returns what the connection was at a time, and whether it existed then.
func (n *conn) asOf(at time.Time) (facts, bool) {
	f := n.facts
	for _, v := range slices.Backward(n.past) {
		if !at.Before(v.until) {
			break
		}
		f = v.facts
	}
	return f, f.Status != removed && !at.Before(n.created)
}

// sorted returns all connections in the order in which they were put.
func (c *Cloud) sorted() []*conn {
	return slices.SortedFunc(maps.Values(c.conns), func(a, b *conn) int { return cmp.Compare(a.sequence, b.sequence) })
}

// index lists the connections of one partition, or of one account, in their order. Deleted ones stay, for stale reads.
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
