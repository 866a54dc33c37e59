package guard

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

const (
	partitionsAtOnce = 64
	rejectionsAtOnce = 5 // in one partition
)

// Sweep is what a timer asks for.
type Sweep struct {
	TriggerID   string
	Scope       Scope
	ClientToken func(instanceID string) string // the same for a retry of the same timer event, another for the next
}

// Sweep lists the partitions of the scope and handles every connection in them.
func (g *Guard) Sweep(ctx context.Context, inv *Invocation, s Sweep) *Report {
	run := &sweep{
		guard:  g,
		inv:    inv,
		token:  s.ClientToken,
		ledger: newLedger(inv, TriggerSweep, s.TriggerID),
		held:   held{limit: inv.Policy.Guard.MaxRejections, pending: map[peering.Partition][]peering.Connection{}},
	}
	var group errgroup.Group
	group.SetLimit(partitionsAtOnce)
	for _, i := range rand.Perm(s.Scope.Size()) { // in random order, so that no partition starves when time is short
		group.Go(func() error {
			run.visit(ctx, s.Scope.partition(i))
			return nil
		})
	}
	_ = group.Wait() // the ledger holds the errors
	run.release(ctx)
	return run.ledger.close()
}

// sweep is one sweep at work.
type sweep struct {
	guard  *Guard
	inv    *Invocation
	token  func(instanceID string) string
	ledger *ledger
	held   held
}

// visit lists one partition. What must be rejected is rejected while the next pages stream in, a few at a time.
func (s *sweep) visit(ctx context.Context, in peering.Partition) {
	rejections := newRejections()
	seen := 0
	var failed error
	for page, err := range s.inv.Cloud.List(ctx, in) {
		failed = err
		seen += len(page)
		for _, c := range page {
			s.meet(ctx, in, c, rejections)
		}
	}
	_ = rejections.Wait()
	if failed != nil && seen == 0 && failure(failed).Code == codeDeadline { // else the API did answer: it is the API's failure
		s.ledger.unvisited()
		return
	}
	s.ledger.visit(in, seen, failed)
}

// newRejections bounds what runs at once in a partition: enough to keep its quota busy at a second of latency.
func newRejections() *errgroup.Group {
	group := new(errgroup.Group)
	group.SetLimit(rejectionsAtOnce)
	return group
}

// meet handles one listed connection, or hands it to the rejections.
func (s *sweep) meet(ctx context.Context, in peering.Partition, c peering.Connection, rejections *errgroup.Group) {
	if !belongs(&c, in) {
		s.ledger.connection(Entry{
			InstanceID: c.ID, Requester: c.Requester, Accepter: c.Accepter, Status: c.Status,
			Outcome: Ignored, Reason: "judged where its accepter is, not here",
		})
		return
	}
	entry, step := s.inv.judge(&c, time.Now())
	switch {
	case step == wait:
		s.ledger.connection(notReady(entry)) // the next sweep sees it
	case step == reject && s.held.limit == 0:
		s.reject(ctx, in, c, rejections)
	case step == reject:
		if !s.held.hold(in, c) {
			s.ledger.connection(entry.fail(s.held.tooMany()))
		}
	default:
		s.ledger.connection(entry)
	}
}

func (s *sweep) reject(ctx context.Context, in peering.Partition, c peering.Connection, rejections *errgroup.Group) {
	rejections.Go(func() error {
		release := s.guard.handling.acquire(ctx, c.ID)
		if release == nil {
			s.ledger.connection(Entry{InstanceID: c.ID}.fail(heldUp()))
			return nil
		}
		defer release()
		h := &handling{inv: s.inv, partition: in, token: s.token(c.ID)}
		s.ledger.connection(h.settle(ctx, c))
		return nil
	})
}

// belongs reports whether a connection is judged in this partition: that of its accepter. What the API does not tell
// of the accepter is taken to be here, so that nothing falls between the partitions.
func belongs(c *peering.Connection, in peering.Partition) bool {
	return (c.Accepter.Account == in.Account || !c.Accepter.Account.Known()) &&
		(c.Accepter.Region == in.Region || c.Accepter.Region == "")
}
