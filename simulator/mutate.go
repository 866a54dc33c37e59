package simulator

import (
	"time"

	"peerguard/function/peering"
)

// mutation is a change of one connection.
type mutation struct {
	check func(n *conn) *apiError      // returns why the change is refused, or nil
	apply func(n *conn, now time.Time) // makes the change
}

func (c *Cloud) reject(cl *call) answer {
	return c.mutate(cl, mutation{accepterOnly(cl), func(n *conn, now time.Time) {
		n.become(peering.Rejected, now)
	}})
}

func (c *Cloud) accept(cl *call) answer {
	return c.mutate(cl, mutation{accepterOnly(cl), func(n *conn, now time.Time) {
		if group := cl.params.get("ResourceGroupId"); group != "" {
			n.setGroup(cl.Account, group)
		}
		n.pass(peering.Updating, peering.Activated, now, c.ReadyAfter)
	}})
}

func (c *Cloud) delete(cl *call) answer {
	return c.mutate(cl, mutation{deletable, func(n *conn, now time.Time) {
		n.pass(peering.Deleting, removed, now, c.ReadyAfter)
	}})
}

// accepterOnly refuses everyone but the accepter, and the accepter unless the request is pending.
func accepterOnly(cl *call) func(*conn) *apiError {
	return func(n *conn) *apiError {
		if n.Accepter() != cl.Account {
			return notFound(cl.InstanceID)
		}
		if !n.Status.Pending() {
			return wrongStatus(n)
		}
		return nil
	}
}

func deletable(n *conn) *apiError {
	switch {
	case n.ManagedService != "":
		return managed(n)
	case n.Status == peering.Creating, n.Status == peering.Updating, n.Status == peering.Deleting:
		return wrongStatus(n)
	}
	return nil
}

// mutate changes the connection that the call names: at most one change at a time for each connection, and one for each
// client token.
func (c *Cloud) mutate(cl *call, m mutation) answer {
	if early := c.begin(cl, m); early != nil {
		return *early
	}
	cl.wait(c.Latency)
	return c.finish(cl, m)
}

// begin checks the call when it arrives. It returns the answer, or marks the connection as busy and returns nil.
func (c *Cloud) begin(cl *call, m mutation) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if early := c.claim(cl); early != nil {
		return early
	}
	n, err := c.changeable(cl, m)
	if err != nil {
		a := err.answer(cl)
		c.settleToken(cl, a)
		return &a
	}
	n.busy = true
	return nil
}

// changeable returns the connection of a call if it can be changed now.
func (c *Cloud) changeable(cl *call, m mutation) (*conn, *apiError) {
	n, err := c.checked(cl, m, time.Now())
	if err != nil {
		return nil, err
	}
	if cl.DryRun {
		return nil, dryRunPassed()
	}
	if n.busy {
		return nil, operationConflict()
	}
	return n, nil
}

// checked returns the connection of a call, and why its state does not allow the change.
func (c *Cloud) checked(cl *call, m mutation, now time.Time) (*conn, *apiError) {
	n := c.find(cl.InstanceID, now)
	if n == nil || !n.visible(cl.Account) {
		return nil, notFound(cl.InstanceID)
	}
	return n, m.check(n)
}

// requestOnly is the answer of an action that returns nothing.
type requestOnly struct {
	RequestID string `json:"RequestId"`
}

// finish makes the change, unless the connection no longer allows it.
func (c *Cloud) finish(cl *call, m mutation) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	n, err := c.checked(cl, m, now)
	if n != nil {
		n.busy = false
	}
	a := done(requestOnly{cl.RequestID})
	switch {
	case err != nil:
		a = err.answer(cl)
	case !cl.lost:
		m.apply(n, now)
		cl.Effect = true
	}
	c.settleToken(cl, a)
	return a
}
