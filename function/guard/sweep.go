package guard

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

const (
	partitionsAtOnce = 64
	rejectionsAtOnce = 5 // in one partition
)

// Sweep lists the partitions of the scope and handles every connection in them. token returns the client token of a
// connection's rejection: the same one whenever the platform repeats this sweep, and another one for the next sweep.
func (g *Guard) Sweep(ctx context.Context, inv *Invocation, scope Scope, token func(instanceID string) string) *Report {
	s := &sweep{
		guard:  g,
		inv:    inv,
		token:  token,
		ledger: newLedger(inv, TriggerSweep),
		capped: newCapped(inv.Policy.Guard.MaxRequesters),
	}
	var group errgroup.Group
	group.SetLimit(partitionsAtOnce)
	for _, i := range rand.Perm(scope.Size()) { // in random order, so that no partition starves when time is short
		group.Go(func() error {
			s.visit(ctx, scope.partition(i))
			return nil
		})
	}
	_ = group.Wait() // the ledger holds the errors
	s.settleKept(ctx)
	return s.ledger.close()
}

// sweep is one call of [Guard.Sweep] at work.
type sweep struct {
	guard  *Guard
	inv    *Invocation
	token  func(instanceID string) string
	ledger *ledger
	capped *capped
}

// visit lists one partition. What must be rejected is rejected while the next pages stream in, a few at a time.
func (s *sweep) visit(ctx context.Context, in peering.Partition) {
	rejections := newRejections()
	seen := 0
	next := s.inv.Cloud.List(in)
	page, failed := next(ctx)
	for ; failed == nil; page, failed = next(ctx) {
		seen += len(page)
		for _, c := range page {
			s.handle(ctx, in, c, rejections)
		}
	}
	if errors.Is(failed, io.EOF) {
		failed = nil
	}
	_ = rejections.Wait() // the ledger holds the errors

	// Any other code is what the API answered.
	if failed != nil && seen == 0 && failure(failed).Code == codeDeadline {
		s.ledger.leaveOut()
		return
	}
	s.ledger.addVisit(in, seen, failed)
}

// newRejections bounds what runs at once in a partition: enough to use its quota up at a second of latency.
func newRejections() *errgroup.Group {
	group := new(errgroup.Group)
	group.SetLimit(rejectionsAtOnce)
	return group
}

// handle judges one listed connection and starts its rejection if it must be rejected.
func (s *sweep) handle(ctx context.Context, in peering.Partition, c peering.Connection, rejections *errgroup.Group) {
	if !belongs(&c, in) {
		entry := entryOf(&c)
		entry.Outcome, entry.Reason = Ignored, "judged where its accepter is, not here"
		s.ledger.addEntry(entry)
		return
	}
	entry, next := s.inv.judge(&c, time.Now())
	switch {
	case next == stepWait:
		s.ledger.addEntry(entry.notReady()) // the next sweep sees it
	case next == stepReject && s.capped.limit == 0:
		s.startRejection(ctx, in, c, rejections)
	case next == stepReject:
		if !s.capped.add(in, c) {
			s.ledger.addEntry(entry.fail(s.capped.tooMany()))
		}
	default:
		s.ledger.addEntry(entry)
	}
}

// startRejection settles a connection in the background. It waits if too many rejections are running.
func (s *sweep) startRejection(ctx context.Context, in peering.Partition, c peering.Connection, rejections *errgroup.Group) {
	rejections.Go(func() error {
		endTurn := s.guard.turns.take(ctx, c.ID)
		if endTurn == nil {
			s.ledger.addEntry(Entry{InstanceID: c.ID}.fail(turnTimedOut()))
			return nil
		}
		defer endTurn()
		h := &handling{inv: s.inv, partition: in, token: s.token(c.ID)}
		s.ledger.addEntry(h.settle(ctx, c))
		return nil
	})
}

// belongs reports whether a connection is judged in this partition, which is its accepter's. Facts about the accepter
// that the API does not tell are taken to be this partition's, so that no connection falls between two.
func belongs(c *peering.Connection, in peering.Partition) bool {
	return (c.Accepter.Account == in.Account || !c.Accepter.Account.Known()) &&
		(c.Accepter.Region == in.Region || c.Accepter.Region == "")
}
