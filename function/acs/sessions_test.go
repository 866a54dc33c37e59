package acs_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
)

func TestMemberAccountsAreReachedThroughTheirRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 9999999999999999), pending("pcc-two", 9999999999999999))
		reject := func(id string) {
			t.Helper()
			if err := w.client.reject(within(t, time.Minute), there, id, id); err != nil {
				t.Fatal(err)
			}
		}
		reject("pcc-one")
		time.Sleep(30 * time.Minute)
		reject("pcc-two")
		if n := w.Stats().ByAction["AssumeRole"]; n != 1 {
			t.Errorf("%d sessions for two calls within the hour, want one", n)
		}
		time.Sleep(26 * time.Minute)
		w.Put(pending("pcc-three", 9999999999999999))
		reject("pcc-three")
		if n := w.Stats().ByAction["AssumeRole"]; n != 2 {
			t.Errorf("%d sessions, want a new one shortly before the first ends", n)
		}
		for _, call := range w.Calls() {
			if call.Action != "AssumeRole" && call.Account != member {
				t.Errorf("%s was called as %s, want the member account", call.Action, call.Account)
			}
		}
	})
}

func TestRefusedSessionIsRenewedOnce(t *testing.T) {
	t.Parallel()
	for _, forever := range []bool{false, true} {
		t.Run(fmt.Sprintf("forever=%t", forever), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Put(pending("pcc-one", 9999999999999999))
				fault := simulator.Fault{Kind: simulator.TokenExpired, Action: "GetVpcPeerConnectionAttribute", Count: 1}
				if forever {
					fault.Count = 0
				}
				w.Inject(fault)
				err := w.client.get(within(t, time.Minute), there)
				if !forever && err != nil {
					t.Errorf("got %v, want the facts through a new session", err)
				}
				if forever && failed(t, err).Code != "InvalidSecurityToken.Expired" {
					t.Errorf("got %v, want the API's code", err)
				}
				if n := w.Stats().ByAction["AssumeRole"]; n != 2 {
					t.Errorf("%d sessions, want the refused one and a new one", n)
				}
			})
		})
	}
}

// late delays requests for one region by a second.
type late struct {
	http.RoundTripper
	region string
}

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Query().Get("RegionId") == l.region {
		time.Sleep(time.Second)
	}
	return l.RoundTripper.RoundTrip(r)
}

// TestRenewalElsewhereHoldsUpNoDeadline: a call's session is refused while another call, with a later deadline, is already
// trying in vain to renew it.
func TestRenewalElsewhereHoldsUpNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.client = newClient(acs.Config{Transport: late{w.Cloud, "cn-hangzhou"}})
		if err := w.client.assume(within(t, time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.Inject(
			simulator.Fault{Kind: simulator.TokenExpired, Action: "GetVpcPeerConnectionAttribute"},
			simulator.Fault{Kind: simulator.Hang, Action: "AssumeRole"},
		)
		start := time.Now()
		var calls sync.WaitGroup
		for region, d := range map[string]time.Duration{"cn-shanghai": 5 * time.Minute, "cn-hangzhou": 15 * time.Second} {
			calls.Go(func() {
				err := w.client.get(within(t, d), peering.Partition{Account: member, Region: region})
				if took := time.Since(start); err == nil || took > d {
					t.Errorf("%s: got %v after %v, want a failure within %v", region, err, took, d)
				}
			})
		}
		calls.Wait()
	})
}

func TestRolesThatCannotBeAssumed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Deny(own, "AssumeRole")
	err := w.client.get(within(t, time.Minute), there)
	f := failed(t, err)
	if f.Retryable || !strings.Contains(f.Message, "assuming "+role) {
		t.Errorf("got %+v, want a final failure that names the role", f)
	}
	if w.Stats().ByAction["GetVpcPeerConnectionAttribute"] != 0 {
		t.Error("the connection was read with other credentials")
	}
}

// TestRefusedRolesAreNotAskedForEachTime: many calls share a refusal for a while, and a role that has been repaired is not
// refused for long.
func TestRefusedRolesAreNotAskedForEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Latency = 50 * time.Millisecond
		w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "AssumeRole", Count: 1})
		answers := make(chan error)
		for range 28 {
			go func() { answers <- w.client.assume(within(t, time.Minute)) }()
		}
		for range 28 {
			if f := failed(t, <-answers); f.Class != peering.Forbidden || !strings.Contains(f.Message, "assuming "+role) {
				t.Errorf("got %+v, want a refusal that names the role", f)
			}
		}
		time.Sleep(9 * time.Second)
		_ = failed(t, w.client.assume(within(t, time.Minute)))
		if n := w.Stats().ByAction["AssumeRole"]; n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		time.Sleep(time.Second)
		if err := w.client.assume(within(t, time.Minute)); err != nil {
			t.Errorf("got %v from the role that has been repaired", err)
		}
	})
}

// TestFailuresThatMayPassAreNotRemembered: a call that ran out of time says nothing about the next one.
func TestFailuresThatMayPassAreNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Inject(simulator.Fault{Kind: simulator.Unavailable, Action: "AssumeRole", Count: 3})
		if f := failed(t, w.client.assume(within(t, 1010*time.Millisecond))); f.Class != peering.OutOfTime {
			t.Errorf("got %+v", f)
		}
		if err := w.client.assume(within(t, time.Minute)); err != nil {
			t.Errorf("got %v, want a session", err)
		}
	})
}

// TestSessionsWithoutCredentials: an answer of AssumeRole without credentials is not a session.
func TestSessionsWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := newClient(acs.Config{Transport: says{http.StatusOK, `{"RequestId":"r","Credentials":{}}`}})
	err := s.assume(within(t, 1500*time.Millisecond))
	if f := failed(t, err); f.Code != "NoConfirmation" || f.Message != "assuming "+role+": AssumeRole answered without credentials" {
		t.Errorf("got %v", err)
	}
}

// TestWaitingForASession ends with the context: another call may take much longer to assume the role.
func TestWaitingForASession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newClient(acs.Config{Transport: mute{}})
		go func() { _ = s.assume(within(t, time.Hour)) }()
		synctest.Wait()
		start := time.Now()
		f := failed(t, s.assume(within(t, 3*time.Second)))
		if f.Class != peering.OutOfTime || time.Since(start) != 3*time.Second {
			t.Errorf("got %+v after %v", f, time.Since(start))
		}
	})
}

// TestOneSessionForManyCalls: a session that lasts is not renewed, and the caller's own account needs none.
func TestOneSessionForManyCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111))
	if err := w.client.get(t.Context(), home); err != nil || w.Stats().ByAction["AssumeRole"] > 0 {
		t.Errorf("own account: %v after %v, want no session", err, w.Stats().ByAction)
	}
	for range 2 {
		if err := w.client.assume(t.Context()); err != nil || w.Stats().ByAction["AssumeRole"] != 1 {
			t.Errorf("member: %v after %v", err, w.Stats().ByAction)
		}
	}
}
