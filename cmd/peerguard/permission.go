package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"peerguard/cmd/peerguard/login"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
)

// statement is one of a RAM policy.
// https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
type statement struct {
	Effect   string
	Action   []string
	Resource []string
}

// grantVPC grants actions of the VpcPeer API. Reject knows no resource below "*", so all get that.
func grantVPC(actions ...string) statement { return statement{"Allow", actions, []string{"*"}} }

func grantRole(arn string) statement {
	return statement{"Allow", []string{"sts:AssumeRole"}, []string{arn}}
}

// String gives the statement as it stands in a policy document.
func (s statement) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Sprint(err) // texts always have a JSON form
	}
	return string(text)
}

// watched is the cloud of a guard, with a note of every permission that it turns out to lack. It is safe for concurrent
// use.
type watched struct {
	*vpcpeer.Client
	roles  map[peering.Account]string
	assume func(context.Context, peering.Account) error // fails if the account's role cannot be assumed

	mu      sync.Mutex
	lacking map[peering.Account]map[string]bool // actions, by the account whose identity lacks them
	closed  map[peering.Account]bool            // members whose role cannot be assumed
}

var _ guard.Cloud = (*watched)(nil)

func watch(o *operator) *watched {
	return &watched{Client: o.session, roles: o.rules.Guard.Roles, assume: o.assume, lacking: map[peering.Account]map[string]bool{}, closed: map[peering.Account]bool{}}
}

// Get is the client's.
func (w *watched) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	c, err := w.Client.Get(ctx, in, id)
	w.note(ctx, in.Account, "vpc:GetVpcPeerConnectionAttribute", err)
	return c, err
}

// List is the client's.
func (w *watched) List(ctx context.Context, in peering.Partition) iter.Seq2[[]peering.Connection, error] {
	return func(yield func([]peering.Connection, error) bool) {
		for page, err := range w.Client.List(ctx, in) {
			w.note(ctx, in.Account, "vpc:ListVpcPeerConnections", err)
			if !yield(page, err) {
				return
			}
		}
	}
}

// Reject is the client's.
func (w *watched) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	id, err := w.Client.Reject(ctx, in, r)
	w.note(ctx, in.Account, "vpc:RejectVpcPeerConnection", err)
	return id, err
}

// note remembers the permission behind a refusal: that for the action, or that for the role it would be done in.
func (w *watched) note(ctx context.Context, account peering.Account, action string, err error) {
	if !forbidden(err) {
		return
	}
	closed := w.assume(ctx, account) != nil // costs nothing when the role has been assumed before
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case closed:
		w.closed[account] = true
	case w.lacking[account] == nil:
		w.lacking[account] = map[string]bool{action: true}
	default:
		w.lacking[account][action] = true
	}
}

// forbidden reports whether a call failed because the caller lacks a permission, or a role does not trust it.
func forbidden(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Class == peering.Forbidden
}

// explain tells which statements to add where. Call it when the guard is done.
func (w *watched) explain(out io.Writer, who login.Identity) {
	for _, account := range slices.Sorted(maps.Keys(w.lacking)) {
		identity := cmp.Or(w.roles[account], who.ARN)
		if account == who.Account {
			identity = who.ARN
		}
		actions := slices.Sorted(maps.Keys(w.lacking[account]))
		fmt.Fprintf(out, "%s lacks %s. Add this statement to its RAM policy:\n  %s\n", identity, strings.Join(actions, ", "), grantVPC(actions...))
	}
	for _, account := range slices.Sorted(maps.Keys(w.closed)) {
		arn := w.roles[account]
		fmt.Fprintf(out, "%s cannot assume %s. The role's trust policy must name it, and its RAM policy needs this statement:\n  %s\n", who.ARN, arn, grantRole(arn))
	}
}
