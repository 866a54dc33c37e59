package simulator

import (
	"sync"
	"sync/atomic"
	"time"

	"peerguard/function/peering"
)

// Cloud is one simulated cloud: its accounts' keys and roles, its connections, and its misbehaviour.
// The zero value is ready, knows no key and no connection, and never fails on its own.
// It is safe for concurrent use; the exported fields are settings, to be set before the first call.
type Cloud struct {
	// Latency is how long each call takes between its arrival and its effect. 0: no time at all.
	// A caller that gives up meanwhile does not stop what it has asked for: the effect takes place at once.
	Latency time.Duration
	// ReadyAfter is how long a created connection stays Creating, an accepted one Updating and a deleted one
	// Deleting. 0: it never shows the intermediate state.
	ReadyAfter time.Duration
	// Quota is the limit of calls of each VpcPeer API, account and region. The zero value is no limit;
	// DocumentedQuota is the documented one.
	Quota Quota
	// Regions are the regions that exist. nil: every region that a caller names.
	Regions []string
	// ReplayErrors makes a client token repeat a refusal too, not only a success; no document says which.
	ReplayErrors bool
	// Before, if not nil, runs before each authenticated call does anything, outside any lock: it may change the
	// cloud, as the world does between two calls. Outcome and Effect are not known yet.
	Before func(Call)
	// Record, if not nil, is given each finished call, one at a time, instead of keeping it for Calls.
	// It must not call the Cloud.
	Record func(Call)

	serial atomic.Uint64 // numbers everything that needs an id

	mu         sync.Mutex
	keys       map[string]Key // by access key id
	roles      map[string]Role
	denied     map[permission]bool
	conns      map[string]*conn
	partitions map[peering.Partition]*index
	sequence   uint64 // of the connection that was put last
	tokens     map[tokenKey]*tokenUse
	nonces     nonces
	quotas     map[quotaKey]*window
	faults     []*armedFault
	calls      []Call
	unknown    []string
	stats      Stats
	running    map[any]int // by partition and by connection
}

// Put adds connections, or replaces those that have the same instance id.
//
// An item is taken as the API would show it at this moment: one that says Accepting is Accepting, and becomes Expired
// only when a GmtExpired that lies ahead passes. Empty times and an empty BizStatus get usual values.
// The lists in an item must not be changed afterwards, here and in what Item and Items give.
func (c *Cloud) Put(items ...Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for i := range items {
		c.put(newConn(items[i], now))
	}
}

func (c *Cloud) put(n *conn) {
	if c.conns == nil {
		c.conns = map[string]*conn{}
		c.partitions = map[peering.Partition]*index{}
	}
	if old := c.conns[n.InstanceID]; old != nil && old.sides() == n.sides() {
		n.sequence = old.sequence // it keeps its place in the lists
	} else {
		c.sequence++
		n.sequence = c.sequence
	}
	c.take(n.InstanceID)
	c.conns[n.InstanceID] = n
	n.in = c.indices(n.sides())
	for _, x := range n.in {
		x.insert(n)
	}
}

// take removes a connection from the lists. The lock is held.
func (c *Cloud) take(id string) {
	n := c.conns[id]
	if n == nil {
		return
	}
	delete(c.conns, id)
	for _, x := range n.in {
		x.remove(n)
	}
	n.in = nil
}

// indices gives the lists in which a connection belongs: that of each side, or the one that both sides share.
func (c *Cloud) indices(sides [2]peering.Partition) []*index {
	in := []*index{c.index(sides[0])}
	if sides[1] != sides[0] {
		in = append(in, c.index(sides[1]))
	}
	return in
}

func (c *Cloud) index(p peering.Partition) *index {
	if c.partitions[p] == nil {
		c.partitions[p] = &index{}
	}
	return c.partitions[p]
}

// Item gives the truth about a connection now, and whether there is such a connection.
func (c *Cloud) Item(id string) (Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.find(id, time.Now())
	if n == nil {
		return Item{}, false
	}
	return n.Item, true
}

// Items gives the truth about all connections now, in the order in which they were put.
func (c *Cloud) Items() []Item {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	var items []Item
	for _, n := range c.sorted() {
		if n.settle(now); !n.gone() {
			items = append(items, n.Item)
		}
	}
	return items
}

// SetStatus puts a connection into a state, now, whatever the rules say. An unknown id is ignored.
func (c *Cloud) SetStatus(id string, s peering.Status) { c.SetStatusAfter(id, 0, s) }

// SetStatusAfter lets a connection pass into a state when d has passed, and forgets earlier plans for it.
// An unknown id is ignored.
func (c *Cloud) SetStatusAfter(id string, d time.Duration, s peering.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if n := c.find(id, now); n != nil {
		n.planned = plan{at: now.Add(d), status: s}
		n.settle(now)
	}
}

// Remove takes a connection away, as if it had never been there. An unknown id is ignored.
func (c *Cloud) Remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.take(id)
}

// find gives the connection in its state at now, or nil.
func (c *Cloud) find(id string, now time.Time) *conn {
	n := c.conns[id]
	if n == nil {
		return nil
	}
	if n.settle(now); n.gone() {
		return nil
	}
	return n
}
