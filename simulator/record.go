package simulator

import (
	"maps"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Call is the record of one call.
type Call struct {
	Time        time.Time // of its arrival
	RequestID   string
	Action      string
	Account     peering.Account // of the caller, where it proved who it is
	Region      string          // the RegionId that it carried
	InstanceID  string
	ClientToken string
	DryRun      bool
	Fault       Kind   // the fault that was due, if any
	Outcome     string // the API's error code, or the fault that hid the answer; "" when the call succeeded
	Effect      bool   // this call changed the state of a connection
}

// Stats are counters over all calls.
type Stats struct {
	Calls     int
	ByAction  map[string]int
	Effects   int // calls that changed a state
	Throttled int // calls that were refused as too many, by quota or fault
	Faults    int // calls that a fault befell

	MaxConcurrent           int // most calls in flight at any time
	MaxConcurrentPartition  int // the same, in one account and region
	MaxConcurrentConnection int // the same, about one connection
}

// Calls gives the finished calls in the order in which they ended; nothing while Record is set.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// UnknownActions gives each call of something that does not exist, as "version action". A test should find none.
func (c *Cloud) UnknownActions() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.unknown)
}

// Stats gives the counters now.
func (c *Cloud) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.ByAction = maps.Clone(s.ByAction)
	return s
}

// enter counts a call in.
func (c *Cloud) enter(cl *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running, c.stats.ByAction = map[any]int{}, map[string]int{}
	}
	// Who a caller says it is serves for counting and for choosing faults; the record holds only who it proved to be.
	cl.claimed = c.keys[cl.params.get("AccessKeyId")].Account
	c.stats.Calls++
	c.stats.ByAction[cl.Action]++
	for k, most := range c.lanes(cl) {
		c.running[k]++
		*most = max(*most, c.running[k])
	}
}

// leave counts a call out and records it.
func (c *Cloud) leave(cl *call, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.lanes(cl) {
		if c.running[k]--; c.running[k] == 0 {
			delete(c.running, k)
		}
	}
	cl.Outcome = a.code
	c.count(cl, a)
	if c.Record != nil {
		c.Record(cl.Call)
		return
	}
	c.calls = append(c.calls, cl.Call)
}

func (c *Cloud) count(cl *call, a answer) {
	if cl.Effect {
		c.stats.Effects++
	}
	if strings.HasPrefix(a.code, "Throttling") {
		c.stats.Throttled++
	}
	if cl.Fault != "" {
		c.stats.Faults++
	}
}

type everything struct{}

// lanes are what a call runs beside others on, each with the counter of its maximum.
func (c *Cloud) lanes(cl *call) map[any]*int {
	lanes := map[any]*int{everything{}: &c.stats.MaxConcurrent}
	if cl.version == peerVersion {
		lanes[peering.Partition{Account: cl.claimed, Region: cl.Region}] = &c.stats.MaxConcurrentPartition
	}
	if cl.InstanceID != "" {
		lanes[cl.InstanceID] = &c.stats.MaxConcurrentConnection
	}
	return lanes
}
