package attacks_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestForgedEventsCostLittle: an event that names a region which no API can have makes three calls at most.
func TestForgedEventsCostLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		w.Put(request("pcc-target", stranger))
		calls := 0
		w.Before = func(simulator.Call) { calls++ }
		start := time.Now()
		_, err := invoke(w.instance(), created("event-1", "pcc-target", "cn-"+strings.Repeat("a", 9_000)), invocationTime)
		if took := time.Since(start); took > 20*time.Second || calls > 3 {
			t.Errorf("%d calls in %v: %v", calls, took, err)
		}
	})
}

// TestAThrottleDoesNotBlockForADay: an answer that asks to wait for a day is believed for a minute, and stays the cause.
func TestAThrottleDoesNotBlockForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		h := w.instance()
		w.Put(request("pcc-target", stranger))
		w.Inject(simulator.Fault{Kind: simulator.Throttle, Action: "ListVpcPeerConnections", Count: 1, For: 24 * time.Hour})
		if _, err := invoke(h, sweep("T1"), 30*time.Second); err == nil || !strings.Contains(err.Message, "Throttling.User") {
			t.Errorf("the cause of a sweep that was throttled: %v", err)
		}
		time.Sleep(31 * time.Second)
		if _, err := invoke(h, sweep("T2"), invocationTime); err != nil {
			t.Errorf("a minute after the throttle: %v", err)
		}
		wantStatus(t, w, "pcc-target", peering.Rejected)
	})
}

// TestADeadlineBlamesNobodyElse: an invocation that is alone and late never says that another one was in its way.
func TestADeadlineBlamesNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		h := w.instance()
		for n := range 60 {
			id := fmt.Sprintf("pcc-%d", n)
			w.Put(request(id, stranger))
			_, err := invoke(h, created(fmt.Sprintf("event-%d", n), id, home), time.Second) // work stops a second before the end
			if err == nil || strings.Contains(err.Message, "another") {
				t.Fatalf("got %v", err)
			}
		}
	})
}
