package simulator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"peerguard/function/peering"
)

// Cloud is one simulated cloud: its keys and roles, its connections, and its faults.
// The zero value is ready to use. It has no keys and no connections, and never fails on its own.
// A Cloud is safe for concurrent use. Its exported fields are settings: set them before the first call.
type Cloud struct {
	// Latency is the time between the arrival of a call and its effect. The default is none.
	// A caller that gives up does not stop its call; the effect then takes place at once.
	Latency time.Duration
	// ReadyAfter is how long a created connection stays Creating, an accepted one Updating and a deleted one
	// Deleting. The default is 0: the intermediate state never shows.
	ReadyAfter time.Duration
	// ListLag is how old the connections are that a List shows. The default is 0: a List shows what is true now.
	ListLag time.Duration
	// MaxConnections is how many connections an account can have as their requester in a region before Create refuses another
	// one. Pending and rejected requests count. The default is 0: no limit; the documented one is 20.
	MaxConnections int
	// Quota limits the calls of each VpcPeer API, account and region. The default is no limit;
	// see DocumentedQuota for the documented one. With a limit, the documented quotas of the directory hold as well.
	Quota Quota
	// Regions are the regions that exist. If nil, every well-formed region id exists, and DescribeRegions shows those of
	// the connections and cn-hangzhou.
	Regions []string
	// ReplayErrors makes a client token repeat refusals as well as successes. No document says which is right.
	ReplayErrors bool
	// Before, if not nil, is called for each authenticated call before the call does anything. No lock is held, so it may
	// change the cloud, as the world changes between two calls. Outcome and Effect of the Call are not known yet.
	Before func(Call)
	// Record, if not nil, receives each finished call, one at a time; Calls then stays empty.
	// It must not call the Cloud.
	Record func(Call)

	serial atomic.Uint64 // numbers everything that needs an id

	mu         sync.Mutex
	keys       map[string]Key // by access key id
	roles      map[string]Role
	denied     map[permission]bool
	conns      map[string]*conn // by instance id
	partitions map[peering.Partition]*index
	directory  *Directory
	sequence   uint64 // of the last connection that was put
	tokens     map[tokenKey]*tokenUse
	nonces     nonces
	quotas     map[quotaKey]*window
	faults     []*armedFault
	calls      []Call
	unknown    []string
	stats      Stats
	running    concurrency
}

// Put adds connections. An item with the instance id of an existing connection replaces it.
//
// An item is what the API would show at this moment. One that is Accepting stays so until its GmtExpired, if that is in
// the future. Empty times and an empty BizStatus get defaults.
// The caller must not change the lists in an item afterwards, nor those in a result of Item and Items.
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
		n.sequence = old.sequence // keeps its place in the lists
	} else {
		c.sequence++
		n.sequence = c.sequence
	}
	c.remove(n.InstanceID)
	c.conns[n.InstanceID] = n
	n.in = c.indexes(n.sides())
	for _, x := range n.in {
		x.insert(n)
	}
}

// remove deletes a connection and its entries in the lists. The lock is held.
func (c *Cloud) remove(id string) {
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

// indexes returns the lists that hold a connection: for each side that of its partition, and that of all regions of its
// account, which has an empty region.
func (c *Cloud) indexes(sides [2]peering.Partition) []*index {
	var in []*index
	for _, side := range sides {
		for _, p := range []peering.Partition{side, {Account: side.Account}} {
			if x := c.index(p); !slices.Contains(in, x) {
				in = append(in, x)
			}
		}
	}
	return in
}

func (c *Cloud) index(p peering.Partition) *index {
	if c.partitions[p] == nil {
		c.partitions[p] = &index{}
	}
	return c.partitions[p]
}

// Item returns a connection as it is now, and whether it exists.
func (c *Cloud) Item(id string) (Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.find(id, time.Now())
	if n == nil {
		return Item{}, false
	}
	return n.Item, true
}

// Items returns all connections as they are now, in the order in which they were put.
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

// SetStatus changes the state of a connection now, without regard to the rules. It ignores an unknown id.
func (c *Cloud) SetStatus(id string, s peering.Status) { c.SetStatusAfter(id, 0, s) }

// SetStatusAfter changes the state of a connection after d, and cancels earlier plans for it. It ignores an unknown id.
func (c *Cloud) SetStatusAfter(id string, d time.Duration, s peering.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if n := c.find(id, now); n != nil {
		n.planned = passage{at: now.Add(d), status: s}
		n.settle(now)
	}
}

// Remove deletes a connection as if it had never existed. It ignores an unknown id.
func (c *Cloud) Remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.remove(id)
}

// find returns the connection in its state at now, or nil.
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

// newRequestID returns an id in the API's form that is never repeated.
func (c *Cloud) newRequestID() string {
	n := c.serial.Add(1)
	a, b := scramble(n), scramble(^n)
	return strings.ToUpper(fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1)))
}

// scramble is the finalizer of SplitMix64: it maps one to one, and its results look random.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
