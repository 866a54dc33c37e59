package guard

import (
	"context"

	"golang.org/x/sync/errgroup"

	"peerguard/function/peering"
)

// openingAtOnce is how many accounts wait for their session, or with an open one for slots. So many that those without a session
// leave room for the others, even if STS does not answer.
const openingAtOnce = 512

// visits returns a visit for each partition, those of an account as soon as it has a session. So no partition takes a slot while
// its account waits for STS, and an account that gets no session has been asked for it once.
func (s *sweep) visits(ctx context.Context, handle pageHandler) <-chan *visit {
	ready := make(chan *visit)
	go func() {
		defer close(ready)
		var opening errgroup.Group
		opening.SetLimit(openingAtOnce)
		for _, share := range s.shares {
			opening.Go(func() error {
				s.open(ctx, share, func(in peering.Partition, pages list) {
					// A sweep with a fuse has taken the partitions before.
					ready <- &visit{in: in, next: pages, handle: handle, taken: s.fuse != nil}
				})
				return nil
			})
		}
		_ = opening.Wait() // none of them fails
	}()
	return ready
}

// open passes on the list of each partition of an account. If there is no session in time, each list begins with that failure;
// whoever reads on tries again.
func (s *sweep) open(ctx context.Context, of share, pass func(peering.Partition, list)) {
	if len(of) == 0 {
		return
	}
	err := s.assume(ctx, of[0].Account)
	for _, in := range of {
		pages := list(s.inv.Cloud.List(in))
		if err != nil {
			pages = pages.after(err)
		}
		pass(in, pages)
	}
}

func (s *sweep) assume(ctx context.Context, account peering.Account) error {
	ctx, cancel := context.WithTimeout(ctx, firstPatience)
	defer cancel()
	return s.inv.Cloud.Assume(ctx, account)
}

// after returns the list with an error before its first page.
func (l list) after(err error) list {
	return func(ctx context.Context) ([]peering.Connection, error) {
		if first := err; first != nil {
			err = nil
			return nil, first
		}
		return l(ctx)
	}
}
