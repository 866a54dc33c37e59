package simulator_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// With a writer that cannot be hijacked, as in HTTP/2, a cut connection ends as an aborted handler.

func TestCutConnectionsWithoutASocket(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.Inject(simulator.Fault{Kind: simulator.ResetBefore})
	defer wantAborted(t)
	c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
}

func wantAborted(t *testing.T) {
	t.Helper()
	if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		t.Errorf("recovered %v", err)
	}
}

// stuck is a connection that breaks when a handler writes to it or hijacks it.

type stuck struct{ http.ResponseWriter }

func (stuck) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Hijack fails, as it does when the server is shutting down.

func (stuck) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.ErrClosedPipe }

func TestConnectionThatCannotBeHijacked(t *testing.T) {
	t.Parallel()
	c := newCloud()
	c.Inject(simulator.Fault{Kind: simulator.Refused})
	defer wantAborted(t)
	c.ServeHTTP(stuck{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "/", nil))
}

func TestAnswerThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	defer wantAborted(t)
	newCloud().ServeHTTP(stuck{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "/", nil))
}

func TestServerRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newCloud().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", errReader{}))
	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}

// TestConcurrency lets many callers make all kinds of calls with faults: every connection is rejected exactly once, and the
// race detector finds nothing.

// TestLongQueryIsNotForTheAPI: a front end answers it, with a page that is not an error of the API.
func TestLongQueryIsNotForTheAPI(t *testing.T) {
	t.Parallel()
	c := newCloud()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?RegionId=cn-"+strings.Repeat("a", 8<<10), nil))
	if w.Code != http.StatusRequestURITooLong || !strings.HasPrefix(w.Body.String(), "<html>") || len(c.Calls()) != 0 {
		t.Errorf("answered %d %s, recorded %d calls", w.Code, w.Body, len(c.Calls()))
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		const connections, callers = 40, 4
		c := withRole(newCloud(many(connections)...))
		c.Latency = 100 * time.Microsecond
		c.Quota = simulator.Quota{Calls: 100000, Window: time.Minute}
		c.Inject(simulator.Fault{Kind: simulator.InternalError, Probability: 0.1, Seed: 1}, simulator.Fault{Kind: simulator.ResetAfter, Probability: 0.1, Seed: 2})
		r := start(c)
		var wg sync.WaitGroup
		for who := range callers {
			wg.Go(func() { rejectAll(r, who, connections) })
		}
		wg.Go(func() { lookAround(c, r) })
		wg.Wait()
		effects := map[string]int{}
		for _, call := range c.Calls() {
			if call.Effect {
				effects[call.InstanceID]++
			}
		}
		for _, it := range many(connections) {
			wantStatus(t, c, it.InstanceID, peering.Rejected)
			if effects[it.InstanceID] != 1 {
				t.Errorf("%s: %d effects", it.InstanceID, effects[it.InstanceID])
			}
		}
	})
}

func rejectAll(r rig, who, connections int) {
	for i := range connections {
		id := fmt.Sprintf("pcc-%04d", i)
		for range 50 {
			if _, err := r.as(accepterKey).reject(id, fmt.Sprintf("%d-%d", who, i), false); err == nil || code(err) == "IncorrectStatus.VpcPeer" {
				break
			}
		}
	}
}

func lookAround(c *simulator.Cloud, r rig) {
	for i := range 20 {
		_, _ = r.as(accepterKey).list("", 10)
		_, _ = r.as(accepterKey).assume(nil)
		c.Put(request(fmt.Sprintf("pcc-extra%d", i)))
		c.Items()
		c.Stats()
		c.Secrets()
		c.Deny(bystander, "*")
		c.Remove(fmt.Sprintf("pcc-extra%d", i))
	}
}
