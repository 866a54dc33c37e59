package acs_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestRetriesAreSpread: clients that were refused at the same time do not retry at the same time.
func TestRetriesAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		seen := map[time.Duration]int{}
		for range 50 {
			w := newWorld(t)
			w.Put(pending("pcc-one", 1111111111111111))
			w.Inject(simulator.Fault{Kind: simulator.Unavailable, Count: 1})
			start := time.Now()
			wait.Go(func() {
				err := w.client.get(within(t, time.Minute), home, "pcc-one")
				mu.Lock()
				defer mu.Unlock()
				seen[time.Since(start).Truncate(time.Millisecond)]++
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(seen) < 20 {
			t.Errorf("50 clients came back at %d different times only", len(seen))
		}
	})
}

// TestDeadlines: no call starts that cannot end in time.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	for _, given := range []time.Duration{-time.Second, 0, 900 * time.Millisecond} {
		t.Run(given.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				err := w.client.get(within(t, given), home, "pcc-one")
				if f := failed(t, err); f.Code != "DeadlineExceeded" || f.Class != peering.OutOfTime || w.Stats().Calls != 0 {
					t.Errorf("got %+v after %d calls", f, w.Stats().Calls)
				}
			})
		})
	}
}
