package vpcpeer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

func TestGetReadsTheFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := pending("pcc-one", 1111111111111111)
	item.ManagedService = "SWAS"
	item.GmtExpired = "2026-11-08T00:00:00Z"
	item.Name = "ours \u202e\u009b31m" + strings.Repeat("é", 100)
	w.Put(item)
	got, err := w.client.Get(within(t, time.Minute), home, "pcc-one")
	want := peering.Connection{
		ID:        "pcc-one",
		Requester: peering.Side{Account: "6666666666666666", Region: "cn-hangzhou", VPC: "vpc-a", CIDRs: []string{"10.1.0.0/16", "2001:db8::/56"}},
		Accepter:  peering.Side{Account: own, Region: "cn-shanghai", VPC: "vpc-b"},
		Status:    peering.Accepting,
		ManagedBy: "SWAS",
		Created:   "2026-11-01T00:00:00Z",
		Expires:   "2026-11-08T00:00:00Z",
		Name:      "ours   31m" + strings.Repeat("é", 57) + "…",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, facts (-want +got):\n%s", err, diff)
	}
}

func TestGetOfUnknownOwnersAndConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := pending("pcc-nobody", 1111111111111111)
	item.OwnerID = 0
	w.Put(item)
	got, err := w.client.Get(within(t, time.Minute), home, "pcc-nobody")
	if err != nil || got.Requester.Account.Known() {
		t.Errorf("owner 0: got account %q, error %v, want an unknown one", got.Requester.Account, err)
	}
	_, err = w.client.Get(within(t, time.Minute), home, "pcc-none")
	if f := failed(t, err); f.Class != peering.Gone || f.Retryable || f.Code != "ResourceNotFound.InstanceId" {
		t.Errorf("no such connection: got %+v", f)
	}
}

func TestRejectConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111))
	ctx := within(t, time.Minute)
	id, err := w.client.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-1"})
	if err != nil || id == "" {
		t.Fatalf("got request id %q, error %v", id, err)
	}
	again, err := w.client.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-1"})
	if err != nil || again != id {
		t.Errorf("the same token again: got %q, %v, want the first answer %q", again, err, id)
	}
	_, err = w.client.Reject(ctx, home, peering.Rejection{ID: "pcc-one", ClientToken: "event-2"})
	if f := failed(t, err); f.Class != peering.WrongStatus || f.Retryable {
		t.Errorf("a second rejection: got %+v", f)
	}
	_, err = w.client.Reject(ctx, home, peering.Rejection{ID: "pcc-two", ClientToken: "event-1"})
	if f := failed(t, err); f.Class != peering.TokenTaken && f.Class != peering.Gone {
		t.Errorf("the token of another connection: got %+v", f)
	}
	for _, call := range w.Calls() {
		if call.Action != "RejectVpcPeerConnection" || call.Region != "cn-shanghai" || call.Account != own {
			t.Errorf("call %+v, want a rejection by the accepter in its region", call)
		}
	}
}

func TestDryRunIsAskedAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111))
	_, err := w.client.Reject(within(t, time.Minute), home, peering.Rejection{ID: "pcc-one", ClientToken: "t", DryRun: true})
	if f := failed(t, err); f.Class != peering.DryRunPassed || f.RequestID == "" {
		t.Errorf("got %+v", f)
	}
	if item, _ := w.Item("pcc-one"); item.Status != peering.Accepting {
		t.Errorf("the connection is %s after a dry run", item.Status)
	}
}

// TestRolesOfAccounts: calls for a member are made in its role, and those for the caller's own account never in one, even
// if the policy names it.
func TestRolesOfAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Put(pending("pcc-one", 1111111111111111), pending("pcc-two", 9999999999999999))
	client := vpcpeer.New(acs.New(acs.Config{Transport: w.Cloud}), acs.Caller{Account: own, Region: "cn-shanghai", Credentials: canaries},
		roles(map[peering.Account]peering.Role{member: {ARN: role}, own: {ARN: "acs:ram::1111111111111111:role/peerguard"}}))
	for account, id := range map[peering.Account]string{own: "pcc-one", member: "pcc-two"} {
		if _, err := client.Get(within(t, time.Minute), peering.Partition{Account: account, Region: "cn-shanghai"}, id); err != nil {
			t.Errorf("%s: %v", account, err)
		}
	}
	if n := w.Stats().ByAction["AssumeRole"]; n != 1 {
		t.Errorf("%d sessions, want the member's", n)
	}
}

// TestSessionsAreNarrow: a session may make the calls of this package and nothing else, whatever the role allows, and is
// opened with the external id that the role asks for.
func TestSessionsAreNarrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{own}, ExternalID: "our-secret-word"})
	open := func(externalID string) error {
		client := vpcpeer.New(acs.New(acs.Config{Transport: w.Cloud}), acs.Caller{Account: own, Region: "cn-shanghai", Credentials: canaries},
			roles(map[peering.Account]peering.Role{member: {ARN: role, ExternalID: externalID}}))
		return client.Assume(within(t, time.Minute), member)
	}
	if f := failed(t, open("")); f.Class != peering.Forbidden {
		t.Errorf("without an external id: %v", f)
	}
	if err := open("our-secret-word"); err != nil {
		t.Errorf("with the external id: %v", err)
	}
	type statement struct {
		Effect, Resource string
		Action           []string
	}
	var policy struct{ Statement []statement }
	sent := w.Calls()[1]
	if err := json.Unmarshal([]byte(sent.Policy), &policy); err != nil || sent.ExternalID != "our-secret-word" {
		t.Fatalf("%v in %+v", err, sent)
	}
	want := []statement{{"Allow", "*", []string{"vpc:GetVpcPeerConnectionAttribute", "vpc:ListVpcPeerConnections", "vpc:RejectVpcPeerConnection"}}}
	if diff := cmp.Diff(want, policy.Statement); diff != "" {
		t.Errorf("the session policy (-want +got):\n%s", diff)
	}
}

// TestAssumeWithoutARole: nothing is assumed for an account without a role, nor for the caller's own.
func TestAssumeWithoutARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, account := range []peering.Account{own, "5555555555555555"} {
		if err := w.client.Assume(within(t, time.Minute), account); err != nil || w.Stats().Calls != 0 {
			t.Errorf("%s: %v after %d calls", account, err, w.Stats().Calls)
		}
	}
}

// TestClientsDoNotPrintCredentials: fmt calls no method of what an unexported field holds.
func TestClientsDoNotPrintCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		leakFree(t, w, errors.New(fmt.Sprintf(verb, w.client)+fmt.Sprintf(verb, *w.client)))
	}
}

// TestQuotaIsKeptAndUsed: many calls at once of one API in one partition never meet the documented quota, and use most of it.
func TestQuotaIsKeptAndUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Quota = simulator.DocumentedQuota
		w.Latency = 50 * time.Millisecond
		w.Put(pending("pcc-one", 1111111111111111))
		const callers, calls = 8, 2_000
		ctx := within(t, time.Hour)
		start := time.Now()
		var wait sync.WaitGroup
		for range callers {
			wait.Go(func() {
				for range calls / callers {
					if _, err := w.client.Get(ctx, home, "pcc-one"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		if n := w.Stats().Throttled; n > 0 {
			t.Errorf("%d throttle answers that we caused", n)
		}
		used := calls / (time.Since(start).Seconds() / 60 * 360)
		t.Logf("%d calls in %v: %.0f %% of the quota", calls, time.Since(start), 100*used)
		if used < 0.8 {
			t.Errorf("%.0f %% of the quota used, want 80 %% at least", 100*used)
		}
	})
}

// TestARejectionCanBeWithdrawn: each attempt is asked for right before it is sent, after all waiting.
func TestARejectionCanBeWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Put(pending("pcc-one", 1111111111111111))
		w.Inject(simulator.Fault{Kind: simulator.Throttle, Count: 2, For: 20 * time.Second})
		asked, start := 0, time.Now()
		_, err := w.client.Reject(within(t, 5*time.Minute), home, peering.Rejection{ID: "pcc-one", ClientToken: "t", Still: func(context.Context) error {
			if asked++; asked < 3 {
				return nil
			}
			return &peering.Failure{Code: "No", Class: peering.Withdrawn}
		}})
		if f := failed(t, err); f.Class != peering.Withdrawn || asked != 3 || len(w.Calls()) != 2 || time.Since(start) < 40*time.Second {
			t.Errorf("asked %d times, %d calls in %v, %v; want the third attempt not to be sent", asked, len(w.Calls()), time.Since(start), err)
		}
	})
}
