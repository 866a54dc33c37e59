package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// fate is what must become of a connection.
type fate int

const (
	doomed  fate = iota // an unknown pending request: rejected in the end, unless its owners settle it first
	spared              // allowed, no longer pending, managed, or not ours: never rejected
	unclear             // nobody knows whose it is, or how it stands: never rejected, and somebody is told
)

const (
	own     = peering.Account(platform.Account)
	partner = 2222222222222222 // allowed without conditions
	picky   = 4444444444444444 // allowed from one region to one VPC
	regions = 20
	members = 4
)

// connection is one connection of the run, and what its owners do with it meanwhile.
type connection struct {
	Item  simulator.Item
	Fate  fate
	Then  peering.Status // what its owners make of it, where not empty
	After time.Duration  // when they do
}

func region(n int) string { return "cn-area-" + strconv.Itoa(n) }

func memberAccount(n int) int64 { return 9990000000000000 + int64(n) }

func roleOf(account int64) string { return fmt.Sprintf("acs:ram::%d:role/peerguard", account) }

// kinds are the sorts of connections, and how common each is.
var kinds = []struct {
	weight int
	fate   fate
	make   func(r *rand.Rand, c *connection)
}{
	{40, doomed, func(*rand.Rand, *connection) {}},
	{18, spared, func(_ *rand.Rand, c *connection) { c.Item.OwnerID = partner }},
	{4, spared, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingVPC.VpcID = picky, region(0), "vpc-good"
	}},
	{3, doomed, func(_ *rand.Rand, c *connection) { c.Item.OwnerID, c.Item.RegionID = picky, region(1) }},
	{3, doomed, func(_ *rand.Rand, c *connection) { c.Item.OwnerID, c.Item.RegionID = picky, region(0) }},
	{8, doomed, func(r *rand.Rand, c *connection) {
		c.Item.Status, c.Item.ReadyAfter = peering.Creating, between(r, 50*time.Millisecond, 4*time.Second)
	}},
	{3, spared, func(r *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.Status, c.Item.ReadyAfter = partner, peering.Creating, between(r, 50*time.Millisecond, 4*time.Second)
	}},
	{3, doomed, func(r *rand.Rand, c *connection) { // somebody accepts it, or the requester gives up: too late, or just not
		c.After = between(r, 0, time.Second)
		c.Then = []peering.Status{peering.Activated, peering.Updating, peering.Deleted, peering.Expired}[r.IntN(4)]
	}},
	{2, doomed, func(r *rand.Rand, c *connection) { c.Item.OwnerID = guarded(r, c.Item.AcceptingOwnerUID) }},
	{2, spared, func(_ *rand.Rand, c *connection) { c.Item.Status = peering.Activated }},
	{4, spared, func(r *rand.Rand, c *connection) {
		c.Item.Status = []peering.Status{peering.Rejected, peering.Expired, peering.Deleting}[r.IntN(3)]
	}},
	{3, spared, func(_ *rand.Rand, c *connection) { c.Item.ManagedService = "SWAS" }},
	{1, spared, func(_ *rand.Rand, c *connection) { c.Item.OwnerID = c.Item.AcceptingOwnerUID }},
	{4, spared, func(r *rand.Rand, c *connection) { // ours to wait for, not to reject
		c.Item.OwnerID, c.Item.AcceptingOwnerUID = c.Item.AcceptingOwnerUID, stranger(r)
	}},
	{1, unclear, func(_ *rand.Rand, c *connection) { c.Item.OwnerID = 0 }},
	{1, unclear, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingOwnerUID = c.Item.AcceptingOwnerUID, c.Item.AcceptingRegionID, 0
	}},
	{1, unclear, func(_ *rand.Rand, c *connection) { c.Item.Status = "Frozen" }},
}

// newConnection makes the n-th connection: a stranger's request to one of the guarded accounts, and then what its kind
// makes of it.
func newConnection(r *rand.Rand, n int) connection {
	c := connection{Item: simulator.Item{
		InstanceID:        fmt.Sprintf("pcc-%06d", n),
		OwnerID:           stranger(r),
		RegionID:          region(r.IntN(regions)),
		VPC:               simulator.VPC{VpcID: "vpc-" + strconv.Itoa(r.IntN(1000)), Ipv4Cidrs: []string{fmt.Sprintf("10.%d.0.0/16", r.IntN(256))}},
		AcceptingOwnerUID: guarded(r, 0),
		AcceptingRegionID: region(r.IntN(regions)),
		AcceptingVPC:      simulator.VPC{VpcID: "vpc-bad"},
		Status:            peering.Accepting,
	}}
	at := r.IntN(totalWeight())
	for _, k := range kinds {
		if at -= k.weight; at < 0 {
			c.Fate = k.fate
			k.make(r, &c)
			break
		}
	}
	return c
}

func totalWeight() (sum int) {
	for _, k := range kinds {
		sum += k.weight
	}
	return sum
}

func stranger(r *rand.Rand) int64 { return 6660000000000000 + r.Int64N(500) }

// guarded is one of the guarded accounts, but not the one given.
func guarded(r *rand.Rand, not int64) int64 {
	for {
		a := int64(1111111111111111)
		if n := r.IntN(members + 2); n < members {
			a = memberAccount(n)
		}
		if a != not {
			return a
		}
	}
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}
