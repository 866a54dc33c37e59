package fc_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

func TestFailingPollNeitherSpinsNorFloods(t *testing.T) {
	faults := map[string]func(http.ResponseWriter, *http.Request) bool{
		"status": func(w http.ResponseWriter, _ *http.Request) bool {
			return platform.Status(w, http.StatusInternalServerError)
		},
		"redirect":   redirect,
		"no content": func(w http.ResponseWriter, _ *http.Request) bool { return platform.Status(w, http.StatusNoContent) },
		"reset":      func(http.ResponseWriter, *http.Request) bool { return platform.Drop() },
		"no id":      func(w http.ResponseWriter, _ *http.Request) bool { return platform.Status(w, http.StatusOK) },
		"unusable id": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Fc-Request-Id", "../next?")
			return true
		},
		"a second each": func(w http.ResponseWriter, r *http.Request) bool {
			platform.Hang(r, time.Second)
			return platform.Status(w, http.StatusBadGateway)
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			var healed bool
			p := &platform.Runtime{Intercept: func(w http.ResponseWriter, r *http.Request, c platform.Call) bool {
				return c.Poll && !healed && fault(w, r)
			}}
			synctest.Test(t, func(t *testing.T) {
				s := inBubble(t, play, p)
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := p.Polls(); n < 5 || n > 20 {
					t.Errorf("polled %d times in a minute", n)
				}
				if got := s.warned.all(); len(got) != 1 || !strings.HasPrefix(got[0], ": polling the runtime API, will try again: ") {
					t.Errorf("warned %q, want one line in a minute", got)
				}
				time.Sleep(9 * time.Minute)
				synctest.Wait()
				if got := s.warned.all(); len(got) < 8 || len(got) > 10 {
					t.Errorf("warned %d times in ten minutes", len(got))
				}
				healed = true
				if r := s.Invoke(within(t), nil); !r.OK {
					t.Errorf("got %+v after the API healed", r)
				}
			})
		})
	}
}

func redirect(w http.ResponseWriter, r *http.Request) bool {
	http.Redirect(w, r, "http://elsewhere.test/", http.StatusTemporaryRedirect)
	return true
}

func TestResultIsSentAgain(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { return platform.Status(w, code) }
	}
	tests := []struct {
		name  string
		fault func(http.ResponseWriter, *http.Request) bool
		times int // that the fault shows
		posts int // that are made
		warns string
	}{
		{"reset twice", func(http.ResponseWriter, *http.Request) bool { return platform.Drop() }, 2, 3, ""},
		{"unavailable", status(503), 4, 5, ""},
		{"hangs", func(_ http.ResponseWriter, r *http.Request) bool { return platform.Hang(r, time.Hour) }, 1, 2, ""},
		{"gone", func(http.ResponseWriter, *http.Request) bool { return platform.Drop() }, 99, 5, "connection reset"},
		{"unwanted", status(404), 99, 1, "answered 404"},
		{"elsewhere", redirect, 99, 1, "answered 307"},
		{"accepted", status(202), 99, 1, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var posts atomic.Int32
			p := &platform.Runtime{Intercept: func(w http.ResponseWriter, r *http.Request, c platform.Call) bool {
				if c.Poll {
					return false
				}
				posts.Add(1)
				return c.N < tc.times && tc.fault(w, r)
			}}
			synctest.Test(t, func(t *testing.T) {
				s := inBubble(t, play, p)
				begun := time.Now()
				p.Send(platform.Invocation{Payload: []byte("nothing")})
				if err := s.stopWhen(func() bool { return posts.Load() > 0 }); err != nil {
					t.Error(err)
				}
				if took := time.Since(begun); took > 30*time.Second {
					t.Errorf("it took %v", took)
				}
				if got := int(posts.Load()); got != tc.posts {
					t.Errorf("posted %d times, want %d", got, tc.posts)
				}
				if got, want := len(p.Results()), b2i(tc.times < 99); got != want {
					t.Errorf("%d results arrived, want %d", got, want)
				}
				got := strings.Join(s.warned.all(), "\n")
				if (tc.warns == "") != (got == "") || !strings.Contains(got, tc.warns) {
					t.Errorf("warned %q, want %q", got, tc.warns)
				}
			})
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stopWhen stops, in a bubble, as soon as something has been seen.
func (s served) stopWhen(seen func() bool) error {
	for synctest.Wait(); !seen(); synctest.Wait() {
		time.Sleep(time.Millisecond)
	}
	err := s.stop()
	synctest.Wait()
	return err
}

func TestStopWaitsForAnAnswerOnItsWay(t *testing.T) {
	p := &platform.Runtime{Intercept: func(_ http.ResponseWriter, r *http.Request, c platform.Call) bool {
		return !c.Poll && c.N < 2 && platform.Hang(r, time.Hour)
	}}
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t, play, p)
		p.Send(platform.Invocation{Timeout: time.Minute})
		synctest.Wait()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if got := p.Results(); len(got) != 1 || !got[0].OK {
			t.Errorf("got %+v", got)
		}
	})
}

func TestDeadlineEndsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t, play, &platform.Runtime{})
		begun := time.Now()
		r := s.Do(t.Context(), platform.Invocation{Payload: []byte("wait"), Timeout: 7 * time.Second})
		if took := time.Since(begun); r.ErrorMessage != context.DeadlineExceeded.Error() || took != 7*time.Second {
			t.Errorf("got %+v after %v", r, took)
		}
	})
}

func TestHooksOfTheGoRuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t, play, &platform.Runtime{})
		for _, kind := range []platform.Kind{platform.Initialize, platform.Handle, platform.PreStop} {
			if r := s.Do(t.Context(), platform.Invocation{Kind: kind, Payload: []byte("untyped")}); r.OK != (kind != platform.Handle) {
				t.Errorf("kind %d: got %+v", kind, r)
			}
		}
	})
}

func TestPayloadThatCannotBeRead(t *testing.T) {
	tests := []struct {
		name string
		inv  platform.Invocation
		want string // message of an InvalidEvent, "" for a success
	}{
		{"cut off", platform.Invocation{Payload: []byte(`{"a":1}`), Truncate: true}, "reading the event: unexpected EOF"},
		{"as long as may be", platform.Invocation{Payload: make([]byte, 1000)}, ""},
		{"too long", platform.Invocation{Payload: make([]byte, 1001)}, "reading the event: more than 1000 bytes"},
		{"much too long", platform.Invocation{Payload: make([]byte, 8<<20)}, "reading the event: more than 1000 bytes"},
	}
	s := onGo(t, play, fc.Config{MaxPayload: 1000})
	for _, tc := range tests {
		r := s.Do(within(t), tc.inv)
		if r.ErrorMessage != tc.want || r.OK != (tc.want == "") || !r.OK && r.ErrorType != "InvalidEvent" {
			t.Errorf("%s: got %+v", tc.name, r)
		}
	}
	if got := s.warned.all(); len(got) != 3 {
		t.Errorf("warned %q", got)
	}
}

// The platform stalls in the middle of an event, and takes no refusal either: the loop goes on.
func TestStalledPayload(t *testing.T) {
	p := &platform.Runtime{}
	stall := roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := p.Transport().RoundTrip(r)
		if err == nil && resp.Header.Get("X-Fc-Request-Id") == "stalled" {
			stalled, sender := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = sender.CloseWithError(r.Context().Err()) })
			resp.Body = stalled
		}
		return resp, err
	})
	p.Intercept = func(w http.ResponseWriter, r *http.Request, _ platform.Call) bool {
		return strings.HasSuffix(r.URL.Path, "/stalled/error") && platform.Status(w, http.StatusForbidden)
	}
	t.Setenv("FC_RUNTIME_API", "")
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, fc.Config{RuntimeAPI: "runtime.test", Transport: stall}, play)
		p.Send(platform.Invocation{RequestID: "stalled"})
		if r := p.Invoke(t.Context(), nil); !r.OK {
			t.Errorf("got %+v", r)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		want := []string{"stalled: reading the event: context canceled", "stalled: sending the result, which is lost: answered 403"}
		if diff := cmp.Diff(want, s.warned.all()); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Everybody else's use of the globals that Serve borrows goes on, and they come back.
func TestBorrowedGlobals(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "other")
	}))
	defer other.Close()
	transport, output, flags := http.DefaultTransport, log.Writer(), log.Flags()
	s := onGo(t, play, fc.Config{})
	if r := s.Invoke(within(t), nil); !r.OK {
		t.Fatalf("got %+v", r)
	}
	resp, err := http.Get(other.URL + "/2020-11-11/runtime/invocation/next")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || string(body) != "other" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, ok := http.DefaultTransport.(*http.Transport); !ok {
		t.Errorf("http.DefaultTransport is a %T, which others assert on", http.DefaultTransport)
	}
	log.Printf("two\nlines")
	if got := strings.Join(s.warned.all(), "|"); !strings.HasSuffix(got, " two lines") || strings.Contains(got, "|") {
		t.Errorf("warned %q, want the one log entry on one line", got)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if http.DefaultTransport != transport || log.Writer() != output || log.Flags() != flags {
		t.Error("what was borrowed was not given back")
	}
}

func TestWarningNamesTheInvocationWithoutDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := inBubble(t, play, &platform.Runtime{})
		s.Do(t.Context(), platform.Invocation{RequestID: "r-1", Edit: func(h http.Header) { h.Del("x-fc-function-timeout") }})
		want := []string{"r-1: reading the invocation: no deadline or no timeout, assuming " +
			time.Now().Add(time.Minute).UTC().Format(time.RFC3339)}
		if diff := cmp.Diff(want, s.warned.all(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	})
}

func TestGoRuntimeThatCannotStart(t *testing.T) {
	t.Setenv("FC_RUNTIME_API", "")
	for _, api := range []string{"http://127.0.0.1:1", "127.0.0.1:x", ":80", "a b", "a/b", "127.0.0.1:1\x00"} {
		if err := fc.Serve(t.Context(), fc.Config{RuntimeAPI: api}, play); err == nil {
			t.Errorf("%q: served", api)
		}
	}
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = roundTripper(nil)
	if err := fc.Serve(t.Context(), fc.Config{RuntimeAPI: "127.0.0.1:1"}, play); err == nil {
		t.Error("served over a transport that is not net/http's")
	}
}
