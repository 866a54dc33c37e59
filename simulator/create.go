package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"peerguard/function/peering"
)

// createAnswer is the answer of CreateVpcPeerConnection.
type createAnswer struct {
	RequestID  string `json:"RequestId"`
	InstanceID string `json:"InstanceId"`
}

// create makes a connection. The simulator does not know which VPCs exist or who owns them.
func (c *Cloud) create(cl *call) answer {
	it := c.requested(cl)
	return c.once(cl, func() answer { return c.add(cl, it) })
}

// add puts the new connection, unless the account has too many, or there is one between the same VPCs. The lock is held.
func (c *Cloud) add(cl *call, it Item) answer {
	now := time.Now()
	if c.MaxConnections > 0 && c.requests(it.sides()[0], now) >= c.MaxConnections {
		return badRequest("QuotaExceeded.VpcPeerCountPerUserPerRegion", "The maximum number of VPC peering connections in the region is exceeded.").answer(cl)
	}
	if c.connected(it, now) {
		return badRequest("ResourceAlreadyExist.VpcPeer", "The VpcPeer between the VPCs already exists.").answer(cl)
	}
	if cl.DryRun {
		return dryRunPassed().answer(cl)
	}
	cl.InstanceID = it.InstanceID
	if !cl.lost {
		n := newConn(it, now)
		n.acceptingGroup = "" // the accepter has not chosen one
		n.pass(peering.Creating, n.firstStatus(), now, c.ReadyAfter)
		c.put(n)
		cl.Effect = true
	}
	return done(createAnswer{cl.RequestID, it.InstanceID})
}

// firstStatus returns the state of a connection after it was created. Within one account nobody needs to accept it.
func (n *conn) firstStatus() peering.Status {
	if n.OwnerID == n.AcceptingOwnerUID {
		return peering.Activated
	}
	return peering.Accepting
}

// requests returns how many connections an account has requested in a region, whatever became of them.
func (c *Cloud) requests(from peering.Partition, now time.Time) (total int) {
	x := c.partitions[from]
	if x == nil {
		return 0
	}
	for _, n := range x.items {
		if n.settle(now); !n.gone() && n.sides()[0] == from {
			total++
		}
	}
	return total
}

// connected reports whether a connection that is not closed joins the same two VPCs.
func (c *Cloud) connected(it Item, now time.Time) bool {
	x := c.partitions[it.sides()[0]]
	return x != nil && slices.ContainsFunc(x.items, func(n *conn) bool {
		n.settle(now)
		return !n.gone() && !n.Status.Closed() && n.VPC.VpcID == it.VPC.VpcID && n.AcceptingVPC.VpcID == it.AcceptingVPC.VpcID
	})
}

// requested returns the connection that a Create asks for.
func (c *Cloud) requested(cl *call) Item {
	it := Item{
		InstanceID:        fmt.Sprintf("pcc-sim%013x", scramble(c.serial.Add(1))>>12),
		Status:            peering.Creating,
		OwnerID:           uid(cl.Account),
		AcceptingOwnerUID: uid(cl.Account),
		RegionID:          cl.Region,
		AcceptingRegionID: cl.params.get("AcceptingRegionId"),
		Bandwidth:         cl.params.number("Bandwidth", unlimited),
		Name:              cl.params.get("Name"),
		Description:       cl.params.get("Description"),
		ResourceGroupID:   cl.params.get("ResourceGroupId"),
		VPC:               VPC{VpcID: cl.params.get("VpcId")},
		AcceptingVPC:      VPC{VpcID: cl.params.get("AcceptingVpcId")},
		Tags:              cl.params.tags("Tag"),
	}
	if other := uid(peering.Account(cl.params.get("AcceptingAliUid"))); other != 0 {
		it.AcceptingOwnerUID = other
	}
	if it.RegionID != it.AcceptingRegionID {
		it.Bandwidth = cl.params.number("Bandwidth", betweenRegions)
		it.LinkType = cmp.Or(cl.params.get("LinkType"), "Gold")
	}
	return it
}

// The bandwidths of connections that were created without one, in Mbit/s.
const (
	unlimited      = -1 // within a region
	betweenRegions = 1024
)
