package vpcpeer

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"math"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

const (
	pageSize = 100   // the most that ListVpcPeerConnections returns at once
	maxPages = 1_000 // a listing that is longer is taken for one that never ends
)

// List returns a function that reads the connections that an account sees in a region, as requester or as accepter. Each
// call returns the next page, oldest first, and io.EOF after the last one. A connection that the API lists twice is
// returned once, and a page may be empty.
//
// A call that failed can be repeated, with another context too, and goes on where the list was. A list that ends with
// fewer connections than the API counted is read again once, and then is a Failure with code IncompleteList. The function
// is not safe for concurrent use.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-listvpcpeerconnections
func (c *Client) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	l := &listing{client: c, in: in, total: math.MaxInt, ids: newSet(), tokens: newSet()}
	return l.next
}

// listing is where the reading of a list has got to.
type listing struct {
	client *Client
	in     peering.Partition
	token  string // of the next page; "" is the first
	tokens set    // of the pages before, in this reading
	again  bool   // this is the second reading
	ids    set    // of the connections that were returned
	shown  int    // how many connections were returned, those without an id included
	total  int    // the smallest TotalCount that the API told
	end    error  // why there is no next page: io.EOF, or a Failure
}

func (l *listing) next(ctx context.Context) ([]peering.Connection, error) {
	if l.end != nil {
		return nil, l.end
	}
	answer, err := l.client.page(ctx, l.in, l.token)
	if err != nil {
		return nil, err
	}
	page := l.fresh(answer.connections())
	if total, told := answer.total(); told {
		l.total = min(l.total, total)
	}
	l.turn(string(answer.NextToken))
	return page, nil
}

// fresh returns those of a page's connections that were not returned before.
func (l *listing) fresh(page []peering.Connection) []peering.Connection {
	kept := page[:0]
	for _, c := range page {
		if c.ID == "" || l.ids.add(c.ID) { // one without an id is never taken for another one
			kept = append(kept, c)
		}
	}
	l.shown += len(kept)
	return kept
}

// turn moves on to the next page, or ends the listing.
func (l *listing) turn(token string) {
	switch {
	case token != "" && (!l.tokens.add(token) || len(l.tokens.sums) > maxPages):
		l.end = acs.NoConfirmation("the list of connections does not end: its NextToken repeats, or there is always another")
	case token != "":
		l.token = token
	case l.shown >= l.total || l.total == math.MaxInt:
		l.end = io.EOF
	case !l.again:
		l.again, l.token, l.tokens = true, "", newSet()
	default:
		l.end = &peering.Failure{Code: codeIncompleteList, Message: fmt.Sprintf("the API counts %d connections and lists %d", l.total, l.shown), Retryable: true}
	}
}

// set holds texts as 64-bit sums, in a few bytes each. The seed is random, so nobody can choose two texts with one sum,
// and a hundred thousand texts have two by accident in one of a billion listings.
type set struct {
	seed maphash.Seed
	sums map[uint64]struct{}
}

func newSet() set { return set{maphash.MakeSeed(), map[uint64]struct{}{}} }

// add reports whether the text is new.
func (s *set) add(text string) bool {
	sum, before := maphash.String(s.seed, text), len(s.sums)
	s.sums[sum] = struct{}{}
	return len(s.sums) > before
}
