package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/event"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// inProcess is a handler in this process that can be broken on purpose. Client and judge are the real ones.
type inProcess struct {
	cloud  *simulator.Cloud
	source *policy.Source
	// wreck returns the cloud that the judge sees instead, if not nil.
	wreck func(cloud guard.Cloud, payload []byte) guard.Cloud
	// stray returns the directory that the judge sees instead, if not nil.
	stray func(guard.Directory) guard.Directory
	// edit changes the answer, if not nil.
	edit func(platform.Result) platform.Result

	mu    sync.Mutex
	guard *guard.Guard
	peer  *acs.Cloud
	books *directory.Memory
	alive context.Context //nolint:containedctx // the life of what stands in for a process
	kill  context.CancelFunc
}

func newInProcess(r *run) *inProcess {
	h := &inProcess{cloud: r.cloud, source: policy.NewSource(os.DirFS(r.folder), policyFile)}
	h.restart(true)
	return h
}

func (h *inProcess) slots() int { return 30 }

// restart forgets what a process would forget. A kill also gives up what is running.
func (h *inProcess) restart(kill bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if kill && h.kill != nil {
		h.kill()
	}
	h.guard, h.peer = guard.New(), acs.New(acs.Config{Transport: h.cloud})
	h.books = directory.NewMemory(h.peer)
	h.alive, h.kill = context.WithCancel(context.Background())
}

func (h *inProcess) close() { h.kill() }

func (h *inProcess) do(ctx context.Context, inv platform.Invocation) platform.Result {
	h.mu.Lock()
	alive := h.alive
	state := inProcess{source: h.source, wreck: h.wreck, stray: h.stray, guard: h.guard, peer: h.peer, books: h.books}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, inv.Timeout)
	defer cancel()
	defer context.AfterFunc(alive, cancel)() //nolint:contextcheck // it ends with the invocation, or with what stands in for the process
	r := platform.Result{RequestID: inv.RequestID}
	report, err := state.handle(ctx, inv)
	switch {
	case alive.Err() != nil:
		r.Err = errors.New("killed")
	case err != nil:
		r.ErrorMessage = err.Error()
	default:
		r.OK = true
		r.Body, r.Err = json.Marshal(report)
	}
	if h.edit != nil {
		r = h.edit(r)
	}
	return r
}

// handle is what the function's own handler does.
func (h *inProcess) handle(ctx context.Context, in platform.Invocation) (*guard.Report, error) {
	input, err := event.Parse(in.Payload)
	if err != nil {
		return nil, err
	}
	rules, err := h.source.Load(ctx)
	if err != nil {
		return nil, err
	}
	inv := &guard.Invocation{RequestID: in.RequestID, Account: own, Region: in.Region, Policy: rules, Reread: h.source.Load}
	caller := acs.Caller{Account: own, Region: in.Region, Credentials: platform.Credentials().Sealed()}
	inv.Cloud = vpcpeer.New(h.peer, caller, inv.Role)
	inv.Directory = h.books.Client(caller, handler.Access(rules))
	if h.stray != nil {
		inv.Directory = h.stray(inv.Directory)
	}
	if h.wreck != nil {
		inv.Cloud = h.wreck(inv.Cloud, in.Payload)
	}
	switch in := input.(type) {
	case *event.Events:
		hints := make([]guard.Hint, len(in.Hints))
		for i, hint := range in.Hints {
			hints[i] = guard.Hint{
				InstanceID: hint.InstanceID, Accepters: hint.Accepters, AccepterUnreadable: hint.AccepterUnreadable,
				Region: hint.Region, ClientToken: hint.ClientToken(),
			}
		}
		inv.TriggerID = in.TriggerID
		report := h.guard.Check(ctx, inv, hints)
		return report, errors.Join(report.Err(), in.Err)
	case *event.Sweep:
		scope, err := inv.Scope(ctx, in.Accounts, in.Regions)
		if err != nil {
			return nil, err
		}
		inv.TriggerID = in.ID()
		report := h.guard.Sweep(ctx, inv, scope, in.ClientToken)
		err = report.Err()
		return report, err
	}
	return nil, fmt.Errorf("an input of type %T", input)
}

// requesterOf returns the account that a payload names as the requester of a connection, or "".
func requesterOf(payload []byte, id string) peering.Account {
	var elements []json.RawMessage
	if json.Unmarshal(payload, &elements) != nil {
		elements = []json.RawMessage{payload}
	}
	for _, raw := range elements {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			raw = json.RawMessage(text)
		}
		var e struct {
			Data struct {
				UserIdentity      struct{ AccountId any }
				ResponseElements  struct{ InstanceId string }
				RequestParameters struct{ InstanceId string }
			}
		}
		if json.Unmarshal(raw, &e) != nil || e.Data.ResponseElements.InstanceId+e.Data.RequestParameters.InstanceId != id {
			continue
		}
		switch account := e.Data.UserIdentity.AccountId.(type) {
		case string:
			return peering.Account(account)
		case float64:
			return peering.Account(fmt.Sprintf("%.0f", account))
		}
	}
	return ""
}
