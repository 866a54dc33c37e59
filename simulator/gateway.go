package simulator

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"peerguard/function/peering"
)

// call is one call on its way through the gateway.
type call struct {
	Call
	gone    <-chan struct{} // closed when the caller gives up
	message message
	version string
	product *product // the product with that version; never nil
	params  params
	claimed peering.Account // whose key it names, proved or not
	key     Key
	quota   Quota
	lost    bool          // acknowledge it, but do not carry it out
	stale   time.Duration // show what was true that long ago
	paging  paging        // how a List goes wrong
}

// exchange handles one message from its arrival to its record.
func (c *Cloud) exchange(ctx context.Context, m message) answer {
	if len(m.query) > maxQuery {
		return htmlPage(http.StatusRequestURITooLong)
	}
	ps, err := m.params()
	cl := &call{gone: ctx.Done(), message: m, params: ps, version: ps.get("Version"), quota: c.Quota}
	cl.product = cmp.Or(products[cl.version], unknownProduct)
	cl.Call = Call{
		Time: time.Now(), RequestID: c.newRequestID(), Action: ps.get("Action"), Region: ps.get("RegionId"),
		InstanceID: cmp.Or(ps.get("InstanceId"), ps.get("ResourceId"), ps.get("ResourceId.1")), ClientToken: ps.get("ClientToken"), DryRun: ps.get("DryRun") == "true",
	}
	c.enter(cl)
	var a answer
	if err != nil {
		a = badRequest("InvalidParameter", "The request is not well formed.").answer(cl)
	} else {
		a = c.respond(cl)
	}
	c.leave(cl, a)
	return a
}

// respond answers a call. A fault that is due answers in place of the API, or spoils the API's answer.
func (c *Cloud) respond(cl *call) answer {
	f, spoil := c.due(cl)
	if spoil != nil && f.severs() && !f.Applied {
		return spoil(f, cl, answer{})
	}
	if err := c.authenticate(cl); err != nil {
		return err.answer(cl)
	}
	if spoil != nil && !f.Applied {
		cl.wait(c.Latency)
		return spoil(f, cl, answer{})
	}
	a := c.perform(cl)
	if spoil != nil {
		a = spoil(f, cl, a)
	}
	return a
}

// perform carries out an authenticated call.
func (c *Cloud) perform(cl *call) answer {
	act, err := c.route(cl)
	if err != nil {
		return err.answer(cl)
	}
	if c.Before != nil {
		c.Before(cl.Call)
	}
	if err := c.permit(cl, act); err != nil {
		return err.answer(cl)
	}
	if err := c.check(cl, act); err != nil {
		return err.answer(cl)
	}
	return act.do(c, cl)
}

// route finds the action that a call names, and records a call of one that does not exist.
func (c *Cloud) route(cl *call) (action, *apiError) {
	act, exists := cl.product.actions[cl.Action]
	if exists {
		return act, nil
	}
	c.mu.Lock()
	c.unknown = append(c.unknown, cl.version+" "+cl.Action)
	c.mu.Unlock()
	if cl.product == unknownProduct {
		return act, badRequest("InvalidVersion", "Specified parameter Version is not valid.")
	}
	return act, actionNotFound()
}

// permit refuses a call that the caller may not make, or may not make now.
func (c *Cloud) permit(cl *call, act action) *apiError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.denied[permission{cl.Account, cl.Action}] || c.denied[permission{cl.Account, "*"}] {
		return cl.forbidden(identityPolicy)
	}
	if !act.open && !cl.key.policy.allows(cl.ramAction()) {
		return cl.forbidden("SessionPolicy")
	}
	return c.throttle(cl, act)
}

// check refuses a call whose parameters are not what the action needs.
func (c *Cloud) check(cl *call, act action) *apiError {
	for _, check := range act.params {
		if err := check(c, cl.params); err != nil {
			return err
		}
	}
	return nil
}

// ramAction returns the call's action as RAM policies write it.
func (cl *call) ramAction() string { return cl.product.ram + ":" + cl.Action }

// wait returns after d, or when the caller gives up.
func (cl *call) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-cl.gone:
	}
}
