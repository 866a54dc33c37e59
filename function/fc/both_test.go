package fc_test

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		payload string
		want    platform.Result // RequestID is filled in; a Body starting with ~ is a part of the message
	}{
		{"typed", platform.Result{ErrorType: "InvalidPolicy", ErrorMessage: "reading policy: a.yaml:1:1: bad\nb"}},
		{"untyped", platform.Result{ErrorType: "Unresolved", ErrorMessage: "1 of 2 failed"}},
		{"empty type", platform.Result{ErrorType: "Unresolved", ErrorMessage: "no type"}},
		{"nil error pointer", platform.Result{ErrorType: "Unresolved", ErrorMessage: "~handler panicked in"}},
		{"panic", platform.Result{ErrorType: "Unresolved", ErrorMessage: "~handler panicked in peerguard/function/fc_test.play < "}},
		{"panic with error", platform.Result{ErrorType: "Unresolved", ErrorMessage: "~handler panicked in peerguard/function/fc_test.play < "}},
		{"no json", platform.Result{ErrorType: "Unresolved", ErrorMessage: "marshalling the result: json: unsupported type: chan int"}},
		{"bad json", platform.Result{ErrorType: "Unresolved", ErrorMessage: "~marshalling the result: "}},
		{"html", platform.Result{OK: true, Body: []byte(`{"a":"\u003cb\u003e\u0026"}`)}},
		{"nothing", platform.Result{OK: true, Body: []byte("null")}},
	}
	for name, on := range runtimes {
		t.Run(name, func(t *testing.T) {
			s := on(t, play, fc.Config{})
			for _, tc := range tests {
				before := len(s.warned.all())
				got := s.Invoke(within(t), []byte(tc.payload))
				if part, ok := strings.CutPrefix(tc.want.ErrorMessage, "~"); ok && strings.Contains(got.ErrorMessage, part) {
					tc.want.ErrorMessage = got.ErrorMessage
				}
				tc.want.RequestID = got.RequestID
				if !tc.want.OK {
					tc.want.Body = got.Body
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.payload, diff)
				}
				if leaks := platform.Leaks(string(got.Body)); leaks != nil {
					t.Errorf("%s: the answer holds %v", tc.payload, leaks)
				}
				checkWarnings(t, tc.payload, s.warned.all()[before:], got)
				if next := s.Invoke(within(t), nil); !next.OK {
					t.Fatalf("%s: the next invocation failed: %+v", tc.payload, next)
				}
			}
		})
	}
}

// checkWarnings: a failure is told of once, with its request id; a success not at all.
func checkWarnings(t *testing.T, name string, got []string, r platform.Result) {
	t.Helper()
	var want []string
	if !r.OK {
		want = []string{r.RequestID + ": " + r.ErrorMessage}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: warnings (-want +got):\n%s", name, diff)
	}
}

func TestInvocation(t *testing.T) {
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	tests := []struct {
		name string
		inv  platform.Invocation
		want seen // Left is a lower bound, and a minute above it the upper one
	}{
		{"as usual", platform.Invocation{RequestID: "r-1", Payload: []byte(`{"a":1}`)},
			seen{RequestID: "r-1", Account: platform.Account, Region: platform.Region, Known: true, Left: 30 * time.Second, Payload: `{"a":1}`}},
		{"deadline wins over timeout", platform.Invocation{RequestID: "r-2", Deadline: time.Now().Add(time.Hour), Timeout: time.Second},
			seen{RequestID: "r-2", Account: platform.Account, Region: platform.Region, Known: true, Left: 59*time.Minute + 30*time.Second}},
		{"deadline in the past", platform.Invocation{RequestID: "r-3", Deadline: time.Now().Add(-time.Hour)},
			seen{RequestID: "r-3", Account: platform.Account, Region: platform.Region, Known: true, Expired: true, Left: -time.Hour - time.Minute}},
		{"bad deadline, timeout", platform.Invocation{RequestID: "r-4", Timeout: 10 * time.Minute, Edit: set("x-fc-function-deadline", "soon")},
			seen{RequestID: "r-4", Account: platform.Account, Region: platform.Region, Known: true, Left: 9*time.Minute + 30*time.Second}},
		{"negative deadline", platform.Invocation{RequestID: "r-5", Edit: set("x-fc-function-deadline", "-1")},
			seen{RequestID: "r-5", Account: platform.Account, Region: platform.Region, Known: true, Left: 30 * time.Second}},
		{"nothing good", platform.Invocation{RequestID: "r-6", Edit: func(h http.Header) {
			h.Del("x-fc-function-deadline")
			h.Set("x-fc-function-timeout", "99999999999999999999")
			h.Set("x-fc-retry-count", "many")
			h.Set("x-fc-function-type", "?")
			h.Set("x-fc-tracing-opentracing-span-baggages", "%%%")
			h.Set("x-fc-account-id", "me")
			h.Set("x-fc-region", "evil.example/")
			h.Set("x-fc-access-key-id", "")
		}}, seen{RequestID: "r-6", Left: 30 * time.Second}},
		{"endless deadline", platform.Invocation{RequestID: "r-7", Edit: set("x-fc-function-deadline", "9223372036854775807")},
			seen{RequestID: "r-7", Account: platform.Account, Region: platform.Region, Known: true, Left: 1<<63 - 1 - time.Minute}},
		{"bytes that are no text", platform.Invocation{RequestID: "r-8", Payload: []byte("\xff\x00")},
			seen{RequestID: "r-8", Account: platform.Account, Region: platform.Region, Known: true, Left: 30 * time.Second, Payload: "\ufffd\x00"}},
	}
	for name, on := range runtimes {
		t.Run(name, func(t *testing.T) {
			s := on(t, play, fc.Config{})
			for _, tc := range tests {
				r := s.Do(within(t), tc.inv)
				var got seen
				if err := json.Unmarshal(r.Body, &got); err != nil || !r.OK {
					t.Errorf("%s: %v, %+v", tc.name, err, r)
					continue
				}
				if got.Left < tc.want.Left || got.Left-time.Minute > tc.want.Left {
					t.Errorf("%s: %v left, want about %v", tc.name, got.Left, tc.want.Left)
				}
				got.Left = tc.want.Left
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.name, diff)
				}
			}
		})
	}
}

// All of them run at the same time, or none ever ends.
func TestConcurrentInvocations(t *testing.T) {
	const n = 200
	var met sync.WaitGroup
	h := func(ctx context.Context, _ fc.Invocation, payload []byte) (any, error) {
		met.Done()
		met.Wait()
		return string(payload), ctx.Err()
	}
	for name, on := range runtimes {
		t.Run(name, func(t *testing.T) {
			s := on(t, h, fc.Config{})
			met.Add(n)
			results := make([]platform.Result, n)
			var wg sync.WaitGroup
			for i := range results {
				wg.Go(func() { results[i] = s.Invoke(within(t), []byte(strconv.Itoa(i))) })
			}
			wg.Wait()
			for i, r := range results {
				if want := strconv.Quote(strconv.Itoa(i)); !r.OK || string(r.Body) != want {
					t.Errorf("invocation %d: got %+v, want %s", i, r, want)
				}
			}
			if got := s.lines.pieces; got != 0 {
				t.Errorf("%d writes to the log were not one line", got)
			}
		})
	}
}

func TestStopFinishesWhatRuns(t *testing.T) {
	started, release := make(chan bool, 1), make(chan bool, 1)
	var h fc.Handler = func(context.Context, fc.Invocation, []byte) (any, error) {
		started <- true
		<-release
		return "finished", nil
	}
	for name, on := range runtimes {
		for when, deadline := range map[string]time.Duration{"in time": time.Minute, "late, within the grace": -time.Second} {
			t.Run(name+" "+when, func(t *testing.T) {
				s := on(t, h, fc.Config{})
				result, stopped := make(chan platform.Result, 1), make(chan error, 1)
				go func() { result <- s.Do(within(t), platform.Invocation{Deadline: time.Now().Add(deadline)}) }()
				<-started
				go func() { stopped <- s.stop() }()
				select {
				case err := <-stopped:
					t.Errorf("stopped in the middle of work: %v", err)
					stopped <- nil
				case <-time.After(50 * time.Millisecond): // gives a wrong Serve the time to be seen; a right one is not measured
				}
				release <- true
				if r := <-result; !r.OK || string(r.Body) != `"finished"` {
					t.Errorf("got %+v", r)
				}
				if err := <-stopped; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestStopGivesUpAfterDeadlineAndGrace(t *testing.T) {
	transport, output := http.DefaultTransport, log.Writer()
	t.Cleanup(func() { // Serve must not give them back while the SDK uses them
		http.DefaultTransport = transport
		log.SetOutput(output)
	})
	t.Setenv("FC_RUNTIME_API", "")
	for name, on := range map[string]func(*testing.T, fc.Handler, fc.Config) served{
		"custom": onPipes,
		"go": func(t *testing.T, h fc.Handler, cfg fc.Config) served {
			t.Helper()
			p := &platform.Runtime{}
			cfg.RuntimeAPI, cfg.Transport = "runtime.test:80", p.Transport()
			s := serve(t, cfg, h)
			s.caller = p
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started, release, answered := make(chan bool), make(chan bool), make(chan platform.Result, 1)
				s := on(t, func(context.Context, fc.Invocation, []byte) (any, error) {
					started <- true
					<-release
					return nil, nil
				}, fc.Config{Grace: 10 * time.Second})
				begun := time.Now()
				go func() {
					answered <- s.Do(t.Context(), platform.Invocation{Deadline: begun.Add(time.Minute)})
				}()
				<-started
				if err := s.stop(); err == nil || !strings.Contains(err.Error(), "still running") {
					t.Errorf("got %v, want an invocation that is still running", err)
				}
				if took := time.Since(begun); took != 70*time.Second {
					t.Errorf("gave up after %v", took)
				}
				if name == "custom" { // the platform is not left waiting: the connection is closed
					if r := <-answered; r.Err == nil || errors.Is(r.Err, context.DeadlineExceeded) {
						t.Errorf("got %+v", r)
					}
					close(release)
					return
				}
				close(release)
				<-answered // afterwards nobody uses what the Cleanup above restores
			})
		})
	}
}
