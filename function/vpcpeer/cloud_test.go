package vpcpeer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

const (
	own      = peering.Account("1111111111111111")
	member   = peering.Account("9999999999999999")
	stranger = 6666666666666666
	role     = "acs:ram::9999999999999999:role/peerguard"
)

var home = peering.Partition{Account: own, Region: "cn-shanghai"}

// canaries are the caller's credentials: nothing but a signed request may hold one of them.
var canaries = platform.Credentials().Sealed()

// world is a simulated cloud, and a caller's view of it.
type world struct {
	*simulator.Cloud
	client *vpcpeer.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := &simulator.Cloud{}
	sim.AddKey(simulator.Key{ID: canaries.AccessKeyID(), Secret: canaries.AccessKeySecret(), Token: canaries.SecurityToken(), Account: own})
	sim.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{own}})
	t.Cleanup(func() {
		if unknown := sim.UnknownActions(); len(unknown) > 0 {
			t.Errorf("the simulator does not know %v", unknown)
		}
	})
	return &world{sim, newClient(acs.Config{Transport: sim})}
}

func newClient(cfg acs.Config) *vpcpeer.Client {
	return vpcpeer.New(acs.New(cfg), acs.Caller{Account: own, Region: "cn-shanghai", Credentials: canaries}, roles(map[peering.Account]peering.Role{member: {ARN: role}}))
}

func pending(id string, accepter int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: stranger, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}, Ipv6Cidrs: []string{"2001:db8::/56"}},
		AcceptingOwnerUID: accepter, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"},
		Status: peering.Accepting, GmtCreate: "2026-11-01T00:00:00Z",
	}
}

// roles returns roles from a map.
func roles(by map[peering.Account]peering.Role) vpcpeer.Roles {
	return func(a peering.Account) (peering.Role, bool) { role, ok := by[a]; return role, ok }
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
	var f *peering.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a *peering.Failure", err)
	}
	return f
}

func ids(page []peering.Connection) string {
	text := ""
	for _, c := range page {
		text += c.ID + " "
	}
	return fmt.Sprintf("%d: %s", len(page), text)
}
