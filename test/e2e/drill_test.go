package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// operated builds the operator's command once for all tests, and returns its path.
var operated = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "operator", "peerguard")
	build := exec.Command("go", "build", "-o", path, "./cmd/peerguard")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the command: %w: %s", err, out)
	}
	return path, nil
})

// The second account of a drill, and its key and the operator's.
const (
	secondAccount = "8888888888888888"
	operatorID    = "operator-id"
	operatorKey   = "operator-key"
	secondID      = "second-id"
	secondKey     = "second-key"
)

// exercise is a deployed function with a timer, and what a drill needs beside it.
type exercise struct {
	*deployment
	home, log string // the operator's home folder, the file that holds the function's log
	address   string // of the cloud
}

// drillRecord is what drill --json prints, as far as the tests look at it.
type drillRecord struct {
	Result, Why string
	Clues       []string
	Steps       []struct{ Name string }
	Points      []struct {
		Name, Seen string
		Settled    bool
	}
}

// newExercise starts the package on the custom runtime.
func newExercise(t *testing.T, mode string) *exercise {
	t.Helper()
	folder := t.TempDir()
	x := &exercise{deployment: &deployment{Cloud: newCloud(), policy: filepath.Join(folder, "policy.yaml")}, home: folder, log: filepath.Join(folder, "function.log")}
	x.ReadyAfter, x.ListLag, x.MaxConnections = 300*time.Millisecond, 100*time.Millisecond, 1
	x.AddKey(simulator.Key{ID: operatorID, Secret: operatorKey, Account: platform.Account})
	x.AddKey(simulator.Key{ID: secondID, Secret: secondKey, Account: secondAccount})
	x.Deny(secondAccount, "RejectVpcPeerConnection")
	x.write(t, "version: 1\nmode: "+mode+"\nguard:\n  regions: [cn-shanghai]\nallow:\n  - name: partner\n    accounts: [\"2222222222222222\"]\n")
	config := `{"current":"second","profiles":[{"name":"second","mode":"AK","access_key_id":"` + secondID + `","access_key_secret":"` + secondKey + `","region_id":"cn-hangzhou"}]}`
	if err := os.MkdirAll(filepath.Join(folder, ".aliyun"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".aliyun", "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(x.Cloud)
	t.Cleanup(server.Close)
	x.address = server.URL
	x.boot(t, custom)
	return x
}

// timer fires the function's timer until the test ends, and keeps the function's log in a file.
func (x *exercise) timer(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			inv := platform.Invocation{Payload: fmt.Appendf(nil, `{"triggerTime":%q,"triggerName":"sweep","payload":""}`, time.Now().UTC().Format(time.RFC3339Nano))}
			if r := x.invoke(ctx, inv); r.Err != nil && ctx.Err() == nil {
				t.Errorf("the timer: %v", r.Err)
			}
			draft := x.log + ".new"
			if err := os.WriteFile(draft, []byte(x.process.Stdout()), 0o600); err != nil {
				t.Error(err)
			}
			if err := os.Rename(draft, x.log); err != nil {
				t.Error(err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// command returns the drill as an operator runs it.
func (x *exercise) command(t *testing.T, flags ...string) *exec.Cmd {
	t.Helper()
	path, err := operated()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{
		"drill", "--requester-profile", "second", "--requester-vpc", "vpc-second", "--accepter-vpc", "vpc-guarded", "--accepter-region", "cn-shanghai",
		"--policy", x.policy, "--yes", "--json",
	}, flags...)...)
	cmd.Env = []string{
		"HOME=" + x.home, "PEERGUARD_ENDPOINT=" + x.address, "PEERGUARD_STS_ENDPOINT=" + x.address, "PEERGUARD_VPC_ENDPOINT=" + x.address,
		"PEERGUARD_DIRECTORY_ENDPOINT=" + x.address, "ALIBABA_CLOUD_ACCESS_KEY_ID=" + operatorID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + operatorKey,
	}
	return cmd
}

// drill runs a drill to its end.
func (x *exercise) drill(t *testing.T, flags ...string) (code int, record drillRecord, messages string) {
	t.Helper()
	cmd := x.command(t, flags...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code says more
	if stdout.Len() > 0 {
		if err := json.Unmarshal([]byte(stdout.String()), &record); err != nil {
			t.Errorf("%v: %s", err, stdout.String())
		}
	}
	for _, secret := range []string{operatorKey, secondKey, secondAccount, platform.Account} {
		if strings.Contains(stdout.String()+stderr.String(), secret) {
			t.Errorf("the drill printed %s:\n%s%s", secret, stdout.String(), stderr.String())
		}
	}
	return cmd.ProcessState.ExitCode(), record, stderr.String()
}

// ended fails the test unless a drill ended as it must, took these steps, and left nothing. On a busy machine a drill may see two
// of them in another order.
func (x *exercise) ended(t *testing.T, code int, record drillRecord, wantCode int, wantResult, wantSteps string) {
	t.Helper()
	var steps []string
	for _, s := range record.Steps {
		steps = append(steps, s.Name)
	}
	want := strings.Fields(wantSteps)
	slices.Sort(steps)
	slices.Sort(want)
	if got := strings.Join(steps, " "); code != wantCode || record.Result != wantResult || !slices.Equal(steps, want) {
		t.Errorf("exit %d, %s: %s, %q\nsteps %s, want %s", code, record.Result, record.Why, record.Clues, got, want)
	}
	if items := x.Items(); len(items) > 0 {
		t.Errorf("the drill left %+v", items)
	}
}

// rejections returns how many rejections had an effect.
func (x *exercise) rejections() (total int) {
	for _, c := range x.Calls() {
		if c.Action == "RejectVpcPeerConnection" && c.Effect {
			total++
		}
	}
	return total
}

// TestDrillInEnforceMode: the deployed function rejects the request, and the drill says when, and what it saw of each point.
func TestDrillInEnforceMode(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	x.timer(t)
	code, record, _ := x.drill(t, "--report", x.log)
	if code != 0 || record.Result != "passed" || x.rejections() != 1 || len(x.Items()) > 0 {
		t.Errorf("exit %d, %+v, %d rejections, left %v", code, record, x.rejections(), x.Items())
	}
	settled := 0
	for _, p := range record.Points {
		if p.Settled {
			settled++
		}
	}
	if len(record.Points) != 8 || settled < 6 {
		t.Errorf("%d of %d points are settled: %+v", settled, len(record.Points), record.Points)
	}
}

// TestDrillInDryRunMode: the request stays pending until the drill deletes it, and the log says what would have become of it.
func TestDrillInDryRunMode(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "dry-run")
	x.timer(t)
	code, record, _ := x.drill(t, "--report", x.log)
	x.ended(t, code, record, 0, "passed", "requested listed pending reported deleted")
	if n := x.rejections(); n > 0 {
		t.Errorf("%d rejections", n)
	}
}

// TestDrillOfAStoppedFunction: the drill says that the function does not run, and why it thinks so.
func TestDrillOfAStoppedFunction(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	code, record, _ := x.drill(t, "--timeout", "3s")
	x.ended(t, code, record, 1, "failed", "requested listed pending deleted")
	if clues := strings.Join(record.Clues, "\n"); !strings.Contains(clues, "seems not to run") || !strings.Contains(clues, "a sweep would find it") {
		t.Errorf("the clues are %s", clues)
	}
}

// TestDrillOfAnAllowedRequester: nothing is sent.
func TestDrillOfAnAllowedRequester(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	x.write(t, "version: 1\nmode: enforce\nguard:\n  regions: [cn-shanghai]\nallow:\n  - name: drills\n    accounts: [\""+secondAccount+"\"]\n")
	code, _, messages := x.drill(t)
	if code != 2 || !strings.Contains(messages, "the policy allows this request (drills)") {
		t.Errorf("exit %d: %s", code, messages)
	}
	if n := x.Stats().ByAction["CreateVpcPeerConnection"]; n > 0 {
		t.Errorf("%d requests", n)
	}
}

// TestDrillWithoutAnAnswer: a request whose answer never comes is found by its name, and deleted.
func TestDrillWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	x.Inject(simulator.Fault{Kind: simulator.HangAfter, Action: "CreateVpcPeerConnection"})
	code, record, _ := x.drill(t, "--timeout", "2s")
	x.ended(t, code, record, 1, "failed", "found deleted")
}

// TestDrillInterrupted: after Ctrl-C the request is deleted.
func TestDrillInterrupted(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	cmd := x.begin(t)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says more
	if code := cmd.ProcessState.ExitCode(); code != 130 || len(x.Items()) > 0 {
		t.Errorf("exit %d, left %+v", code, x.Items())
	}
}

// begin starts a drill and waits until it has sent its request.
func (x *exercise) begin(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := x.command(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); len(x.Items()) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the drill sent nothing")
		}
	}
	return cmd
}

// TestDrillAfterACrash: the next drill deletes what one left that was killed. Here it could not begin with that in the way.
func TestDrillAfterACrash(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	cmd := x.begin(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	left := x.Items()
	if len(left) != 1 || left[0].Status == peering.Rejected {
		t.Fatalf("left %+v", left)
	}
	time.Sleep(2 * x.ListLag)
	x.timer(t)
	code, record, messages := x.drill(t, "--report", x.log)
	if code != 0 || record.Result != "passed" || len(x.Items()) > 0 || !strings.Contains(messages, "deleted "+left[0].InstanceID) {
		t.Errorf("exit %d, %+v, left %v: %s", code, record, x.Items(), messages)
	}
}

// TestDrillWithFaults: every call of either account fails once, and the drill ends as it would without that.
func TestDrillWithFaults(t *testing.T) {
	t.Parallel()
	x := newExercise(t, "enforce")
	for _, action := range simulator.Actions() {
		for _, account := range []peering.Account{platform.Account, secondAccount} {
			x.Inject(simulator.Fault{Kind: simulator.Unavailable, Action: action, Account: account, Count: 1})
		}
	}
	x.timer(t)
	code, record, _ := x.drill(t)
	if code != 0 || record.Result != "passed" || len(x.Items()) > 0 {
		t.Errorf("exit %d, %+v, left %v", code, record, x.Items())
	}
	if n := x.Stats().Faults; n < 8 {
		t.Errorf("only %d faults", n)
	}
}
