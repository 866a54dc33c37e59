package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// packed builds the package, with the policy of the samples, once for all tests of this file, as `make package` does.
var packed = sync.OnceValues(func() (string, error) {
	dist, err := os.MkdirTemp("", "peerguard-dist-")
	if err != nil {
		return "", err
	}
	pack := exec.Command("go", "run", "./deploy/pack", "-policy", "events/simulator/policy.yaml", dist)
	pack.Dir = "../.."
	if out, err := pack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dist, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dist, err := packed(); err == nil {
		_ = os.RemoveAll(dist)
	}
	os.Exit(code)
}

// platform is Function Compute around one process of the package, with a cloud to call.
type deployment struct {
	*simulator.Cloud
	process *platform.Process
	policy  string // path of the policy file
	do      func(ctx context.Context, inv platform.Invocation) platform.Result
}

// runtimes are the two that the same package runs on.
var runtimes = map[string]func(t *testing.T, dist string, env []string) (*platform.Process, func(context.Context, platform.Invocation) platform.Result){
	"go1": func(t *testing.T, dist string, env []string) (*platform.Process, func(context.Context, platform.Invocation) platform.Result) {
		t.Helper()
		api := &platform.Runtime{}
		server := httptest.NewServer(api)
		t.Cleanup(server.Close)
		env = append(env, platform.GoEnv(strings.TrimPrefix(server.URL, "http://")))
		return start(t, filepath.Join(dist, "peerguard"), env), api.Do
	},
	"custom.debian12": func(t *testing.T, dist string, env []string) (*platform.Process, func(context.Context, platform.Invocation) platform.Result) {
		t.Helper()
		port, err := platform.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		process := start(t, filepath.Join(dist, "bootstrap"), append(env, platform.CustomEnv(port)))
		client := &platform.Custom{Addr: "127.0.0.1:" + port}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := client.Ready(ctx); err != nil {
			t.Fatalf("%v; it printed:\n%s", err, process.Output())
		}
		return process, client.Do
	},
}

func start(t *testing.T, path string, env []string) *platform.Process {
	t.Helper()
	process, err := platform.Start(platform.Command{Path: path, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return process
}

// onBoth runs a test against the package on both runtimes, and looks for secrets in all that the process printed.
func onBoth(t *testing.T, policy string, test func(t *testing.T, p *deployment)) {
	t.Helper()
	dist, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	for name, boot := range runtimes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &deployment{Cloud: newCloud(), policy: filepath.Join(t.TempDir(), "policy.yaml")}
			p.write(t, policy)
			server := httptest.NewServer(p.Cloud)
			t.Cleanup(server.Close)
			p.process, p.do = boot(t, dist, []string{
				"PEERGUARD_POLICY=" + p.policy, "PEERGUARD_ENDPOINT=" + server.URL, "PEERGUARD_STS_ENDPOINT=" + server.URL, "PEERGUARD_LOG_LEVEL=trace",
			})
			t.Cleanup(func() { p.finish(t) })
			test(t, p)
		})
	}
}

func newCloud() *simulator.Cloud {
	cloud := &simulator.Cloud{}
	c := platform.Credentials()
	cloud.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	return cloud
}

func (p *deployment) finish(t *testing.T) {
	t.Helper()
	if code, err := p.process.Stop(20 * time.Second); err != nil || code != 0 {
		t.Errorf("after SIGTERM: exit %d, %v", code, err)
	}
	if leaks := platform.Leaks(p.process.Output()); len(leaks) > 0 {
		t.Errorf("the process printed secrets: %v", leaks)
	}
	if unknown := p.UnknownActions(); len(unknown) > 0 {
		t.Errorf("calls that the API does not know: %v", unknown)
	}
	if t.Failed() {
		t.Logf("the process printed:\n%s", p.process.Output())
	}
}

// logs are all that the process wrote to its standard output until it was stopped.
func (p *deployment) logs(t *testing.T) string {
	t.Helper()
	if _, err := p.process.Stop(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	return p.process.Stdout()
}

// write puts a policy in place whole, as a deployment does.
func (p *deployment) write(t *testing.T, text string) {
	t.Helper()
	draft := p.policy + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, p.policy); err != nil {
		t.Fatal(err)
	}
}

func (p *deployment) invoke(t *testing.T, payload string) platform.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := p.do(ctx, platform.Invocation{Payload: []byte(payload)})
	if r.Err != nil {
		t.Fatalf("no answer: %v; the process printed:\n%s", r.Err, p.process.Output())
	}
	if leaks := platform.Leaks(string(r.Body)); len(leaks) > 0 {
		t.Errorf("the answer holds secrets: %v", leaks)
	}
	return r
}

// report invokes and expects success.
func (p *deployment) report(t *testing.T, payload string) guard.Report {
	t.Helper()
	r := p.invoke(t, payload)
	var report guard.Report
	if err := json.Unmarshal(r.Body, &report); err != nil || !r.OK {
		t.Fatalf("got %s (ok: %t), want a report", r.Body, r.OK)
	}
	return report
}

func (p *deployment) status(id string) peering.Status { //nolint:unparam // a test says which connection it means
	item, _ := p.Item(id)
	return item.Status
}

// created is the event of a successful CreateVpcPeerConnection.
func created(eventID, connection, requester string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"acs.vpcpeer","type":"vpcpeer:ActionTrail:ApiCall","time":"2026-11-01T00:00:00Z",
		"data":{"eventName":"CreateVpcPeerConnection","eventType":"ApiCall","acsRegion":"cn-hangzhou","recipientAccountId":%[3]q,
		"requestParameters":{"AcceptingAliUid":1111111111111111,"AcceptingRegionId":"cn-shanghai"},
		"responseElements":{"InstanceId":%[2]q,"RequestId":"r"},"userIdentity":{"accountId":%[3]q,"type":"ram-user"}}}`, eventID, connection, requester)
}

func pendingRequest(id string, requester int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: requester, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}},
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"}, Status: peering.Accepting,
	}
}
