package e2e_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// workshop is the folder that packed builds into.
var workshop string

func TestMain(m *testing.M) {
	var err error
	workshop, err = os.MkdirTemp("", "peerguard-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(workshop)
	os.Exit(code)
}

// packed builds the package once for all tests, with the policy of the samples, as `make package` does. It returns the
// package's folder.
var packed = sync.OnceValues(func() (string, error) {
	dist := filepath.Join(workshop, "dist")
	pack := exec.Command("go", "run", "./deploy/pack", "-policy", "events/simulator/policy.yaml", dist)
	pack.Dir = "../.."
	if out, err := pack.CombinedOutput(); err != nil {
		return "", fmt.Errorf("packing: %w: %s", err, out)
	}
	return dist, nil
})

// newCloud returns a cloud that knows the credentials of every invocation.
func newCloud() *simulator.Cloud {
	cloud := &simulator.Cloud{}
	c := platform.Credentials()
	cloud.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	return cloud
}

// functionEnv is the environment of a function in front of a cloud at an address.
func functionEnv(policy, address, level string) []string {
	return []string{
		"PEERGUARD_POLICY=" + policy, "PEERGUARD_LOG_LEVEL=" + level, "PEERGUARD_ENDPOINT=" + address,
		"PEERGUARD_STS_ENDPOINT=" + address, "PEERGUARD_VPC_ENDPOINT=" + address, "PEERGUARD_DIRECTORY_ENDPOINT=" + address,
	}
}

// runtime is the platform's side of one instance: it starts the instance's process and invokes it.
type runtime struct {
	start  func() (*platform.Process, error) // returns when the process can be invoked, or has ended
	invoke func(ctx context.Context, inv platform.Invocation) platform.Result
	ended  func() // tells the platform that the process has ended
	close  func()
}

// runtimes are the two that the same package runs on.
var runtimes = []struct {
	name     string
	capacity int // invocations that an instance is given at once
	side     func(dist string, env []string) (runtime, error)
}{
	{"go1", 4, golang},
	{"custom.debian12", 40, custom},
}

// golang is the Go runtime: the process polls.
func golang(dist string, env []string) (runtime, error) {
	api := &platform.Runtime{}
	server := httptest.NewServer(api)
	env = append([]string{platform.GoEnv(strings.TrimPrefix(server.URL, "http://"))}, env...)
	return runtime{
		start: func() (*platform.Process, error) {
			polls := api.Polls()
			p, err := platform.Start(platform.Command{Path: filepath.Join(dist, "peerguard"), Env: env})
			for err == nil && api.Polls() == polls { // before its first poll it does not handle signals
				select {
				case <-p.Ended():
					return p, nil
				case <-time.After(2 * time.Millisecond):
				}
			}
			return p, err
		},
		invoke: api.Do,
		ended: func() {
			server.CloseClientConnections() // otherwise a poll of the dead process would take an invocation
			api.Died()
		},
		close: server.Close,
	}, nil
}

// custom is the custom runtime: the process listens.
func custom(dist string, env []string) (runtime, error) {
	port, err := platform.FreePort()
	if err != nil {
		return runtime{}, err
	}
	client := &platform.Custom{Addr: "127.0.0.1:" + port}
	env = append([]string{platform.CustomEnv(port)}, env...)
	return runtime{
		start: func() (*platform.Process, error) {
			p, err := platform.Start(platform.Command{Path: filepath.Join(dist, "bootstrap"), Env: env})
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			return p, client.Ready(ctx)
		},
		invoke: client.Do,
		ended:  func() {},
		close:  func() {},
	}, nil
}
