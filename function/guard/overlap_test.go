package guard_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/simulator"
)

// TestBusyPartitions: a sweep leaves the partitions in which another one is at work, counts them as done, and works in all
// others. When the other one has left a partition, it is free again.
func TestBusyPartitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rules)
		if err := w.inv.Cloud.Assume(t.Context(), member); err != nil { // or the first sweep still waits for the session
			t.Fatal(err)
		}
		w.Latency = time.Second
		w.Put(request("pcc-x", stranger))
		first := make(chan *guard.Report)
		go func() { first <- w.sweep(t, within(t, time.Minute)) }()
		synctest.Wait()
		for _, r := range []struct {
			report *guard.Report
			counts string
			busy   int
		}{{w.sweep(t, within(t, time.Minute)), "", 4}, {<-first, "rejected=1", 0}, {w.sweep(t, within(t, time.Minute)), "closed=1", 0}} {
			busy := 0
			for _, v := range r.report.Partitions {
				if v.Busy {
					busy++
				}
			}
			if got := nonzero(r.report.Counts); got != r.counts || busy != r.busy || r.report.Visited != 4 || !r.report.Complete || r.report.Err() != nil {
				t.Errorf("got %q, %d busy, %d visited, %v; want %q and %d busy", got, busy, r.report.Visited, r.report.Err(), r.counts, r.busy)
			}
		}
	})
}

// TestOverlappingSweepsCountAllRequesters: of several sweeps that overlap, none counts only the requesters that it happens
// to see.
func TestOverlappingSweepsCountAllRequesters(t *testing.T) {
	t.Parallel()
	for _, apart := range []int{100, 350, 700, 1300} {
		t.Run(fmt.Sprint(apart, " ms"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, capped)
				w.Latency = 300 * time.Millisecond
				w.putFrom(6) // three in each region: together more than the limit
				// One region of the two answers late, so that sweeps find a part of the scope busy.
				w.inv.Cloud = late{w.inv.Cloud, "cn-hangzhou", 2 * time.Second}
				reports := make(chan *guard.Report, 10)
				for range cap(reports) {
					go func() { reports <- w.sweep(t, within(t, 2*time.Minute)) }()
					time.Sleep(time.Duration(apart) * time.Millisecond)
				}
				for range cap(reports) {
					<-reports
				}
				if n := w.Stats().ByAction["RejectVpcPeerConnection"]; n != 0 {
					t.Errorf("%d rejections, want none", n)
				}
			})
		})
	}
}

// TestFlood: 3,000 requests of one requester, under sweeps that begin each minute and take two, do not hold off the request of
// another requester on the same page, and no rejection is in vain.
func TestFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")
		w.Quota, w.Latency, w.inv.OnEntry = simulator.DocumentedQuota, 50*time.Millisecond, nil
		start := time.Now()
		var target time.Duration // until it was rejected
		rejected, vain := 0, 0
		w.Record = func(c simulator.Call) {
			switch {
			case c.Action != "RejectVpcPeerConnection":
			case c.Effect:
				rejected++
			default:
				vain++
			}
			if c.Effect && c.InstanceID == "pcc-target" {
				target = time.Since(start)
			}
		}
		for i := range 3_000 {
			w.Put(request(fmt.Sprintf("pcc-%05d", i), stranger))
			if i == 90 {
				w.Put(request("pcc-target", stranger+1))
			}
		}
		var sweeps sync.WaitGroup
		for range 12 {
			sweeps.Go(func() { w.sweep(t, within(t, 2*time.Minute)) })
			time.Sleep(time.Minute)
		}
		sweeps.Wait()
		if target == 0 || target > time.Minute || rejected != 3_001 || vain > 0 {
			t.Errorf("the target was rejected after %v; %d rejections, %d in vain", target, rejected, vain)
		}
	})
}
