package e2e_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// deployment is one process of the package on one runtime, with a cloud to call.
type deployment struct {
	*simulator.Cloud
	runtime
	process *platform.Process
	policy  string // path of the policy file
}

// onBoth runs a test against the package on both runtimes, and looks for secrets in everything that the process printed.
func onBoth(t *testing.T, policy string, test func(t *testing.T, d *deployment)) {
	t.Helper()
	for _, on := range runtimes {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			d := &deployment{Cloud: newCloud(), policy: filepath.Join(t.TempDir(), "policy.yaml")}
			d.write(t, policy)
			d.boot(t, on.side)
			test(t, d)
		})
	}
}

// boot starts the process. The end of the test stops it.
func (d *deployment) boot(t *testing.T, side func(dist string, env []string) (runtime, error)) {
	t.Helper()
	dist, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d.Cloud)
	t.Cleanup(server.Close)
	d.runtime, err = side(dist, functionEnv(d.policy, server.URL, "trace"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	d.process, err = d.start()
	if d.process != nil {
		t.Cleanup(func() { d.finish(t) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (d *deployment) finish(t *testing.T) {
	t.Helper()
	if code, err := d.process.Stop(20 * time.Second); err != nil || code != 0 {
		t.Errorf("after SIGTERM: exit %d, %v", code, err)
	}
	if leaks := platform.Leaks(d.process.Output()); len(leaks) > 0 {
		t.Errorf("the process printed secrets: %v", leaks)
	}
	if unknown := d.UnknownActions(); len(unknown) > 0 {
		t.Errorf("calls that the API does not know: %v", unknown)
	}
	if t.Failed() {
		t.Logf("the process printed:\n%s", d.process.Output())
	}
}

// logs stops the process and returns everything that it wrote to its standard output.
func (d *deployment) logs(t *testing.T) string {
	t.Helper()
	if _, err := d.process.Stop(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	return d.process.Stdout()
}

// write replaces the policy as a deployment does: all at once.
func (d *deployment) write(t *testing.T, text string) {
	t.Helper()
	draft := d.policy + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, d.policy); err != nil {
		t.Fatal(err)
	}
}

// run invokes the function and fails the test if there is no answer.
func (d *deployment) run(t *testing.T, payload string) platform.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := d.invoke(ctx, platform.Invocation{Payload: []byte(payload)})
	if r.Err != nil {
		t.Fatalf("no answer: %v; the process printed:\n%s", r.Err, d.process.Output())
	}
	if leaks := platform.Leaks(string(r.Body)); len(leaks) > 0 {
		t.Errorf("the answer holds secrets: %v", leaks)
	}
	return r
}

// report invokes the function and expects success.
func (d *deployment) report(t *testing.T, payload string) guard.Report {
	t.Helper()
	r := d.run(t, payload)
	var report guard.Report
	if err := json.Unmarshal(r.Body, &report); err != nil || !r.OK {
		t.Fatalf("got %s (ok: %t), want a report", r.Body, r.OK)
	}
	return report
}

func (d *deployment) status(id string) peering.Status {
	item, _ := d.Item(id)
	return item.Status
}
