package vpcpeer

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
)

// TestLanesAtRestAreForgotten: a sweep goes over tens of thousands of quotas, and what it keeps must not grow with them. A
// lane that the API has closed is no lane at rest.
func TestLanesAtRestAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace()
		closed := peering.Partition{Account: "1111111111111111", Region: "cn-closed"}
		p.slow("List", closed, &peering.Failure{Code: "Throttling.User", RetryAfter: time.Hour})
		for i := range 20_000 {
			if err := p.wait(t.Context(), "List", peering.Partition{Account: "1111111111111111", Region: fmt.Sprintf("cn-%d", i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if len(p.lanes) > 1_000 {
			t.Errorf("%d lanes are kept where 200 are busy at a time", len(p.lanes))
		}
		if _, left := p.reserve(quota{"List", closed}); left < 30*time.Minute {
			t.Errorf("the closed lane opens in %v", left)
		}
	})
}

// TestBusyLanesAreKept: forgetting must not give a quota a second burst.
func TestBusyLanesAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace()
		busy := quota{"List", peering.Partition{Account: "1111111111111111", Region: "cn-busy"}}
		for range quotaBurst {
			p.reserve(busy)
		}
		for i := range 10 * fewLanes {
			p.reserve(quota{"List", peering.Partition{Account: "1111111111111111", Region: fmt.Sprintf("cn-%d", i)}})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second) // 1.64 s in all: a dozen calls at most have come back, of sixty
		if turn, _ := p.reserve(busy); turn.Delay() > 0 {
			t.Errorf("after a second and a half the next call has to wait %v", turn.Delay())
		}
		for range 7 {
			p.reserve(busy)
		}
		if turn, _ := p.reserve(busy); turn.Delay() == 0 {
			t.Error("a quota that was used up had a second burst")
		}
	})
}
