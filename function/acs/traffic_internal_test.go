package acs

import (
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
)

// TestTrafficCountsWhoWaits: a call that waits for its turn is paced until then, and one whose turn comes too late is not.
func TestTrafficCountsWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{})
		key, quota := quotaKey{"List", peering.Partition{}}, Quota{Burst: 1, Rate: 1}
		for range 3 {
			go func() { _ = c.limiters.wait(t.Context(), key, quota) }()
		}
		for _, want := range []int64{2, 1, 0} {
			synctest.Wait()
			if got := c.Traffic().Paced; got != want {
				t.Errorf("%d calls are paced, want %d", got, want)
			}
			time.Sleep(time.Second)
		}
	})
}
