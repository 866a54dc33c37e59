package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// These are the usual faults of guardrails, as clouds that stand between the judge and the real client.

// deaf takes an error on a read for "not found".
type deaf struct{ guard.Cloud }

func (d deaf) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	c, err := d.Cloud.Get(ctx, in, id)
	if err != nil && ctx.Err() == nil {
		err = &peering.Failure{Code: "ResourceNotFound.InstanceId", Class: peering.Gone}
	}
	return c, err
}

// hasty takes an error in a list for its end.
type hasty struct{ guard.Cloud }

func (h hasty) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	next := h.Cloud.List(in)
	return func(ctx context.Context) ([]peering.Connection, error) {
		page, err := next(ctx)
		if err != nil {
			return nil, io.EOF
		}
		return page, nil
	}
}

// onlyReads lets nothing but reads go wrong, and those nearly always: that a connection is not found is believed only if it
// is so for a while.
var onlyReads = []simulator.Fault{{Kind: simulator.Forbidden, Action: "GetVpcPeerConnectionAttribute", Probability: 0.9, Seed: 1}}

// onlyLists lets nothing but lists go wrong, and those nearly always. A sweep that also fails elsewhere says so and is not
// caught; it fails as soon as it sees a connection that nobody can judge.
var onlyLists = []simulator.Fault{{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Probability: 0.9, Seed: 1}}

// credulous believes what an event says of the requester.
type credulous struct {
	guard.Cloud
	payload []byte
}

func (c credulous) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	got, err := c.Cloud.Get(ctx, in, id)
	if claimed := requesterOf(c.payload, id); claimed != "" {
		got.Requester.Account = claimed
	}
	return got, err
}

// strict takes everybody for a stranger.
type strict struct{ guard.Cloud }

func (s strict) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	c, err := s.Cloud.Get(ctx, in, id)
	c.Requester.Account = "6666666666666666"
	return c, err
}

// boastful claims to have rejected what it has not.
type boastful struct{ guard.Cloud }

func (boastful) Reject(context.Context, peering.Partition, peering.Rejection) (string, error) {
	return "request-of-nobody", nil
}

// forgetful makes up a new client token for each rejection.
type forgetful struct{ guard.Cloud }

func (f forgetful) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	r.ClientToken = digest(fmt.Sprint(rand.Uint64()))
	return f.Cloud.Reject(ctx, in, r)
}

// timid leaves a connection alone once an event has named the partner as its requester, and says that it failed.
type timid struct {
	guard.Cloud
	disputed *sync.Map
}

func newTimid() func(guard.Cloud, []byte) guard.Cloud {
	disputed := new(sync.Map)
	return func(c guard.Cloud, payload []byte) guard.Cloud {
		for _, id := range connectionID.FindAllString(string(payload), -1) {
			if requesterOf(payload, id) == "2222222222222222" {
				disputed.Store(id, true)
			}
		}
		return timid{c, disputed}
	}
}

var connectionID = regexp.MustCompile(`pcc-[a-z0-9]+`)

func (d timid) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	if _, found := d.disputed.Load(r.ID); found {
		return "", &peering.Failure{Code: "Disputed"}
	}
	return d.Cloud.Reject(ctx, in, r)
}

// stubborn gives up on a connection if its first token is taken, and says so.
type stubborn struct {
	guard.Cloud
	taken *sync.Map
}

func (s stubborn) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	if err, given := s.taken.Load(r.ID); given {
		return "", err.(error)
	}
	id, err := s.Cloud.Reject(ctx, in, r)
	if f, failed := errors.AsType[*peering.Failure](err); failed && f.Class == peering.TokenTaken {
		s.taken.Store(r.ID, err)
	}
	return id, err
}

// gullible takes an account of which the directory says nothing for a stranger.
type gullible struct{ guard.Directory }

func (g gullible) Path(ctx context.Context, a peering.Account) (peering.Path, error) {
	path, err := g.Directory.Path(ctx, a)
	if err != nil {
		return peering.Outside, nil //nolint:nilerr // this is what is wrong with it
	}
	return path, nil
}

// forgiving takes everybody for a member.
type forgiving struct{ guard.Directory }

func (f forgiving) Path(context.Context, peering.Account) (peering.Path, error) { return inOurs, nil }

// onlyTheDirectory lets nothing but the directory go wrong, and that nearly always.
var onlyTheDirectory = []simulator.Fault{
	{Kind: simulator.Forbidden, Action: "ListAccounts", Probability: 0.9, Seed: 1}, {Kind: simulator.Forbidden, Action: "GetAccount", Probability: 0.9, Seed: 2},
}

// breakage is a way to break a handler, and the score that must show it.
type breakage struct {
	name   string
	faults []simulator.Fault                                   // instead of those of the seed, where there are any
	wreck  func(cloud guard.Cloud, payload []byte) guard.Cloud // as inProcess.wreck
	stray  func(guard.Directory) guard.Directory               // as inProcess.stray
	edit   func(platform.Result) platform.Result               // as inProcess.edit
	caught func(score) int                                     // nil: nothing is broken, and the run is clean
	late   bool                                                // it shows only after the faults have ended
}

var breakages = []breakage{
	{name: "not broken"},
	{name: "not broken, reads fail", faults: onlyReads},
	{name: "not broken, lists fail", faults: onlyLists},
	{name: "not broken, the directory fails", faults: onlyTheDirectory},
	{
		name: "errors of the directory taken for strangers", faults: onlyTheDirectory,
		stray:  func(d guard.Directory) guard.Directory { return gullible{d} },
		caught: func(s score) int { return s.wrong },
	},
	{
		name:   "everybody taken for a member",
		stray:  func(d guard.Directory) guard.Directory { return forgiving{d} },
		caught: func(s score) int { return s.lost },
	},
	{
		name: "errors on read swallowed", faults: onlyReads,
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return deaf{c} },
		caught: func(s score) int { return s.lost },
	},
	{
		name: "errors in lists swallowed", faults: onlyLists,
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return hasty{c} },
		caught: func(s score) int { return s.lost },
	},
	{
		name:   "event facts trusted",
		wreck:  func(c guard.Cloud, p []byte) guard.Cloud { return credulous{c, p} },
		caught: func(s score) int { return min(s.lost, s.wrong) },
	},
	{
		name:   "everybody rejected",
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return strict{c} },
		caught: func(s score) int { return s.wrong },
	},
	{
		name:   "rejections not sent",
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return boastful{c} },
		caught: func(s score) int { return s.lost },
	},
	{
		name:   "tokens made up",
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return forgetful{c} },
		caught: func(s score) int { return s.twice },
	},
	{
		name:   "requests left alone when in doubt",
		wreck:  newTimid(),
		caught: func(s score) int { return s.heldOff },
		late:   true,
	},
	{
		name:   "taken tokens not replaced",
		wreck:  func(c guard.Cloud, _ []byte) guard.Cloud { return stubborn{c, new(sync.Map)} },
		caught: func(s score) int { return s.heldOff },
		late:   true,
	},
	{
		name: "failures reported as success",
		edit: func(r platform.Result) platform.Result {
			if !r.OK {
				r.OK, r.Body = true, []byte(`{"mode":"enforce"}`)
			}
			return r
		},
		caught: func(s score) int { return s.lost },
	},
	{
		name: "secrets answered",
		edit: func(r platform.Result) platform.Result {
			r.ErrorMessage += "signing with " + platform.Credentials().AccessKeySecret
			return r
		},
		caught: func(s score) int { return s.leaks },
	},
}

// TestTheCheckerCanFail runs the plan against handlers that are broken on purpose. The checker must catch each of them for
// its own fault, and must find nothing wrong with the ones that are not broken.
func TestTheCheckerCanFail(t *testing.T) {
	t.Parallel()
	var wait sync.WaitGroup
	for _, tt := range breakages {
		wait.Go(func() {
			r, err := newRun(11, t.TempDir())
			if err != nil {
				t.Error(err)
				return
			}
			r.renames = true
			if tt.faults != nil {
				r.faults = tt.faults
			}
			for range 2 {
				h := newInProcess(r)
				h.wreck, h.stray, h.edit = tt.wreck, tt.stray, tt.edit
				r.functions = append(r.functions, h)
			}
			d := 6 * time.Second
			if tt.caught != nil && !tt.late {
				d = 5 * time.Minute // at most, on a busy machine: the run ends once the fault is caught
				r.enough = func(s score) bool { return tt.caught(s) > 0 }
			}
			switch s := r.chaos(d); {
			case tt.caught != nil && tt.caught(s) == 0:
				t.Errorf("%s: not caught: %v", tt.name, s)
			case tt.caught == nil && !s.clean():
				t.Errorf("%s: blamed for %q", tt.name, r.problems)
			}
		})
	}
	wait.Wait()
}

// TestAProcessThatEndsIsACrash: an end that the plan did not ask for is counted once, even if a restart comes before it is
// noticed, and another process takes over.
func TestAProcessThatEndsIsACrash(t *testing.T) {
	t.Parallel()
	r, err := instances(t, 1, "info")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range r.functions {
		g := f.(*instance).current()
		if err := g.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-g.Ended()
		if i%2 == 0 {
			f.restart(true)
		}
	}
	r.enough = func(s score) bool { return s.crashes >= len(r.functions) } // there is no need for a siege
	if s := r.chaos(time.Second); s.crashes != len(r.functions) {
		t.Errorf("%d crashes, want %d: %q", s.crashes, len(r.functions), r.problems)
	}
}
