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

// seen is what a read shows of a connection, and whether it shows it at all. The lock is held.
func (cl *call) seen(n *conn, now time.Time) (Item, bool) {
	n.settle(now)
	if cl.stale > 0 {
		it, there := n.asOf(now.Add(-cl.stale))
		return shown(it), there
	}
	return shown(n.Item), !n.gone()
}

// attribute is the answer of GetVpcPeerConnectionAttribute.
type attribute struct {
	RequestID string `json:"RequestId"`
	Item
}

func (c *Cloud) get(cl *call) answer {
	if cl.InstanceID == "" {
		return missing("InstanceId").answer(cl)
	}
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

// listing is the answer of ListVpcPeerConnections.
type listing struct {
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
	q, err := c.parseQuery(cl)
	if err != nil {
		return err.answer(cl)
	}
	cl.wait(c.Latency)
	p := listing{RequestID: cl.RequestID, MaxResults: q.max}
	c.mu.Lock()
	last, more := c.scan(cl, q, &p)
	c.mu.Unlock()
	switch {
	case cl.circles:
		p.NextToken = cmp.Or(cl.params.get("NextToken"), c.nextToken(q.partition, 0))
	case cl.endless:
		p.NextToken = c.nextToken(q.partition, 0)
	case more:
		p.NextToken = c.nextToken(q.partition, last)
	}
	return done(p)
}

func (c *Cloud) parseQuery(cl *call) (q query, err *apiError) {
	region, err := c.region(cl)
	if err != nil {
		return q, err
	}
	q.partition = peering.Partition{Account: cl.Account, Region: region}
	if q.max, err = cl.params.number("MaxResults", 20, 1, 100, "InvalidParameter.MaxResults"); err != nil {
		return q, err
	}
	if q.after, err = afterToken(q.partition, cl.params.get("NextToken")); err != nil {
		return q, err
	}
	q.filters = filters(cl.params)
	return q, nil
}

// scan fills a page. It gives the sequence number of its last connection, and whether more follow. The lock is held.
// Positions are sequence numbers, so a connection that comes, goes or changes meanwhile shifts no other.
func (c *Cloud) scan(cl *call, q query, p *listing) (last uint64, more bool) {
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

// count is the TotalCount: without filters it looks at no connection, so that a page costs a page.
func (q query) count(cl *call, x *index, now time.Time) int {
	if len(q.filters) == 0 {
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

// filters are the conditions of a List, all of which must hold. There is none on the status: the API has none.
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
	for i := 1; ps.get(fmt.Sprintf("Tags.%d.Key", i)) != ""; i++ {
		tag := Tag{ps.get(fmt.Sprintf("Tags.%d.Key", i)), ps.get(fmt.Sprintf("Tags.%d.Value", i))}
		all = append(all, tag.on)
	}
	return all
}

// on reports whether the item has the tag; an empty value stands for any.
func (t Tag) on(it *Item) bool {
	return slices.ContainsFunc(it.Tags, func(have Tag) bool {
		return have.Key == t.Key && (t.Value == "" || have.Value == t.Value)
	})
}

// nextToken names the page after a connection. It is good in its own partition only, and never the same twice.
func (c *Cloud) nextToken(p peering.Partition, last uint64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s/%s/%d/%d", p.Account, p.Region, last, c.serial.Add(1)))
}

func afterToken(p peering.Partition, token string) (uint64, *apiError) {
	if token == "" {
		return 0, nil
	}
	text, _ := base64.RawURLEncoding.DecodeString(token) // what cannot be decoded has no prefix either
	rest, ok := strings.CutPrefix(string(text), fmt.Sprintf("%s/%s/", p.Account, p.Region))
	last, _, _ := strings.Cut(rest, "/")
	after, err := strconv.ParseUint(last, 10, 64)
	if !ok || err != nil {
		return 0, badRequest("InvalidParameter.NextToken", "The specified parameter NextToken is not valid.")
	}
	return after, nil
}
