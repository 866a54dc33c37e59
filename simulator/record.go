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
	Account     peering.Account // of the caller, if it was authenticated
	Region      string          // RegionId of the call
	InstanceID  string
	ClientToken string
	DryRun      bool
	RoleARN     string // of AssumeRole, like the next two
	Policy      string // the session policy
	ExternalID  string
	Fault       Kind   // the fault that applied, or ""
	Outcome     string // the API's error code, or the fault that hid the answer; "" if the call succeeded
	Effect      bool   // the call changed the state of a connection
}

// Stats are counters over all calls.
type Stats struct {
	Calls     int
	ByAction  map[string]int
	Effects   int // calls that changed a state
	Throttled int // calls that were refused as too many, by the quota or by a fault
	Faults    int // calls that a fault applied to

	MaxConcurrent           int // most calls in flight at any time
	MaxConcurrentPartition  int // the same, in one account and region
	MaxConcurrentConnection int // the same, about one connection
}

// Calls returns the finished calls in the order in which they ended. It returns nil if Record is set.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// UnknownActions returns each call of an action that does not exist, as "version action". A test should find none.
func (c *Cloud) UnknownActions() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.unknown)
}

// Stats returns the counters.
func (c *Cloud) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.ByAction = maps.Clone(s.ByAction)
	s.MaxConcurrent = c.running.calls.most
	s.MaxConcurrentPartition = c.running.partitions.most
	s.MaxConcurrentConnection = c.running.connections.most
	return s
}

// enter counts a call when it arrives.
func (c *Cloud) enter(cl *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stats.ByAction == nil {
		c.stats.ByAction = map[string]int{}
	}
	// The account that a caller claims to be is good enough to count calls and to select faults. The record holds the
	// account only if the caller proved it.
	cl.claimed = c.keys[cl.params.get("AccessKeyId")].Account
	c.stats.Calls++
	c.stats.ByAction[cl.Action]++
	c.running.add(cl, 1)
}

// leave counts and records a call when it ends.
func (c *Cloud) leave(cl *call, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running.add(cl, -1)
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

// concurrency counts the calls in flight: all of them, those of each partition, and those about each connection.
type concurrency struct {
	calls       gauge[struct{}]
	partitions  gauge[peering.Partition]
	connections gauge[string]
}

func (r *concurrency) add(cl *call, n int) {
	r.calls.add(struct{}{}, n)
	if cl.version == peerVersion {
		r.partitions.add(peering.Partition{Account: cl.claimed, Region: cl.Region}, n)
	}
	if id := cl.params.get("InstanceId"); id != "" { // not cl.InstanceID, which Create sets on the way
		r.connections.add(id, n)
	}
}

// gauge counts what is in flight for each key, and remembers the highest count of any key.
type gauge[K comparable] struct {
	now  map[K]int
	most int
}

func (g *gauge[K]) add(key K, n int) {
	if g.now == nil {
		g.now = map[K]int{}
	}
	g.now[key] += n
	g.most = max(g.most, g.now[key])
	if g.now[key] == 0 {
		delete(g.now, key)
	}
}
