package guard

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// pageHandler handles a page of a list. It returns what is left to wait for, nil if there is nothing.
type pageHandler func(ctx context.Context, v *visit, page []peering.Connection) (wait func())

// list returns the next page of a list; see [Cloud].
type list func(context.Context) ([]peering.Connection, error)

// visit is what a sweep does in one partition.
type visit struct {
	in     peering.Partition
	next   list
	handle pageHandler

	taken  bool // no other sweep may work here
	begun  bool
	busy   bool // another sweep is at work here
	silent bool // it did not answer in the time that it had first
	seen   int
	pages  int
	err    error

	rejections *rejections // nil before the first
}

// run lists the partition, from where it was left, and handles each page before it reads the next one. It stops at the
// first call that is not answered within patience, where that is not 0.
func (v *visit) run(ctx context.Context, own *slot, slots *slots, patience time.Duration) {
	v.begun, v.silent = true, false
	for {
		var page []peering.Connection
		var err error
		asked := time.Now()
		own.during(partitionWait, slots.listing, func() { page, err = v.page(ctx, patience) })
		if err != nil {
			v.stop(ctx, err, patience)
			break
		}
		slots.answered(time.Since(asked))
		own.takeBack(ctx)
		v.err = nil
		v.pages++
		v.seen += len(page)
		if wait := v.handle(ctx, v, page); wait != nil {
			own.during(partitionWait, slots.settling, wait)
			own.takeBack(ctx)
		}
	}
	if v.rejections != nil && !v.silent {
		own.during(partitionWait, slots.settling, v.rejections.begun.Wait)
	}
}

func (v *visit) page(ctx context.Context, patience time.Duration) ([]peering.Connection, error) {
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return v.next(ctx)
}

// stop notes how the list ended. That the time is over does not hide what the API answered before.
func (v *visit) stop(ctx context.Context, err error, patience time.Duration) {
	if errors.Is(err, io.EOF) {
		v.err = nil
		return
	}
	f := failure(err)
	v.silent = patience > 0 && f.Class == peering.OutOfTime && ctx.Err() == nil
	if v.err == nil || f.Code != DeadlineExceeded {
		v.err = f
	}
}

// visits is a collection that several goroutines add to.
type visits struct {
	mu  sync.Mutex
	all []*visit
}

func (s *visits) add(v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, v)
}

// again returns them, for another attempt.
func (s *visits) again() <-chan *visit {
	queue := make(chan *visit, len(s.all))
	for _, v := range s.all {
		queue <- v
	}
	close(queue)
	return queue
}

// belongs reports whether a connection is judged in this partition, which is its accepter's, or its requester's if its
// accepter is not guarded. Facts about the accepter that the API does not tell are taken to be this partition's, so that no
// connection falls between two.
func (inv *Invocation) belongs(rules *policy.Policy, c *peering.Connection, in peering.Partition) bool {
	judged := c.Accepter
	if judged.Account.Known() && !inv.guards(rules, judged.Account) {
		judged = c.Requester
	}
	return (judged.Account == in.Account || !judged.Account.Known()) && (judged.Region == in.Region || judged.Region == "")
}

// inTurns orders the requests of a page so that each requester has its turn: a flood by one does not put the requests of
// others after it. Those of one requester keep their order.
func inTurns(page []peering.Connection) []peering.Connection {
	type waiting struct {
		peering.Connection
		turn int
	}
	queue := make([]waiting, len(page))
	turns := map[peering.Account]int{}
	for i, c := range page {
		queue[i] = waiting{c, turns[c.Requester.Account]}
		turns[c.Requester.Account]++
	}
	slices.SortStableFunc(queue, func(a, b waiting) int { return cmp.Compare(a.turn, b.turn) })
	for i := range queue {
		page[i] = queue[i].Connection
	}
	return page
}
