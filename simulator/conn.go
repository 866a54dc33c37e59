package simulator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"peerguard/function/peering"
)

// removed is the state of a connection that is no longer there; no answer ever shows it.
const removed peering.Status = "(removed)"

// conn is a connection with its past and its planned future.
type conn struct {
	Item
	sequence uint64    // orders lists; never changes, so that pages do not shift
	expires  time.Time // zero: never
	planned  plan
	past     []plan   // states it was in, oldest first; the first one holds since it was created
	busy     bool     // a call that changes it is in flight
	in       []*index // the partitions that list it
}

// plan is a state, and since or from when on.
type plan struct {
	at     time.Time
	status peering.Status
}

func newConn(it Item, now time.Time) *conn {
	n := &conn{Item: it}
	stamp := now.UTC().Format(TimeFormat)
	n.BizStatus = cmp.Or(n.BizStatus, "Normal")
	n.GmtModified = cmp.Or(n.GmtModified, n.GmtCreate, stamp)
	n.past = []plan{{born(n.GmtCreate, now), n.Status}}
	n.GmtCreate = cmp.Or(n.GmtCreate, stamp)
	n.GmtExpired = cmp.Or(n.GmtExpired, Time(now.Add(pendingFor).UTC().Format(TimeFormat)))
	if at, err := time.Parse(TimeFormat, string(n.GmtExpired)); err == nil && at.After(now) {
		n.expires = at
	}
	if it.ReadyAfter > 0 && it.Status == peering.Creating {
		n.planned = plan{now.Add(it.ReadyAfter), peering.Accepting}
	}
	return n
}

// born is when a connection came to be: as it says itself, but not later than now.
func born(created string, now time.Time) time.Time {
	if at, err := time.Parse(TimeFormat, created); err == nil && at.Before(now) {
		return at
	}
	return now
}

// settle lets everything happen that was due by now.
func (n *conn) settle(now time.Time) {
	if at := n.planned.at; !at.IsZero() && !now.Before(at) {
		status := n.planned.status
		n.planned = plan{}
		n.become(status, at)
	}
	if n.Status == peering.Accepting && !n.expires.IsZero() && !now.Before(n.expires) {
		n.become(peering.Expired, n.expires)
	}
}

// become changes the state, once, at the given time.
func (n *conn) become(s peering.Status, at time.Time) {
	if n.Status == s {
		return
	}
	n.Status = s
	n.GmtModified = at.UTC().Format(TimeFormat)
	n.past = append(n.past, plan{at, s})
	if s == removed {
		for _, x := range n.in {
			x.gone++
		}
	}
}

// pass changes the state to via now and to last when d has passed, without via when d is 0.
func (n *conn) pass(via, last peering.Status, now time.Time, d time.Duration) {
	if d <= 0 {
		n.become(last, now)
		return
	}
	n.become(via, now)
	n.planned = plan{now.Add(d), last}
}

func (n *conn) gone() bool { return n.Status == removed }

// asOf is the item as it was at a time, and whether it was there at all.
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

// sorted gives all connections in the order in which they were put.
func (c *Cloud) sorted() []*conn {
	return slices.SortedFunc(maps.Values(c.conns), func(a, b *conn) int { return cmp.Compare(a.sequence, b.sequence) })
}

// index holds the connections of one partition in their order. Those that were deleted stay, for reads that lag.
type index struct {
	items []*conn
	gone  int // how many of them were deleted
}

func (x *index) remove(n *conn) {
	at := x.position(n.sequence)
	x.items = slices.Delete(x.items, at, at+1)
	if n.gone() {
		x.gone--
	}
}

// insert puts the connection where its sequence number belongs: at the end, unless it replaces another.
func (x *index) insert(n *conn) {
	x.items = slices.Insert(x.items, x.position(n.sequence), n)
}

// position is where the connection with that sequence number, or the next one, stands.
func (x *index) position(sequence uint64) int {
	at, _ := slices.BinarySearchFunc(x.items, sequence, func(n *conn, s uint64) int { return cmp.Compare(n.sequence, s) })
	return at
}
