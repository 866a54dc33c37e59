package simulator

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
)

// seen returns what a read shows of a connection, and whether it shows the connection at all. The lock is held.
func (cl *call) seen(n *conn, now time.Time) (Item, bool) {
	n.settle(now)
	f, existed := n.asOf(now.Add(-cl.stale))
	return f.shownTo(cl.Account), existed
}

// attribute is the answer of GetVpcPeerConnectionAttribute.
type attribute struct {
	RequestID string `json:"RequestId"`
	Item
}

func (c *Cloud) get(cl *call) answer {
	cl.wait(c.Latency)
	it, ok := c.look(cl)
	if !ok || !it.visible(cl.Account) {
		return notFound(cl.InstanceID).answer(cl)
	}
	return done(attribute{cl.RequestID, it})
}

func (c *Cloud) look(cl *call) (Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.conns[cl.InstanceID]
	if n == nil {
		return Item{}, false
	}
	return cl.seen(n, time.Now())
}

// page is the answer of ListVpcPeerConnections.
type page struct {
	RequestID       string `json:"RequestId"`
	TotalCount      int    `json:"TotalCount"`
	MaxResults      int    `json:"MaxResults"`
	NextToken       string `json:"NextToken"`
	VpcPeerConnects []Item `json:"VpcPeerConnects"`
}

// query is what a List asks for.
type query struct {
	partition peering.Partition
	max       int
	after     uint64 // sequence number of the last connection of the page before
	filters   []func(*Item) bool
}

func (c *Cloud) list(cl *call) answer {
	q := query{
		partition: peering.Partition{Account: cl.Account, Region: cl.Region},
		max:       cl.params.number("MaxResults", 20),
		filters:   filters(cl.params),
	}
	var err *apiError
	if q.after, err = afterToken(q.partition, cl.params.get("NextToken")); err != nil {
		return err.answer(cl)
	}
	cl.wait(c.Latency)
	cl.stale = max(cl.stale, c.ListLag)
	p := page{RequestID: cl.RequestID, MaxResults: q.max}
	c.mu.Lock()
	last, more := c.fill(cl, q, &p)
	c.mu.Unlock()
	if more {
		p.NextToken = c.nextToken(q.partition, last)
	}
	c.misplace(cl, q, &p, last)
	return done(p)
}

// paging says how the pages of a List go wrong.
type paging int

const (
	orderly     paging = iota
	circling           // a page names itself as the next page
	endless            // a page names a new next page, which is the first one
	overlapping        // a page begins with the last connection of the page before
	ending             // a page lacks its second half and a next page
	moving             // the TotalCount of the pages differs
)

// misplace makes a page go wrong if a fault says so.
func (c *Cloud) misplace(cl *call, q query, p *page, last uint64) {
	switch cl.paging {
	case orderly:
	case circling:
		p.NextToken = cmp.Or(cl.params.get("NextToken"), c.nextToken(q.partition, 0))
	case endless:
		p.NextToken = c.nextToken(q.partition, 0)
	case overlapping:
		if p.NextToken != "" && len(p.VpcPeerConnects) > 1 { // after a page of one there would be no progress
			p.NextToken = c.nextToken(q.partition, last-1)
		}
	case moving:
		if cl.params.get("NextToken") != "" {
			p.TotalCount++
		}
	case ending:
		p.NextToken, p.VpcPeerConnects = "", p.VpcPeerConnects[:len(p.VpcPeerConnects)/2]
	}
}

// fill fills a page. It returns the sequence number of its last connection, and whether more follow. The lock is held.
// A page begins after a sequence number, so a connection that comes, goes or changes between two pages shifts no other.
func (c *Cloud) fill(cl *call, q query, p *page) (last uint64, more bool) {
	p.VpcPeerConnects = []Item{}
	x := c.partitions[q.partition]
	if x == nil {
		return 0, false
	}
	now := time.Now()
	p.TotalCount = q.count(cl, x, now)
	for _, n := range x.items[x.position(q.after+1):] {
		it, ok := cl.seen(n, now)
		if !ok || !q.matches(&it) {
			continue
		}
		if len(p.VpcPeerConnects) == q.max {
			return last, true
		}
		p.VpcPeerConnects = append(p.VpcPeerConnects, it)
		last = n.sequence
	}
	return last, false
}

// count returns the TotalCount. Usually it looks at no connection, so the cost of a page is that of its items.
func (q query) count(cl *call, x *index, now time.Time) int {
	if len(q.filters) == 0 && cl.stale == 0 {
		return len(x.items) - x.gone
	}
	total := 0
	for _, n := range x.items {
		if it, ok := cl.seen(n, now); ok && q.matches(&it) {
			total++
		}
	}
	return total
}

func (q query) matches(it *Item) bool {
	return !slices.ContainsFunc(q.filters, func(f func(*Item) bool) bool { return !f(it) })
}

// filters returns the conditions of a List, all of which must hold. The API has none on the status.
func filters(ps params) (all []func(*Item) bool) {
	if v := ps.get("InstanceId"); v != "" {
		all = append(all, func(it *Item) bool { return it.InstanceID == v })
	}
	if v := ps.get("Name"); v != "" {
		all = append(all, func(it *Item) bool { return it.Name == v })
	}
	if v := ps.get("ResourceGroupId"); v != "" {
		all = append(all, func(it *Item) bool { return it.ResourceGroupID == v })
	}
	if v := ps.list("VpcId"); v != nil {
		all = append(all, func(it *Item) bool {
			return slices.Contains(v, it.VPC.VpcID) || slices.Contains(v, it.AcceptingVPC.VpcID)
		})
	}
	for _, tag := range ps.tags("Tags") {
		all = append(all, tag.on)
	}
	return all
}

// nextToken names the page that begins after a connection. It is valid in its own partition only, and is never repeated.
func (c *Cloud) nextToken(p peering.Partition, last uint64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s/%s/%d/%d", p.Account, p.Region, last, c.serial.Add(1)))
}

func afterToken(p peering.Partition, token string) (uint64, *apiError) {
	if token == "" {
		return 0, nil
	}
	text, _ := base64.RawURLEncoding.DecodeString(token) // a token that cannot be decoded fails the next test
	rest, ok := strings.CutPrefix(string(text), fmt.Sprintf("%s/%s/", p.Account, p.Region))
	last, _, _ := strings.Cut(rest, "/")
	after, err := strconv.ParseUint(last, 10, 64)
	if !ok || err != nil {
		return 0, invalid("NextToken")
	}
	return after, nil
}
