package simulator

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

// The versions by which calls are told apart.
const (
	peerVersion = "2022-01-01"
	stsVersion  = "2015-04-01"
)

// call is one call on its way through the gateway.
type call struct {
	Call
	gone    <-chan struct{} // closed when the caller gives up
	message message
	version string
	params  params
	claimed peering.Account // whose key it names, proved or not
	key     Key
	quota   Quota
	lost    bool          // acknowledge, but do not do it
	stale   time.Duration // show what was true that long ago
	circles bool          // name a page as its own next one
	endless bool          // name a new next page, and start again
}

func (cl *call) host() string {
	if cl.version == stsVersion {
		return stsHost
	}
	return peerHost
}

func (cl *call) limit() int { return cmp.Or(cl.quota.Calls, DocumentedQuota.Calls) }

// answer is what goes back to the caller, and how.
type answer struct {
	status      int
	code        string // for the record: "" is success
	body        []byte
	contentType string // "": JSON
	ratelimit   string // X-Ratelimit-User-Api
	location    string
	cut         cut
	pace        time.Duration // the body takes that long
}

// cut says how an exchange ends before its time.
type cut int

const (
	whole   cut = iota
	refused     // nobody listens
	reset       // the connection breaks without an answer
	hang        // no answer ever
	short       // the body ends before its announced length
)

// message is a request without the transport that carried it.
type message struct {
	method string
	path   string
	host   string
	query  string
	header http.Header
	body   []byte
}

// exchange handles one message from its arrival to its record.
func (c *Cloud) exchange(ctx context.Context, m message) answer {
	ps, err := m.params()
	cl := &call{gone: ctx.Done(), message: m, params: ps, version: ps.get("Version"), quota: c.Quota}
	cl.Call = Call{
		Time: time.Now(), RequestID: c.newRequestID(), Action: ps.get("Action"), Region: ps.get("RegionId"),
		InstanceID: ps.get("InstanceId"), ClientToken: ps.get("ClientToken"), DryRun: ps.get("DryRun") == "true",
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

// respond lets a fault, where one is due, answer in place of the API, or spoil what the API answers.
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

// operation carries out one action of the API.
type operation struct {
	do      func(*Cloud, *call) answer
	denial  string // code of a missing permission
	metered bool   // the VpcPeer quota applies
}

// operations are the actions that exist, by version and name.
var operations = map[string]map[string]operation{
	peerVersion: {
		"GetVpcPeerConnectionAttribute": {(*Cloud).get, "Forbidden.RAM", true},
		"ListVpcPeerConnections":        {(*Cloud).list, "Forbidden.RAM", true},
		"RejectVpcPeerConnection":       {(*Cloud).reject, "Forbidden.RAM", true},
		"AcceptVpcPeerConnection":       {(*Cloud).accept, "Forbidden.RAM", true},
		"DeleteVpcPeerConnection":       {(*Cloud).delete, "Forbidden.RAM", true},
		"CreateVpcPeerConnection":       {(*Cloud).create, "Forbidden.RAM", true},
	},
	stsVersion: {
		"AssumeRole":        {(*Cloud).assumeRole, "NoPermission", false},
		"GetCallerIdentity": {(*Cloud).callerIdentity, "NoPermission", false},
	},
}

// perform does what an authenticated call asks for.
func (c *Cloud) perform(cl *call) answer {
	op, err := c.lookup(cl)
	if err != nil {
		return err.answer(cl)
	}
	if c.Before != nil {
		c.Before(cl.Call)
	}
	if c.lacks(cl) {
		return forbidden(op.denial, cl.ramAction(), cl.key).answer(cl)
	}
	if op.metered {
		if err := c.throttle(cl); err != nil {
			return err.answer(cl)
		}
	}
	return op.do(c, cl)
}

// lookup finds the operation, and remembers loudly what does not exist.
func (c *Cloud) lookup(cl *call) (operation, *apiError) {
	actions, known := operations[cl.version]
	op, exists := actions[cl.Action]
	if exists {
		return op, nil
	}
	c.mu.Lock()
	c.unknown = append(c.unknown, cl.version+" "+cl.Action)
	c.mu.Unlock()
	if !known {
		return op, badRequest("InvalidVersion", "Specified parameter Version is not valid.")
	}
	return op, &apiError{status: http.StatusNotFound, code: "InvalidApi.NotFound", message: "Specified api is not found, please check your url and method."}
}

func (c *Cloud) lacks(cl *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.denied[permission{cl.Account, cl.Action}] || c.denied[permission{cl.Account, "*"}]
}

func (cl *call) ramAction() string {
	if cl.version == stsVersion {
		return "sts:" + cl.Action
	}
	return "vpc:" + cl.Action
}

// region is the region of the caller that a call is about.
func (c *Cloud) region(cl *call) (string, *apiError) {
	switch {
	case cl.Region == "":
		return "", missing("RegionId")
	case !peering.ValidRegion(cl.Region), c.Regions != nil && !slices.Contains(c.Regions, cl.Region):
		return "", badRequest("UnsupportedRegion", "The feature of VpcPeer is not supported in the region of %s.", cl.Region)
	}
	return cl.Region, nil
}

// wait lets time pass, or the caller give up.
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

// newRequestID gives an id of the form that the API uses, never the same twice.
func (c *Cloud) newRequestID() string {
	n := c.serial.Add(1)
	a, b := scramble(n), scramble(^n)
	return strings.ToUpper(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1)))
}

// scramble is the finalizer of SplitMix64: one to one, and looks random.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
