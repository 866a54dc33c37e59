package attacks_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestAnEventThatWaitsHoldsNoConnection: a sweep rejects a connection although an event about it cannot be resolved yet.
func TestAnEventThatWaitsHoldsNoConnection(t *testing.T) {
	t.Parallel()
	attacks := map[string]struct {
		region string
		fault  simulator.Fault
	}{
		"reads lag":             {home, simulator.Fault{Kind: simulator.Vanished}},
		"reads hang":            {home, simulator.Fault{Kind: simulator.Hang}},
		"reads fail":            {home, simulator.Fault{Kind: simulator.Unavailable}},
		"reads show the past":   {home, simulator.Fault{Kind: simulator.StaleRead, For: time.Hour}},
		"nobody answers a name": {"cn-" + strings.Repeat("a", 9_000), simulator.Fault{Kind: simulator.Hang, Region: "cn-nowhere"}},
	}
	for name, attack := range attacks {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(rejectAll)
			h := w.instance()
			w.Put(request("pcc-target", stranger))
			attack.fault.Action = "GetVpcPeerConnectionAttribute"
			w.Inject(attack.fault)
			var event sync.WaitGroup
			event.Go(func() { _, _ = invoke(h, created("event-1", "pcc-target", attack.region), invocationTime) })
			time.Sleep(100 * time.Millisecond)
			start := time.Now()
			if report, err := invoke(h, sweep("T1"), invocationTime); err != nil {
				t.Errorf("%v: %+v", err, report.Connections)
			}
			if took := time.Since(start); w.status("pcc-target") != peering.Rejected || took > time.Second {
				t.Errorf("%s after %v", w.status("pcc-target"), took)
			}
			event.Wait()
		})
	}
}

// TestAnEntryKeepsItsFactsWhenTimeIsUp: whoever reads of a request that was not rejected in time learns whose it is.
func TestAnEntryKeepsItsFactsWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		w.Put(request("pcc-target", stranger))
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "RejectVpcPeerConnection"})
		h := w.instance()
		var first sync.WaitGroup
		first.Go(func() { _, _ = invoke(h, created("event-1", "pcc-target", home), invocationTime) })
		time.Sleep(time.Second)
		report, err := invoke(h, sweep("T1"), 30*time.Second)
		first.Wait()
		if err == nil || len(report.Connections) != 1 {
			t.Fatalf("%v: %+v", err, report)
		}
		e := report.Connections[0]
		if e.Outcome != guard.Failed || e.Status != peering.Accepting || e.Requester.Account != "6666666666666666" || e.Accepter.Account != own {
			t.Errorf("got %+v", e)
		}
	})
}
