package guard

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

// held keeps the requests that a sweep would reject until all partitions are listed, when the policy caps them:
// all are rejected or none, because the platform repeats a failed sweep. It never keeps more than the cap.
type held struct {
	limit int // 0: no cap, nothing is held

	mu      sync.Mutex
	pending map[peering.Partition][]peering.Connection
	found   int
}

// hold keeps a request, unless there are too many already.
func (h *held) hold(in peering.Partition, c peering.Connection) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found++
	if h.found > h.limit {
		return false
	}
	h.pending[in] = append(h.pending[in], c)
	return true
}

func (h *held) tooMany() *peering.Failure {
	return &peering.Failure{Code: codeTooMany, Message: fmt.Sprintf("there are more requests to reject than guard.max_rejections: %d", h.limit)}
}

// release rejects what was held, or nothing when it is more than the cap.
func (s *sweep) release(ctx context.Context) {
	if s.held.found > s.held.limit {
		s.giveUp()
		return
	}
	var group errgroup.Group
	group.SetLimit(partitionsAtOnce)
	for in, pending := range s.held.pending {
		group.Go(func() error {
			rejections := newRejections()
			for _, c := range pending {
				s.reject(ctx, in, c, rejections)
			}
			return rejections.Wait()
		})
	}
	_ = group.Wait() // the ledger holds the errors
}

func (s *sweep) giveUp() {
	s.ledger.capped(fmt.Sprintf("%d requests to reject are more than guard.max_rejections: %d, so none was rejected; if the policy is right, raise it",
		s.held.found, s.held.limit))
	for _, pending := range s.held.pending {
		for _, c := range pending {
			entry, _ := s.inv.judge(&c, time.Now())
			s.ledger.connection(entry.fail(s.held.tooMany()))
		}
	}
}
