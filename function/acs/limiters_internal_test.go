package acs

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
)

var sixty = Quota{Burst: 60, Rate: 5}

func inRegion(name string) quotaKey {
	return quotaKey{"List", peering.Partition{Account: "1111111111111111", Region: name}}
}

// TestIdleLimitersAreDropped: a sweep touches tens of thousands of quotas, and what is kept must not grow with them. A
// limiter that the API has paused is not idle.
func TestIdleLimitersAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiters()
		paused := inRegion("cn-paused")
		l.heed(paused, sixty, &peering.Failure{Code: "Throttling.User", RetryAfter: time.Hour})
		for i := range 20_000 {
			if err := l.wait(t.Context(), inRegion(fmt.Sprintf("cn-%d", i)), sixty); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if len(l.byQuota) > 1_000 {
			t.Errorf("%d limiters are kept where 200 are busy at a time", len(l.byQuota))
		}
		if _, left, _ := l.reserve(paused, sixty); left < 30*time.Minute {
			t.Errorf("the pause ends in %v", left)
		}
	})
}

// TestBusyLimitersAreKept: dropping must not give a quota a second burst.
func TestBusyLimitersAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiters()
		busy := inRegion("cn-busy")
		for range sixty.Burst {
			_, _, _ = l.reserve(busy, sixty)
		}
		for i := range 10 * firstSweep {
			_, _, _ = l.reserve(inRegion(fmt.Sprintf("cn-%d", i)), sixty)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second) // 1.64 s in all: a dozen calls at most have come back, of sixty
		if turn, _, _ := l.reserve(busy, sixty); turn.Delay() > 0 {
			t.Errorf("after a second and a half the next call has to wait %v", turn.Delay())
		}
		for range 7 {
			_, _, _ = l.reserve(busy, sixty)
		}
		if turn, _, _ := l.reserve(busy, sixty); turn.Delay() == 0 {
			t.Error("a quota that was used up had a second burst")
		}
	})
}
