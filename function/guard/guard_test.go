package guard_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

const (
	own      = peering.Account("1111111111111111")
	member   = peering.Account("9999999999999999")
	partner  = 2222222222222222
	stranger = 6666666666666666
)

// rules is the policy of these tests; what a test adds comes after it.
const rules = `version: 1
mode: enforce
guard:
  regions: [cn-shanghai, cn-hangzhou]
  accounts: [{role: "acs:ram::9999999999999999:role/peerguard"}]
allow:
  - name: partner
    accounts: ["2222222222222222"]
`

// world is a simulated cloud, a guard, and one invocation of it through the real client.
type world struct {
	*simulator.Cloud
	*guard.Guard
	inv *guard.Invocation

	mu     sync.Mutex
	judged []guard.Entry
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	w := &world{Cloud: &simulator.Cloud{}, Guard: guard.New()}
	w.AddKey(simulator.Key{ID: "id", Secret: "secret", Token: "token", Account: own})
	w.AddRole(simulator.Role{ARN: "acs:ram::9999999999999999:role/peerguard", TrustedAccounts: []peering.Account{own}})
	p, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.inv = &guard.Invocation{
		RequestID: "request-1", Account: own, Region: "cn-shanghai", Version: "v1.2.3", Policy: p, OnEntry: w.judge,
	}
	w.inv.Cloud = vpcpeer.New(acs.New(acs.Config{Transport: w.Cloud}), acs.Caller{
		Account: own, Region: "cn-shanghai", Credentials: peering.NewCredentials("id", "secret", "token"),
	}, w.inv.Role)
	return w
}

func (w *world) judge(e guard.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judged = append(w.judged, e)
}

// check handles one hint with a token of its own.
func (w *world) check(ctx context.Context, id string) *guard.Report {
	return w.Check(ctx, w.triggered("event-1"), []guard.Hint{{InstanceID: id, ClientToken: "event-1"}})
}

// triggered returns the invocation for a trigger.
func (w *world) triggered(id string) *guard.Invocation {
	return &guard.Invocation{
		RequestID: w.inv.RequestID, TriggerID: id, Version: w.inv.Version, Account: w.inv.Account, Region: w.inv.Region,
		Policy: w.inv.Policy, Reread: w.inv.Reread, Cloud: w.inv.Cloud, OnEntry: w.inv.OnEntry, OnVisit: w.inv.OnVisit,
	}
}

// sweep sweeps the policy's whole scope.
func (w *world) sweep(t *testing.T, ctx context.Context) *guard.Report {
	t.Helper()
	scope, err := w.inv.Scope(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.Sweep(ctx, w.triggered("timer@now"), scope, func(id string) string { return "sweep-" + id })
}

// rejections returns the calls that tried to reject a connection.
func (w *world) rejections(id string) (calls []simulator.Call) {
	for _, c := range w.Calls() {
		if c.Action == "RejectVpcPeerConnection" && c.InstanceID == id {
			calls = append(calls, c)
		}
	}
	return calls
}

func request(id string, requester int64, edit ...func(*simulator.Item)) simulator.Item {
	item := simulator.Item{
		InstanceID: id, OwnerID: requester, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}},
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"},
		Status: peering.Accepting,
	}
	for _, e := range edit {
		e(&item)
	}
	return item
}

func status(s peering.Status) func(*simulator.Item) {
	return func(i *simulator.Item) { i.Status = s }
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// only returns the single entry of a report.
func only(t *testing.T, r *guard.Report) guard.Entry {
	t.Helper()
	if len(r.Connections) != 1 {
		t.Fatalf("%d connections in the report, want one: %+v", len(r.Connections), r.Connections)
	}
	return r.Connections[0]
}

// code returns the error code of an entry, "" if it has no error.
func code(e guard.Entry) string {
	if e.Error == nil {
		return ""
	}
	return e.Error.Code
}

// nonzero formats the counts that are not 0.
func nonzero(counts map[guard.Outcome]int) string {
	var parts []string
	for outcome, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", outcome, n))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}
