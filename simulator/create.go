package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"peerguard/function/peering"
)

// created is the answer of CreateVpcPeerConnection.
type created struct {
	RequestID  string `json:"RequestId"`
	InstanceID string `json:"InstanceId"`
}

// create takes a request for a new connection. That a VPC exists and whose it is, the simulator does not know.
func (c *Cloud) create(cl *call) answer {
	it, err := c.wanted(cl)
	if err != nil {
		return err.answer(cl)
	}
	c.mu.Lock()
	early := c.claim(cl)
	c.mu.Unlock()
	if early != nil {
		return *early
	}
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.add(cl, it)
	c.settleToken(cl, a)
	return a
}

// add puts the new connection, unless there is one between the same VPCs. The lock is held.
func (c *Cloud) add(cl *call, it Item) answer {
	now := time.Now()
	if c.joined(it, now) {
		return badRequest("ResourceAlreadyExist.VpcPeer", "The VpcPeer between the VPCs already exists.").answer(cl)
	}
	if cl.DryRun {
		return dryRunPassed().answer(cl)
	}
	cl.InstanceID = it.InstanceID
	if !cl.lost {
		n := newConn(it, now)
		n.pass(peering.Creating, n.firstStatus(), now, c.ReadyAfter)
		c.put(n)
		cl.Effect = true
	}
	return done(created{cl.RequestID, it.InstanceID})
}

// firstStatus is where a connection stands when it has been created: within an account nobody has to accept it.
func (n *conn) firstStatus() peering.Status {
	if n.OwnerID == n.AcceptingOwnerUID {
		return peering.Activated
	}
	return peering.Accepting
}

// joined reports whether a connection that is not closed joins the same two VPCs.
func (c *Cloud) joined(it Item, now time.Time) bool {
	x := c.partitions[it.sides()[0]]
	return x != nil && slices.ContainsFunc(x.items, func(n *conn) bool {
		n.settle(now)
		return !n.gone() && !n.Status.Closed() && n.VPC.VpcID == it.VPC.VpcID && n.AcceptingVPC.VpcID == it.AcceptingVPC.VpcID
	})
}

// wanted reads the parameters of a Create.
func (c *Cloud) wanted(cl *call) (Item, *apiError) {
	region, err := c.region(cl)
	if err != nil {
		return Item{}, err
	}
	if err := cl.params.boolean("DryRun"); err != nil {
		return Item{}, err
	}
	for _, name := range []string{"VpcId", "AcceptingVpcId", "AcceptingRegionId"} {
		if cl.params.get(name) == "" {
			return Item{}, missing(name)
		}
	}
	owner := cmp.Or(cl.params.get("AcceptingAliUid"), string(cl.Account))
	accepter, bad := strconv.ParseInt(owner, 10, 64)
	requester, worse := strconv.ParseInt(string(cl.Account), 10, 64)
	if bad != nil || worse != nil {
		return Item{}, badRequest("InvalidParameter.AcceptingAliUid", "The specified parameter AcceptingAliUid is not valid.")
	}
	return Item{
		InstanceID:        fmt.Sprintf("pcc-sim%013x", scramble(c.serial.Add(1))>>12),
		Status:            peering.Creating,
		OwnerID:           requester,
		AcceptingOwnerUID: accepter,
		RegionID:          region,
		AcceptingRegionID: cl.params.get("AcceptingRegionId"),
		Bandwidth:         1024,
		Name:              cl.params.get("Name"),
		Description:       cl.params.get("Description"),
		ResourceGroupID:   cl.params.get("ResourceGroupId"),
		VPC:               VPC{VpcID: cl.params.get("VpcId")},
		AcceptingVPC:      VPC{VpcID: cl.params.get("AcceptingVpcId")},
	}, nil
}
