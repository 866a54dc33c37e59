package guard

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

// capped keeps the requests that a sweep would reject, if the policy caps them, until all partitions are listed. Then all
// are rejected or none: the platform repeats a failed sweep, so rejecting up to the cap would reject all of them in the
// end. It never keeps more than the limit.
type capped struct {
	limit int // 0: no cap, nothing is kept

	mu    sync.Mutex
	kept  map[peering.Partition][]peering.Connection
	found int
}

func newCapped(limit int) *capped {
	return &capped{limit: limit, kept: map[peering.Partition][]peering.Connection{}}
}

// add keeps a request. It returns false if there are too many already.
func (c *capped) add(in peering.Partition, request peering.Connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found++
	if c.exceeded() {
		return false
	}
	c.kept[in] = append(c.kept[in], request)
	return true
}

func (c *capped) exceeded() bool { return c.found > c.limit }

// tooMany is the failure of each request that the cap keeps from being rejected.
func (c *capped) tooMany() *peering.Failure {
	return &peering.Failure{Code: codeTooMany, Message: fmt.Sprintf("there are more requests to reject than guard.max_requesters: %d", c.limit)}
}

// settleKept ends a sweep: what was kept is rejected, or none of it if that is more than the cap allows.
func (s *sweep) settleKept(ctx context.Context) {
	if s.capped.exceeded() {
		s.failKept()
		return
	}
	s.rejectKept(ctx)
}

func (s *sweep) rejectKept(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(partitionsAtOnce)
	for in, requests := range s.capped.kept {
		group.Go(func() error {
			rejections := newRejections()
			for _, c := range requests {
				s.startRejection(ctx, in, c, rejections)
			}
			return rejections.Wait()
		})
	}
	_ = group.Wait() // the ledger holds the errors
}

func (s *sweep) failKept() {
	s.ledger.cutShort(codeTooMany, fmt.Sprintf("%d requests to reject are more than guard.max_requesters: %d, so none was rejected; if the policy is right, raise it",
		s.capped.found, s.capped.limit))
	for _, requests := range s.capped.kept {
		for _, c := range requests {
			entry, _ := s.inv.judge(&c, time.Now())
			s.ledger.addEntry(entry.fail(s.capped.tooMany()))
		}
	}
}
