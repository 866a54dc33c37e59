package attacks_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// schedule is the platform as deployed: a sweep each minute, and each that fails again after 15 s, up to three times.
type schedule struct {
	world    *world
	instance func() *handler.Handler // the one that the next sweep runs on
	done     func(*handler.Handler)  // takes it back
	sweeps   sync.WaitGroup
}

// until runs the schedule until a connection is not pending, and returns how long that took. It gives up after a while.
func (s *schedule) until(id string, most time.Duration) time.Duration {
	start := time.Now()
	for minute := 0; time.Since(start) < most && s.world.status(id) == peering.Accepting; minute++ {
		s.sweeps.Go(func() { s.run(fmt.Sprintf("T%d", minute)) })
		for end := time.Now().Add(time.Minute); time.Now().Before(end) && s.world.status(id) == peering.Accepting; {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return time.Since(start)
}

func (s *schedule) run(triggerTime string) {
	for range 4 {
		h := s.instance()
		_, err := invoke(h, sweep(triggerTime), invocationTime)
		s.done(h)
		if err == nil {
			return
		}
		time.Sleep(15 * time.Second)
	}
}

// inVain counts the rejections of connections that were rejected already, by instance.
type inVain struct {
	http.RoundTripper
	mu    sync.Mutex
	calls map[string]int
}

func (v *inVain) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := v.RoundTripper.RoundTrip(r)
	if err != nil || resp.StatusCode == http.StatusOK || r.URL.Query().Get("Action") != "RejectVpcPeerConnection" {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if form, _ := url.ParseQuery(string(body)); bytes.Contains(answer, []byte("IncorrectStatus.VpcPeer")) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.calls[cmp.Or(form.Get("InstanceId"), r.URL.Query().Get("InstanceId"))]++
	}
	return resp, err
}

// flooded is a cloud in which many requests of one requester come before that of another.
func flooded(junk int) *world {
	w := newWorld(rejectAll)
	w.Quota, w.Latency = simulator.DocumentedQuota, 50*time.Millisecond
	w.flood(junk, platform.Region)
	w.Put(request("pcc-target", stranger))
	return w
}

// TestSweepsDoNotUndoEachOther: while a flood makes sweeps overlap, no rejection on one instance is in vain, so that the
// flood is rejected as fast as the quota of the API allows.
func TestSweepsDoNotUndoEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := flooded(900)
		vain := &inVain{RoundTripper: w.Cloud, calls: map[string]int{}}
		h := w.instanceOver(vain)
		s := schedule{world: w, instance: func() *handler.Handler { return h }, done: func(*handler.Handler) {}}
		if took := s.until("pcc-target", time.Hour); took > 4*time.Minute {
			t.Errorf("it took %v", took)
		}
		s.sweeps.Wait()
		if len(vain.calls) > 0 {
			t.Errorf("%d connections were rejected in vain", len(vain.calls))
		}
	})
}

// TestInstancesDoNotUndoEachOther: on an instance for each sweep that runs, an instance rejects a connection in vain once
// at most.
func TestInstancesDoNotUndoEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := flooded(900)
		var mu sync.Mutex
		var free []*handler.Handler
		var all []*inVain
		s := schedule{
			world: w,
			instance: func() *handler.Handler {
				mu.Lock()
				defer mu.Unlock()
				if n := len(free); n > 0 {
					h := free[n-1]
					free = free[:n-1]
					return h
				}
				all = append(all, &inVain{RoundTripper: w.Cloud, calls: map[string]int{}})
				return w.instanceOver(all[len(all)-1])
			},
			done: func(h *handler.Handler) {
				mu.Lock()
				defer mu.Unlock()
				free = append(free, h)
			},
		}
		if took := s.until("pcc-target", time.Hour); took > 6*time.Minute {
			t.Errorf("it took %v on %d instances", took, len(all))
		}
		s.sweeps.Wait()
		for i, v := range all {
			for id, n := range v.calls {
				if n > 1 {
					t.Errorf("instance %d rejected %s %d times in vain", i, id, n)
				}
			}
		}
	})
}

// TestEachRequesterHasItsTurn: on one page, a flood does not put the request of another requester behind it.
func TestEachRequesterHasItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := flooded(99)
		h := w.instance()
		s := schedule{world: w, instance: func() *handler.Handler { return h }, done: func(*handler.Handler) {}}
		if took := s.until("pcc-target", time.Hour); took > time.Second {
			t.Errorf("it took %v", took)
		}
		s.sweeps.Wait()
	})
}
