package fc_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"peerguard/simulator/platform"
)

// start runs this test binary as a function.
func start(t *testing.T, env ...string) *platform.Process {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := platform.Start(platform.Command{Path: path, Env: append(env, "FC_TEST_FUNCTION=1", "GOCOVERDIR="+t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// processes start a function in a process of its own, on either runtime.
var processes = map[string]func(*testing.T) (caller, *platform.Process){
	"go": func(t *testing.T) (caller, *platform.Process) {
		t.Helper()
		api := &platform.Runtime{}
		server := httptest.NewServer(api)
		t.Cleanup(server.Close)
		return api, start(t, platform.GoEnv(strings.TrimPrefix(server.URL, "http://")))
	},
	"custom": func(t *testing.T) (caller, *platform.Process) {
		t.Helper()
		port, err := platform.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		c, p := &platform.Custom{Addr: "127.0.0.1:" + port}, start(t, platform.CustomEnv(port))
		if err := c.Ready(within(t)); err != nil {
			t.Fatalf("%v\n%s", err, p.Output())
		}
		return c, p
	},
}

func TestProcessShowsNoSecret(t *testing.T) {
	t.Parallel()
	for name, on := range processes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := on(t)
			for _, payload := range []string{"typed", "untyped", "panic", "panic with error", "nil error pointer", "no json", ""} {
				r := c.Invoke(within(t), []byte(payload))
				if r.Err != nil || r.OK != (payload == "") {
					t.Errorf("%q: got %+v", payload, r)
				}
			}
			if code, err := p.Stop(30 * time.Second); code != 0 || err != nil {
				t.Errorf("exit %d, %v", code, err)
			}
			out := p.Output()
			if leaks := platform.Leaks(out); leaks != nil {
				t.Errorf("the output holds %v", leaks)
			}
			for line := range strings.Lines(out) { // a message of two lines is the test's own
				if !strings.HasPrefix(line, "FC Invoke ") && !strings.HasPrefix(line, "WARN ") && line != "b\n" {
					t.Errorf("an unexpected line: %q", line)
				}
			}
			if got := strings.Count(out, "FC Invoke Start RequestId: "); got != 7 {
				t.Errorf("%d invocations began, want 7", got)
			}
		})
	}
}

func TestTermFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	for name, on := range processes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, p := on(t)
			result := make(chan platform.Result, 1)
			go func() { result <- c.Invoke(within(t), []byte("half a second")) }()
			for !strings.Contains(p.Output(), "FC Invoke Start") {
				time.Sleep(time.Millisecond)
			}
			code, err := p.Stop(30 * time.Second)
			if code != 0 || err != nil {
				t.Errorf("exit %d, %v\n%s", code, err, p.Output())
			}
			if r := <-result; !r.OK || string(r.Body) != `"finished"` {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestBadPortStopsTheProcess(t *testing.T) {
	t.Parallel()
	p := start(t, platform.CustomEnv("http"))
	if code, err := p.Wait(30 * time.Second); code != 1 || err != nil {
		t.Errorf("exit %d, %v", code, err)
	}
	if got := p.Output(); got != "reading FC_CUSTOM_LISTEN_PORT: \"http\" is not a port\n" {
		t.Errorf("printed %q", got)
	}
}
