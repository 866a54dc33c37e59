package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/peering"
	"peerguard/simulator"
)

const (
	own        = peering.Account("1111111111111111") // a delegated administrator
	management = peering.Account("9999999999999999")
	stranger   = peering.Account("6666666666666666")
	role       = "acs:ram::9999999999999999:role/peerguard-directory"

	root   = "rd-3G0000/r-AAAAAA"
	folder = root + "/fd-AAAAAAAAAA"
	nested = folder + "/fd-BBBBBBBBBB"
)

// canaries are the caller's credentials: nothing but a signed request may hold one of them.
var canaries = peering.NewCredentials("STS.CanaryKeyID0001", "CanarySecret+/=0002", "CanaryToken+/==0003&4")

// world is a simulated organisation, and what is remembered of it.
type world struct {
	*simulator.Cloud
	memory *directory.Memory
}

// newWorld returns an organisation in which own and n more accounts are members, the latter in a nested folder.
func newWorld(t *testing.T, n int) *world {
	t.Helper()
	sim := &simulator.Cloud{Quota: simulator.DocumentedQuota}
	sim.AddKey(simulator.Key{ID: canaries.AccessKeyID(), Secret: canaries.AccessKeySecret(), Token: canaries.SecurityToken(), Account: own})
	sim.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{own}})
	d := simulator.Directory{ID: "rd-3G0000", Root: "r-AAAAAA", Management: management, Administrators: []peering.Account{own}}
	d.Members = append(d.Members, simulator.Member{Account: own, Path: folder})
	for i := range n {
		d.Members = append(d.Members, simulator.Member{Account: member(i), Path: nested})
	}
	sim.SetDirectory(d)
	t.Cleanup(func() {
		if unknown := sim.UnknownActions(); len(unknown) > 0 {
			t.Errorf("the simulator does not know %v", unknown)
		}
		if n := sim.Stats().Throttled - sim.Stats().Faults; n > 0 {
			t.Errorf("%d throttle answers that we caused", n)
		}
	})
	return &world{sim, directory.NewMemory(acs.New(acs.Config{Transport: sim}))}
}

// member returns the account of the i-th member of the nested folder.
func member(i int) peering.Account { return peering.Account(fmt.Sprintf("8%015d", i)) }

func caller() acs.Caller {
	return acs.Caller{Account: own, Region: "cn-shanghai", Credentials: canaries}
}

// client is another invocation.
func (w *world) client() *directory.Client {
	return w.memory.Client(caller(), directory.Access{ID: "rd-3G0000"})
}

// calls returns how often an action was called since the last time.
func (w *world) calls(action string, before *int) int {
	n := w.Stats().ByAction[action]
	since := n - *before
	*before = n
	return since
}

// path is what an invocation with ten minutes learns of an account.
// path returns where an account is: as a fresh reading says, or else as the directory answers for it alone.
func (w *world) path(t *testing.T, account peering.Account) (peering.Path, error) {
	t.Helper()
	client, ctx := w.client(), within(t, 10*time.Minute)
	var path peering.Path
	reading, err := client.Reading(ctx, 5*time.Minute)
	if err == nil {
		path = reading.Path(account)
	}
	if err == nil && !path.Known() {
		path, err = client.Path(ctx, account)
	}
	if (err == nil) != path.Known() {
		t.Errorf("%s: %q, %v: want one of the two", account, path, err)
	}
	leakFree(t, w, err)
	return path, err
}

func (w *world) wantPath(t *testing.T, account peering.Account, want peering.Path) {
	t.Helper()
	if path, err := w.path(t, account); err != nil || path != want {
		t.Errorf("%s: got %q, %v, want %q", account, path, err, want)
	}
}

func (w *world) wantUnknown(t *testing.T, account peering.Account, code string) {
	t.Helper()
	path, err := w.path(t, account)
	if err == nil {
		t.Fatalf("%s: got %q, want %s", account, path, code)
	}
	if f := failed(t, err); f.Code != code || f.Class == peering.OutOfTime {
		t.Errorf("%s: got %+v, want %s", account, f, code)
	}
}

// within returns a context with a deadline.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// failed returns the failure that an error is.
func failed(t *testing.T, err error) *peering.Failure {
	t.Helper()
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a *peering.Failure", err)
	}
	return f
}

// leakFree fails the test if an error holds a secret.
func leakFree(t *testing.T, w *world, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range append(w.Secrets(), canaries.AccessKeyID(), canaries.AccessKeySecret(), canaries.SecurityToken()) {
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), url.QueryEscape(secret)) {
			t.Errorf("the error holds a secret: %v", err)
		}
	}
}
