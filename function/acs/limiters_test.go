package acs_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestQuotasAreApart: every action, account and region has a quota of its own.
func TestQuotasAreApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111))
		start := time.Now()
		for region := range 20 {
			for range 50 {
				in := peering.Partition{Account: own, Region: fmt.Sprintf("cn-r%d", region)}
				if err := w.client.get(within(t, time.Hour), in); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("1,000 calls in 20 regions waited %v", took)
		}
	})
}

// TestThrottlePausesTheQuota: others share the quota, so an answer that says how long to wait delays every call.
func TestThrottlePausesTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111))
		w.Inject(simulator.Fault{Kind: simulator.Throttle, Count: 1, For: 17 * time.Second})
		start := time.Now()
		get := func() {
			if err := w.client.get(within(t, time.Hour), home); err != nil {
				t.Error(err)
			}
		}
		var wait sync.WaitGroup
		wait.Go(get)
		synctest.Wait()
		for range 10 { // they come while the quota is paused
			wait.Go(get)
		}
		wait.Wait()
		if took := time.Since(start); took < 17*time.Second || took > 25*time.Second {
			t.Errorf("the calls waited %v, want the 17s that the API asked for and little more", took)
		}
		if n := w.Stats().Throttled; n != 1 {
			t.Errorf("%d throttle answers, want the injected one: nobody called before the pause was over", n)
		}
		for _, call := range w.Calls()[1:] {
			if early := call.Time.Sub(start); early < 17*time.Second {
				t.Errorf("a call went out %v after the throttle", early)
			}
		}
	})
}

// TestOddThrottleLastsAMinute: quotas are per minute, so a throttle that asks for a day is not believed. Until the minute is
// over, the throttle is the cause of every failure, that of other calls included.
func TestOddThrottleLastsAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111))
		w.Inject(simulator.Fault{Kind: simulator.Throttle, For: 24 * time.Hour, Count: 1})
		start := time.Now()
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := w.client.get(within(t, 2*time.Minute), home); err != nil || time.Since(start) < time.Minute || time.Since(start) > 70*time.Second {
				t.Errorf("got %v after %v, want success after a minute", err, time.Since(start))
			}
		})
		time.Sleep(5 * time.Second)
		err := w.client.get(within(t, 30*time.Second), home)
		if f := failed(t, err); f.Code != "Throttling.User" || f.Class != peering.OutOfTime || !f.Retryable || w.Stats().Calls != 1 {
			t.Errorf("another call: %+v after %d calls of the API", f, w.Stats().Calls)
		}
		wait.Wait()
		if err := w.client.get(within(t, 2*time.Second), home); err != nil {
			t.Errorf("a call after the pause: %v", err)
		}
	})
}

// TestThrottleBeyondTheDeadline: a pause that the invocation cannot wait for ends it at once, with the API's code.
func TestThrottleBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Inject(simulator.Fault{Kind: simulator.Throttle, For: time.Hour})
		start := time.Now()
		err := w.client.get(within(t, time.Minute), home)
		if f := failed(t, err); f.Code != "Throttling.User" || f.Class != peering.OutOfTime {
			t.Errorf("got %+v", f)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("gave up after %v, though the API had said at once how long to wait", took)
		}
	})
}
