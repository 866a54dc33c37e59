package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"peerguard/cmd/peerguard/login"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
)

// statement is a statement of a RAM policy.
// https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
type statement struct {
	Effect   string
	Action   []string
	Resource []string

	Condition map[string]map[string][]string `json:",omitempty"` // values by operator and key
}

// grantVPC grants actions of the VpcPeer API. Reject supports no resource but "*", so all get that.
func grantVPC(actions ...string) statement {
	return statement{Effect: "Allow", Action: actions, Resource: []string{"*"}}
}

func grantRole(arn string) statement {
	return statement{Effect: "Allow", Action: []string{"sts:AssumeRole"}, Resource: []string{arn}}
}

// String returns the statement as a policy document holds it.
func (s statement) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Sprint(err) // strings always have a JSON form
	}
	return string(text)
}

// permissionRecorder is a client that records which permissions the operator lacks. It is safe for concurrent use.
type permissionRecorder struct {
	*vpcpeer.Client
	role func(peering.Account) (peering.Role, bool)

	mu      sync.Mutex
	lacking map[peering.Account]map[string]bool // actions, by the account whose identity lacks them
	closed  map[peering.Account]error           // why members' roles cannot be assumed
}

var _ guard.Cloud = (*permissionRecorder)(nil)

func recordPermissions(o *operator) *permissionRecorder {
	return &permissionRecorder{
		Client: o.client, role: o.inv.Role,
		lacking: map[peering.Account]map[string]bool{}, closed: map[peering.Account]error{},
	}
}

// Assume calls the client's Assume.
func (r *permissionRecorder) Assume(ctx context.Context, account peering.Account) error {
	err := r.Client.Assume(ctx, account)
	if forbidden(err) || noRole(err) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.closed[account] = err
	}
	return err
}

// Get calls the client's Get.
func (r *permissionRecorder) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	c, err := r.Client.Get(ctx, in, id)
	r.record(ctx, in.Account, "vpc:GetVpcPeerConnectionAttribute", err)
	return c, err
}

// List calls the client's List.
func (r *permissionRecorder) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	next := r.Client.List(in)
	return func(ctx context.Context) ([]peering.Connection, error) {
		page, err := next(ctx)
		r.record(ctx, in.Account, "vpc:ListVpcPeerConnections", err)
		return page, err
	}
}

// Reject calls the client's Reject.
func (r *permissionRecorder) Reject(ctx context.Context, in peering.Partition, rejection peering.Rejection) (string, error) {
	id, err := r.Client.Reject(ctx, in, rejection)
	r.record(ctx, in.Account, "vpc:RejectVpcPeerConnection", err)
	return id, err
}

// record remembers the permission that a refused call needs: the action's, or the one to assume the member's role.
func (r *permissionRecorder) record(ctx context.Context, account peering.Account, action string, err error) {
	if !forbidden(err) && !noRole(err) {
		return
	}
	closed := r.Client.Assume(ctx, account) // free if the role has been assumed before
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case closed != nil:
		r.closed[account] = closed
	case r.lacking[account] == nil:
		r.lacking[account] = map[string]bool{action: true}
	default:
		r.lacking[account][action] = true
	}
}

// forbidden reports whether a call failed because the caller lacks a permission, or a role does not trust it.
func forbidden(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Class == peering.Forbidden
}

// explain prints which statements to add where. Call it after the guard has returned.
func (r *permissionRecorder) explain(out io.Writer, who login.Identity) {
	for _, account := range slices.Sorted(maps.Keys(r.lacking)) {
		role, _ := r.role(account)
		identity := cmp.Or(role.ARN, who.ARN)
		if account == who.Account {
			identity = who.ARN
		}
		actions := slices.Sorted(maps.Keys(r.lacking[account]))
		fprintf(out, "%s lacks %s. Add this statement to its RAM policy:\n  %s\n", identity, strings.Join(actions, ", "), grantVPC(actions...))
	}
	closed := map[string][]string{} // roles, by what to do about them
	for _, account := range slices.Sorted(maps.Keys(r.closed)) {
		role, _ := r.role(account)
		repair := roleAdvice(r.closed[account], role, who.ARN)
		closed[repair] = append(closed[repair], role.ARN)
	}
	for _, repair := range slices.Sorted(maps.Keys(closed)) {
		arns := closed[repair]
		more := ""
		if len(arns) > 1 {
			more = " and " + count(len(arns)-1, "other role")
		}
		fprintf(out, "%s cannot assume %s%s: %s\n", who.ARN, arns[0], more, repair)
	}
}
