package guard

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// firstPatience is how long a partition may leave a call unanswered before the others have had their turn.
const firstPatience = 15 * time.Second

// Sweep lists the partitions of the scope and handles every connection in them. token returns the client token of a
// connection's rejection: the same one whenever the platform repeats this sweep, and another one for the next sweep.
func (g *Guard) Sweep(ctx context.Context, inv *Invocation, scope Scope, token func(instanceID string) string) *Report {
	s := &sweep{
		guard:  g,
		inv:    inv,
		token:  token,
		ledger: newLedger(inv, TriggerSweep),
		fuse:   newFuse(inv.Policy.Guard.MaxRequesters),
		stuck:  semaphore.NewWeighted(stuckAtOnce),
	}
	for _, gap := range scope.gaps {
		s.ledger.cutShort(gap)
	}
	s.ledger.report.partitions = scope.Size()
	s.shares = scope.shares()
	if s.fuse != nil {
		s.takeAll()
		defer s.leaveAll()
		s.countRequesters(ctx)
	}
	s.handleAll(ctx)
	if s.fuse.blown() {
		s.ledger.cutShort(s.fuse.tooMany())
	}
	return s.ledger.close()
}

// sweep is one call of [Guard.Sweep] at work.
type sweep struct {
	guard  *Guard
	inv    *Invocation
	shares []share // to visit, in this order
	token  func(instanceID string) string
	ledger *ledger
	fuse   *fuse
	stuck  *semaphore.Weighted // rejections that take long, of all partitions
}

// takeAll takes all partitions before the requesters are counted, and leaveAll leaves them when everything is done. If two
// sweeps shared the partitions, each would count a part of the requesters, and neither would notice that they are too many.
func (s *sweep) takeAll() {
	for i, share := range s.shares {
		s.shares[i] = slices.DeleteFunc(share, func(in peering.Partition) bool {
			taken := s.guard.swept.take(in)
			if !taken {
				s.ledger.addVisit(&visit{in: in, busy: true})
			}
			return !taken
		})
	}
}

func (s *sweep) leaveAll() {
	for _, in := range slices.Concat(s.shares...) {
		s.guard.swept.leave(in)
	}
}

// countRequesters looks at everything before anything is rejected, for half of the time at most. A partition that does not
// answer is not waited for. Nothing is reported: all are visited again, and what is seen only then is counted then.
func (s *sweep) countRequesters(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok {
		half, cancel := context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/2))
		defer cancel()
		ctx = half
	}
	slots := newSlots()
	together(ctx, slots, s.visits(ctx, s.countPage), func(v *visit, own *slot) {
		if own != nil && !s.fuse.blown() {
			v.run(ctx, own, slots, firstPatience)
		}
	})
}

// handleAll visits all partitions. One that does not answer within firstPatience is left, and gets the time that is left
// when all others had their turn.
func (s *sweep) handleAll(ctx context.Context) {
	var silent visits
	slots := newSlots()
	together(ctx, slots, s.visits(ctx, s.handlePage), func(v *visit, own *slot) {
		switch {
		case own == nil:
		case !v.taken && !s.guard.swept.take(v.in):
			v.busy = true
		default:
			v.taken = true
			v.run(ctx, own, slots, firstPatience)
			if v.silent {
				silent.add(v)
				return
			}
		}
		s.end(v)
	})
	together(ctx, slots, silent.again(), func(v *visit, own *slot) {
		if own != nil {
			v.run(ctx, own, slots, 0)
		}
		s.end(v)
	})
}

// end lets other sweeps into a partition when all of its rejections have ended, and records the visit, also of one that is busy
// or that the deadline left out.
func (s *sweep) end(v *visit) {
	if v.rejections != nil {
		v.rejections.begun.Wait()
	}
	if v.taken && s.fuse == nil {
		s.guard.swept.leave(v.in)
	}
	s.ledger.addVisit(v)
}

// together works on visits at the same time, each in a slot of its own. Those that come after the deadline have none.
func together(ctx context.Context, slots *slots, all <-chan *visit, work func(*visit, *slot)) {
	var group sync.WaitGroup
	for v := range all {
		own := takeSlot(ctx, slots.working)
		if own == nil {
			work(v, nil)
			continue
		}
		group.Go(func() {
			defer own.giveBack()
			work(v, own)
		})
	}
	group.Wait()
}

// countPage counts the requesters whose pending requests only the default rejects. It returns what asks the directory for those
// on whom the verdict hangs.
func (s *sweep) countPage(ctx context.Context, v *visit, page []peering.Connection) func() {
	rules := s.inv.rules()
	var open []peering.Connection
	for _, c := range page {
		if !s.inv.belongs(rules, &c, v.in) {
			continue
		}
		s.inv.place(ctx, rules, &c)
		switch entry, next := s.inv.judge(rules, &c, time.Now(), false); {
		case next == stepAsk:
			open = append(open, c)
		case next == stepReject && entry.Rule == policy.DefaultRule:
			s.fuse.holds(c.Requester.Account)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return func() { s.countAsked(ctx, rules, open) }
}

// countAsked counts the requesters that only the default rejects, now that the directory can be asked for them.
func (s *sweep) countAsked(ctx context.Context, rules *policy.Policy, open []peering.Connection) {
	for _, c := range open {
		if s.fuse.blown() || ctx.Err() != nil {
			return
		}
		if entry, next := s.inv.judgeSurely(ctx, rules, &c); next == stepReject && entry.Rule == policy.DefaultRule {
			s.fuse.holds(c.Requester.Account)
		}
	}
}

// handlePage judges the connections of a page, and returns what settles those that need more than that.
func (s *sweep) handlePage(ctx context.Context, v *visit, page []peering.Connection) func() {
	rules := s.inv.rules()
	var open []peering.Connection
	for _, c := range page {
		if !s.inv.belongs(rules, &c, v.in) {
			continue // it is judged in another partition
		}
		s.inv.place(ctx, rules, &c)
		switch entry, next := s.inv.judge(rules, &c, time.Now(), false); next {
		case stepNone, stepWait: // the next sweep sees what is still being created
			s.ledger.addEntry(entry)
		default:
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if v.rejections == nil {
		v.rejections = s.rejectionsIn(v.in)
	}
	return func() { v.rejections.settle(ctx, inTurns(open)) }
}
