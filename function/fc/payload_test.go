package fc_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

// Ten events of 3 MiB are handled at the same time, and more of them wait for their turn.
func TestLargeEvents(t *testing.T) {
	for name, on := range runtimes {
		t.Run(name, func(t *testing.T) {
			const atOnce = 10
			var begun, running, most atomic.Int32
			var met sync.WaitGroup
			met.Add(atOnce)
			s := on(t, func(_ context.Context, _ fc.Invocation, payload []byte) (any, error) {
				defer running.Add(-1)
				most.Store(max(most.Load(), running.Add(1)))
				if begun.Add(1) <= atOnce {
					met.Done()
					met.Wait()
				}
				return len(payload), nil
			}, fc.Config{})
			event := make([]byte, 3<<20)
			var wg sync.WaitGroup
			for range 2 * atOnce {
				wg.Go(func() {
					if r := s.Invoke(within(t), event); !r.OK || string(r.Body) != "3145728" {
						t.Errorf("got %+v", r)
					}
				})
			}
			wg.Wait()
			if n := most.Load(); n != atOnce {
				t.Errorf("%d at once, want %d", n, atOnce)
			}
		})
	}
}

// An event that waits for others until its deadline fails, and small ones do not wait.
func TestLargeEventThatFindsNoRoom(t *testing.T) {
	t.Parallel()
	started, release := make(chan bool), make(chan bool)
	s := onCustom(t, func(_ context.Context, _ fc.Invocation, payload []byte) (any, error) {
		if len(payload) > 1<<20 {
			started <- true
			<-release
		}
		return nil, nil
	}, fc.Config{})
	event := make([]byte, 6<<20)
	var wg sync.WaitGroup
	for range 5 { // there is no room for a sixth
		wg.Go(func() {
			if r := s.Invoke(within(t), event); !r.OK {
				t.Errorf("got %+v", r)
			}
		})
	}
	for range 5 {
		<-started
	}
	r := s.Do(within(t), platform.Invocation{RequestID: "late", Payload: event, Deadline: time.Now().Add(20 * time.Millisecond)})
	if want := "waiting for other large events: the deadline came first"; r.ErrorMessage != want || r.ErrorType != fc.Unresolved {
		t.Errorf("got %+v, want %s", r, want)
	}
	if got := s.warned.all(); len(got) != 1 || !strings.HasPrefix(got[0], "late: waiting for other large events") {
		t.Errorf("warned %q", got)
	}
	if r := s.Invoke(within(t), make([]byte, 256<<10)); !r.OK {
		t.Errorf("a small event: got %+v", r)
	}
	close(release)
	wg.Wait()
}

// However an invocation ends, the room that its event took is there for others.
func TestRoomIsGivenBack(t *testing.T) {
	h := func(_ context.Context, _ fc.Invocation, payload []byte) (any, error) {
		if payload[0] == 'p' {
			panic("as asked")
		}
		return nil, nil
	}
	for name, on := range runtimes {
		t.Run(name, func(t *testing.T) {
			s := on(t, h, fc.Config{})
			for _, tc := range []struct {
				event string
				size  int
				want  string
			}{{"fine", 6 << 20, ""}, {"panics", 6 << 20, fc.Unresolved}, {"too large", 6<<20 + 1, fc.InvalidEvent}} {
				for range 8 {
					event := make([]byte, tc.size)
					copy(event, tc.event)
					if r := s.Invoke(within(t), event); r.ErrorType != tc.want || r.Err != nil {
						t.Errorf("%s: got %+v", tc.event, r)
					}
				}
			}
		})
	}
	t.Run("hook", func(t *testing.T) {
		p := &platform.Runtime{}
		s := onRuntime(t, h, fc.Config{}, p)
		for range 8 {
			if r := p.Do(within(t), platform.Invocation{Kind: platform.Initialize, Payload: make([]byte, 6<<20)}); !r.OK {
				t.Errorf("got %+v", r)
			}
		}
		if r := s.Invoke(within(t), make([]byte, 6<<20)); !r.OK {
			t.Errorf("got %+v", r)
		}
	})
}
