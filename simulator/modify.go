package simulator

import (
	"cmp"
	"regexp"
	"time"

	"peerguard/function/peering"
)

var linkTypes = regexp.MustCompile(`^(Gold|Platinum)$`)

// modify changes what a call names, and nothing else. Either side may do so.
func (c *Cloud) modify(cl *call) answer {
	return c.mutate(cl, mutation{modifiable(cl.params), func(n *conn, now time.Time) {
		n.change(now, func(f *facts) {
			f.Name = cmp.Or(cl.params.get("Name"), f.Name)
			f.Description = cmp.Or(cl.params.get("Description"), f.Description)
			f.LinkType = cmp.Or(cl.params.get("LinkType"), f.LinkType)
			f.Bandwidth = cl.params.number("Bandwidth", f.Bandwidth)
			f.GmtModified = stamp(now)
		})
		n.pass(peering.Updating, peering.Activated, now, c.ReadyAfter)
	}})
}

// modifiable refuses a connection that is not active, and within a region another bandwidth and any link type.
func modifiable(ps params) func(*conn) *apiError {
	return func(n *conn) *apiError {
		intra := n.RegionID == n.AcceptingRegionID
		switch {
		case n.ManagedService != "":
			return managed(n)
		case n.Status != peering.Activated:
			return wrongStatus(n)
		case intra && ps.number("Bandwidth", n.Bandwidth) != n.Bandwidth:
			return badRequest("OperationFailed.BandwidthCannotBeChangedInSameRegion", "The operation failed because the bandwidth cannot be changed in the same region.")
		case intra && ps.get("LinkType") != "":
			return noLinkType()
		}
		return nil
	}
}

// linkBetweenRegions refuses to create a connection with a link type within a region.
func linkBetweenRegions(_ *Cloud, ps params) *apiError {
	if ps.get("LinkType") != "" && ps.get("RegionId") == ps.get("AcceptingRegionId") {
		return noLinkType()
	}
	return nil
}

func noLinkType() *apiError {
	return badRequest("OperationFailed.InterRegionLinkTypeNotSupported", "The same region not supported link type feature.")
}

// move changes the resource group of a connection, for the caller's side alone.
func (c *Cloud) move(cl *call) answer {
	return c.once(cl, func() answer {
		now := time.Now()
		n := c.find(cl.InstanceID, now)
		if n == nil || !n.visible(cl.Account) {
			return badRequest("ResourceNotFound.VpcPeer", "The specified resource of VpcPeer is not found.").answer(cl)
		}
		if !cl.lost {
			n.change(now, func(f *facts) { f.setGroup(cl.Account, cl.params.get("NewResourceGroupId")) })
			cl.Effect = true
		}
		return done(succeeded{cl.RequestID, true})
	})
}

// succeeded is the answer of an action on resources of any product.
type succeeded struct {
	RequestID string `json:"RequestId"`
	Success   bool   `json:"Success"`
}
