//go:build npm

package conformance_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/simulator"
)

const role = "acs:ram::2222222222222222:role/peerguard"

func newCloud() *simulator.Cloud {
	c := &simulator.Cloud{}
	c.AddKey(simulator.Key{ID: "accepter", Secret: "secret-of-accepter", Account: "1111111111111111"})
	c.AddKey(simulator.Key{ID: "requester", Secret: "secret-of-requester", Account: "2222222222222222"})
	c.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{"1111111111111111"}})
	for _, end := range [][2]string{{"pcc-1", "cn-shanghai"}, {"pcc-2", "cn-shanghai"}, {"pcc-3", "cn-shanghai"}, {"pcc-4", "cn-beijing"}} {
		c.Put(simulator.Item{
			InstanceID: end[0], Status: peering.Accepting, Name: "ä <&> +%20~*",
			OwnerID: 2222222222222222, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}},
			AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: end[1], AcceptingVPC: simulator.VPC{VpcID: "vpc-b"},
		})
	}
	return c
}

// TestClients runs conformance.js with each client against a simulator of its own.
func TestClients(t *testing.T) {
	modules := os.Getenv("PEERGUARD_NODE_MODULES")
	if modules == "" {
		t.Fatal("PEERGUARD_NODE_MODULES is not set: run make conformance")
	}
	for _, client := range []string{"pop-core", "openapi-client"} {
		t.Run(client, func(t *testing.T) {
			cloud := newCloud()
			server := httptest.NewServer(cloud)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			node := exec.CommandContext(ctx, "node", "conformance.js", client)
			node.Env = []string{ // and nothing else, so no proxy, no credentials and no options of this machine
				"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NODE_PATH=" + modules,
				"ENDPOINT=" + strings.TrimPrefix(server.URL, "http://"), "ACCEPTER=accepter:secret-of-accepter", "REQUESTER=requester:secret-of-requester",
			}
			out, err := node.CombinedOutput()
			t.Logf("\n%s", out)
			if err != nil {
				t.Errorf("node: %v", err)
			}
			check(t, cloud)
		})
	}
}

// check looks at what the calls have left behind.
func check(t *testing.T, cloud *simulator.Cloud) {
	t.Helper()
	got := map[string]peering.Status{}
	for _, it := range cloud.Items() {
		got[it.InstanceID] = it.Status
	}
	want := map[string]peering.Status{
		"pcc-1": peering.Rejected, "pcc-2": peering.Accepting, "pcc-3": peering.Accepting, "pcc-4": peering.Accepting,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("connections (-want +got):\n%s", d)
	}
	if unknown := cloud.UnknownActions(); unknown != nil {
		t.Errorf("called actions that do not exist: %q", unknown)
	}
}
