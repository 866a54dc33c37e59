package e2e_test

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
	doomed   fate = iota // an unknown pending request: rejected in the end, unless its owners settle it first
	spared               // allowed, no longer pending, managed, or not ours: never rejected
	pardoned             // a stranger's, until the policy is edited to allow it: not rejected once that has taken effect
	moving               // its requester joins, leaves or moves: what is right depends on when
	unclear              // its owner, its status or a fact that decides is unknown: never rejected, and somebody is told
)

const (
	own       = peering.Account(platform.Account)
	ownNumber = 1111111111111111 // the same, as the API writes it
	partner   = 2222222222222222 // allowed without conditions
	picky     = 4444444444444444 // allowed from one region to one VPC
	narrow    = 7777777777777777 // allowed from some addresses
	flooder   = 6669999999999999 // a stranger that makes floods of requests
	friend    = 8888888888888888 // a stranger that is allowed in the end
	regions   = 20
	members   = 4
)

// connection is one connection of the run, and what its owners do with it.
type connection struct {
	Item  simulator.Item
	Fate  fate
	Then  peering.Status // what its owners make of it, if not empty
	After time.Duration  // when they do
}

// pendingRequest is a foreign request to the function's own account.
func pendingRequest(id string, requester int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: requester, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}},
		AcceptingOwnerUID: ownNumber, AcceptingRegionID: platform.Region, AcceptingVPC: simulator.VPC{VpcID: "vpc-b"}, Status: peering.Accepting,
	}
}

func region(n int) string { return "cn-area-" + strconv.Itoa(n) }

func memberAccount(n int) int64 { return 9990000000000000 + int64(n) }

// everywhere returns all guarded partitions.
func everywhere() (scope []peering.Partition) {
	for n := range regions {
		scope = append(scope, peering.Partition{Account: own, Region: region(n)})
		for m := range members {
			scope = append(scope, peering.Partition{Account: accountOf(memberAccount(m)), Region: region(n)})
		}
	}
	return scope
}

func accountOf(number int64) peering.Account { return peering.Account(strconv.FormatInt(number, 10)) }

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
	{3, doomed, func(r *rand.Rand, c *connection) { // somebody accepts it or the requester gives up, before or after peerguard acts
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
	{4, spared, func(r *rand.Rand, c *connection) { // a guarded account is the requester: the other side decides
		c.Item.OwnerID, c.Item.AcceptingOwnerUID = c.Item.AcceptingOwnerUID, stranger(r)
	}},
	{1, unclear, func(_ *rand.Rand, c *connection) { c.Item.OwnerID = 0 }},
	{1, unclear, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingOwnerUID = c.Item.AcceptingOwnerUID, c.Item.AcceptingRegionID, 0
	}},
	{1, unclear, func(_ *rand.Rand, c *connection) { c.Item.Status = "Frozen" }},
	{3, spared, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.VPC.Ipv4Cidrs = narrow, []string{"10.9.0.0/16"}
	}},
	{2, doomed, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.VPC.Ipv4Cidrs = narrow, []string{"10.9.0.0/16", "192.168.0.0/16"}
	}},
	{8, spared, func(r *rand.Rand, c *connection) { c.Item.OwnerID = colleague(r.IntN(settled)) }},
	{4, doomed, func(r *rand.Rand, c *connection) { c.Item.OwnerID = colleague(settled + r.IntN(2*settled)) }},
	{8, moving, func(r *rand.Rand, c *connection) { c.Item.OwnerID = mover(r.IntN(movers)) }},

	// Facts that the API does not tell, and that the verdict hangs on ...
	{1, unclear, func(_ *rand.Rand, c *connection) { c.Item.OwnerID, c.Item.VPC.Ipv4Cidrs = narrow, nil }},
	{1, unclear, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingVPC.VpcID = picky, "", "vpc-good"
	}},
	{1, unclear, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingVPC.VpcID = picky, region(0), ""
	}},
	// ... or does not.
	{1, doomed, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.AcceptingVPC.VpcID = picky, region(1), ""
	}},
	{2, doomed, func(_ *rand.Rand, c *connection) {
		c.Item.RegionID, c.Item.VPC, c.Item.AcceptingVPC = "", simulator.VPC{}, simulator.VPC{}
	}},
	{1, spared, func(_ *rand.Rand, c *connection) {
		c.Item.OwnerID, c.Item.RegionID, c.Item.VPC, c.Item.AcceptingVPC = partner, "", simulator.VPC{}, simulator.VPC{}
	}},
}

// newConnection makes the n-th connection: a stranger's request to one of the guarded accounts, changed by its kind.
func newConnection(r *rand.Rand, n int) connection {
	c := connection{Item: pendingRequest(fmt.Sprintf("pcc-%06d", n), stranger(r))}
	c.Item.RegionID, c.Item.AcceptingRegionID = region(r.IntN(regions)), region(r.IntN(regions))
	c.Item.VPC = simulator.VPC{VpcID: "vpc-" + strconv.Itoa(r.IntN(1000)), Ipv4Cidrs: []string{fmt.Sprintf("10.%d.0.0/16", r.IntN(256))}}
	c.Item.AcceptingOwnerUID = guarded(r, 0)
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

// guarded returns one of the guarded accounts, but not the given one.
func guarded(r *rand.Rand, not int64) int64 {
	for {
		a := int64(ownNumber)
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
