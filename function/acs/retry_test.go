package acs_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestRetriesAreSpread: clients that were refused at the same time do not retry at the same time.
func TestRetriesAreSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var wait sync.WaitGroup
		var mu sync.Mutex
		seen := map[time.Duration]int{}
		for range 50 {
			w := newWorld(t)
			w.Put(pending("pcc-one", 1111111111111111))
			w.Inject(simulator.Fault{Kind: simulator.Unavailable, Count: 1})
			start := time.Now()
			wait.Go(func() {
				err := w.client.get(within(t, time.Minute), home)
				mu.Lock()
				defer mu.Unlock()
				seen[time.Since(start).Truncate(time.Millisecond)]++
				if err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if len(seen) < 20 {
			t.Errorf("50 clients came back at %d different times only", len(seen))
		}
	})
}

// TestDeadlines: no call starts that cannot end in time.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	for _, given := range []time.Duration{-time.Second, 0, 900 * time.Millisecond} {
		t.Run(given.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				err := w.client.get(within(t, given), home)
				if f := failed(t, err); f.Code != "DeadlineExceeded" || f.Class != peering.OutOfTime || w.Stats().Calls != 0 {
					t.Errorf("got %+v after %d calls", f, w.Stats().Calls)
				}
			})
		})
	}
}

// TestRetriesLast until a second before the deadline, and no attempt starts later: a pause that does not fit is cut. A
// caller that works until a second before the platform's deadline so has two seconds in hand.
func TestRetriesLast(t *testing.T) {
	t.Parallel()
	for _, given := range []time.Duration{1001 * time.Millisecond, 2 * time.Second, 9 * time.Second, 59 * time.Second, 10 * time.Minute} {
		for range 5 { // pauses are random
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Inject(simulator.Fault{Kind: simulator.Unavailable})
				start := time.Now()
				err := w.client.get(within(t, given), home)
				if f := failed(t, err); f.Code != "ServiceUnavailable" || f.Class != peering.OutOfTime {
					t.Errorf("got %+v", f)
				}
				calls := w.Calls()
				if last := calls[len(calls)-1].Time.Sub(start); last != given-time.Second {
					t.Errorf("the last of %d attempts started %v in, want %v", len(calls), last, given-time.Second)
				}
			})
		}
	}
}

// TestLastAttemptIsNotLate: a clock that goes on between two looks at it does not cost the last attempt. The clock is a real
// one, and on a busy machine the first attempt may leave no time for another, so that one success is enough.
func TestLastAttemptIsNotLate(t *testing.T) {
	t.Parallel()
	const tries = 50
	for range tries {
		w := newWorld(t)
		w.Inject(simulator.Fault{Kind: simulator.Unavailable, Count: 1})
		w.Put(pending("pcc-one", 1111111111111111))
		if w.client.get(within(t, 1005*time.Millisecond), home) == nil {
			return
		}
	}
	t.Errorf("the second attempt was never made in %d tries", tries)
}

// TestRefusalsThatAreNotTheAPIs: a proxy that blames the request is asked three times, and does not hold an invocation up
// until its deadline. One that is out of order itself is asked until then.
func TestRefusalsThatAreNotTheAPIs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		few    bool
	}{
		"too long a URL":         {http.StatusRequestURITooLong, "<html>414 Request-URI Too Large</html>", true},
		"a firewall":             {http.StatusForbidden, "<html>", true},
		"nothing":                {http.StatusNotFound, "", true},
		"a list":                 {http.StatusBadRequest, `[{"Code":"InvalidParameter"}]`, true},
		"a code that is none":    {http.StatusBadRequest, `{"Code":400,"Message":"m"}`, true},
		"a key in small letters": {http.StatusBadRequest, `{"code":"InvalidParameter"}`, true},
		"proxy authentication":   {http.StatusProxyAuthRequired, "", true},
		"too many requests":      {http.StatusTooManyRequests, "<html>", false},
		"a bad gateway":          {http.StatusBadGateway, "<html>", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, in := range []peering.Partition{home, there} { // there, AssumeRole is refused
					seen := &counting{RoundTripper: says{tt.status, tt.body}}
					start := time.Now()
					f := failed(t, newClient(acs.Config{Transport: seen}).get(within(t, 2*time.Minute), in))
					took := time.Since(start)
					if f.Code != "NoConfirmation" || !f.Unanswered || f.Retryable == tt.few {
						t.Errorf("got %+v", f)
					}
					if tt.few != (seen.calls == 3) || tt.few != (took < 5*time.Second) {
						t.Errorf("%d calls in %v", seen.calls, took)
					}
				}
			})
		})
	}
}

// counting counts the requests that it passes on.
type counting struct {
	http.RoundTripper
	calls int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls++
	return c.RoundTripper.RoundTrip(r)
}

// TestForeignRefusalThatPasses: two calls that a proxy refuses do not cost the answer.
func TestForeignRefusalThatPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111))
		w.Inject(
			simulator.Fault{Kind: simulator.HTML, Status: http.StatusForbidden, Count: 2},
			simulator.Fault{Kind: simulator.Unavailable, Count: 5},
		)
		if err := w.client.get(within(t, time.Minute), home); err != nil || w.Stats().Calls != 8 {
			t.Errorf("got %v after %d calls, want success at the eighth", err, w.Stats().Calls)
		}
	})
}

// TestCodesThatAskToTryAgain are retried, in whatever letters and with whatever in front of them. What stands for a token
// that is used up is not: another token is needed.
func TestCodesThatAskToTryAgain(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/codes/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	type refusal struct {
		Status int
		Body   struct{ Code string }
	}
	refusals := map[string]refusal{}
	for _, file := range files {
		var r refusal
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &r) != nil {
			t.Fatalf("%s: %v", file, err)
		}
		refusals[r.Body.Code] = r
	}
	for _, code := range []string{
		"Throttling", "Throttling.User", "throttling.api", "ServiceUnavailable", "InternalError", "SignatureNonceUsed", "LastTokenProcessing", "OperationConflict",
		"TaskConflict", "DistributeLock", "OperationFailed.DistributeLock", "SystemBusy", "Operation.SYSTEMBUSY", "OperationDenied.IdempotentProcessing",
	} {
		refusals[code] = refusal{Status: http.StatusBadRequest}
	}
	for code, r := range refusals {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Put(pending("pcc-one", 1111111111111111))
				w.Inject(simulator.Fault{Kind: simulator.APIError, Code: code, Status: r.Status, Count: 1})
				err := w.client.reject(within(t, time.Minute), home, "pcc-one", "t")
				if code == "IdempotentFailed" {
					if f := failed(t, err); f.Class != peering.TokenTaken || f.Retryable || w.Stats().Calls != 1 {
						t.Errorf("got %+v after %d calls", f, w.Stats().Calls)
					}
					return
				}
				calls := w.Calls()
				if err != nil || len(calls) != 2 || calls[0].ClientToken != calls[1].ClientToken {
					t.Errorf("got %v after %d calls, want success at the second, with the same token", err, len(calls))
				}
			})
		})
	}
}

// TestCodesThatDoNotAskToTryAgain: a permission or a parameter does not become right by itself.
func TestCodesThatDoNotAskToTryAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Forbidden.RAM", "NoPermission", "InvalidParameter", "SystemBusy.Not", "NoInternalError", "Lastly.Throttled", "InvalidInstanceId.NotFound"} {
		w := newWorld(t)
		w.Inject(simulator.Fault{Kind: simulator.APIError, Code: code})
		if f := failed(t, w.client.get(within(t, time.Minute), home)); f.Code != code || f.Retryable || w.Stats().Calls != 1 {
			t.Errorf("%s: %+v after %d calls", code, f, w.Stats().Calls)
		}
	}
}
