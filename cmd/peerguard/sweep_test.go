package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/guard"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// buffer is a bytes.Buffer that may be written to concurrently.
type buffer struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.String()
}

// simulated serves a cloud with the default seed to the commands in this process.
func simulated(t *testing.T, cloud *simulator.Cloud) {
	t.Helper()
	cloud.AddKey(simulator.Key{ID: simulatedID, Secret: simulatedSecret, Account: simulator.SeedAccepter})
	cloud.Put(simulator.DefaultSeed(time.Now())...)
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"PEERGUARD_ENDPOINT": server.URL, "PEERGUARD_STS_ENDPOINT": server.URL, "PEERGUARD_VPC_ENDPOINT": server.URL,
		"PEERGUARD_DIRECTORY_ENDPOINT": server.URL, "HOME": t.TempDir(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID": simulatedID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": simulatedSecret, "ALIBABA_CLOUD_SECURITY_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
}

func policyOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const enforcing = "version: 1\nmode: enforce\nguard:\n  regions: [cn-hangzhou]\nallow: []\n"

// TestInterrupted: after Ctrl-C in the middle of a sweep the report is still valid JSON, and the exit code is 130.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	over := make(chan struct{}) // no answer before that: it could arrive before the interruption
	simulated(t, &simulator.Cloud{Before: func(c simulator.Call) {
		if c.Action == "RejectVpcPeerConnection" {
			interrupt()
			<-over
		}
	}})
	var stdout, stderr buffer
	code := run(ctx, []string{"sweep", "--policy", policyOf(t, enforcing), "--enforce", "--yes", "--json"}, &console{stdout: &stdout, stderr: &stderr})
	close(over)
	if code != 130 || !strings.Contains(stdout.String(), `"complete": false`) || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d\n%s\n%s", code, &stdout, &stderr)
	}
}

// TestAnswers: only a clear yes lets a sweep reject.
func TestAnswers(t *testing.T) {
	for answer, yes := range map[string]bool{
		"y\n": true, "YES\n": true, "yes": true, "": false, "\n": false, "no\n": false, "yes please\n": false, "yesterday\n": false,
	} {
		t.Run(answer, func(t *testing.T) {
			cloud := &simulator.Cloud{}
			simulated(t, cloud)
			var stdout, stderr buffer
			out := &console{stdin: strings.NewReader(answer), stdout: &stdout, stderr: &stderr, stdinTTY: true}
			code := run(t.Context(), []string{"sweep", "--policy", policyOf(t, enforcing), "--enforce"}, out)
			if effects := cloud.Stats().Effects; (effects > 0) != yes || code != 1 { // for a violation, or because nothing was done
				t.Errorf("%d rejections after %q, exit code %d\n%s", effects, answer, code, &stderr)
			}
		})
	}
}

// TestProgress: a line that changes for a person, nothing for a pipe, and a message if nothing has come back for long.
func TestProgress(t *testing.T) {
	t.Parallel()
	silence := "peerguard: no partition is done after 30s: the endpoint does not answer, or throttles; Ctrl-C stops and reports\n"
	tests := map[string]struct {
		out    console
		visits int
		want   string
	}{
		"pipe":            {console{}, 1, ""},
		"silence":         {console{}, 0, silence},
		"terminal":        {console{stderrTTY: true}, 2, "\rpartitions 0/2\rpartitions 1/2\rpartitions 2/2\r              \r"},
		"silent terminal": {console{stderrTTY: true}, 0, "\rpartitions 0/2\r              \r" + silence + "\rpartitions 0/2\r              \r"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var stderr buffer
				tt.out.stderr = &stderr
				p := startProgress(&tt.out, "partition", 2)
				for range tt.visits {
					p.visited(guard.Visit{})
				}
				time.Sleep(2 * quiet)
				p.stop()
				if stderr.String() != tt.want {
					t.Errorf("got %q, want %q", &stderr, tt.want)
				}
			})
		})
	}
}

// TestProgressOfTraffic: connections and calls are counted, and a sweep that only waits says why.
func TestProgressOfTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var stderr buffer
		var traffic atomic.Pointer[acs.Traffic]
		traffic.Store(&acs.Traffic{})
		p := startTraffic(&console{stderr: &stderr, stderrTTY: true}, "partition", 2, func() acs.Traffic { return *traffic.Load() })
		p.judge(guard.Entry{})
		traffic.Store(&acs.Traffic{Sent: 60, Paced: 3})
		time.Sleep(2 * tick)
		traffic.Store(&acs.Traffic{Sent: 61})
		time.Sleep(2 * tick)
		p.visited(guard.Visit{})
		p.stop()
		time.Sleep(2 * tick)
		paced := "partitions 0/2, 1 connection, 60 calls, paced by the API's quota"
		want := "\rpartitions 0/2, 0 connections, 0 calls\r" + paced +
			"\rpartitions 0/2, 1 connection, 61 calls" + strings.Repeat(" ", len(", paced by the API's quota")) +
			"\rpartitions 1/2, 1 connection, 61 calls\r" + strings.Repeat(" ", len("partitions 1/2, 1 connection, 61 calls")) + "\r"
		if stderr.String() != want {
			t.Errorf("got  %q\nwant %q", &stderr, want)
		}
	})
}

// TestProgressOnANarrowTerminal: a line that wraps could not be taken back.
func TestProgressOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	var stderr buffer
	p := startTraffic(&console{stderr: &stderr, stderrTTY: true, width: 20}, "partition", 2, func() acs.Traffic { return acs.Traffic{} })
	p.stop()
	if want := "\rpartitions 0/2, 0 c\r" + strings.Repeat(" ", 19) + "\r"; stderr.String() != want {
		t.Errorf("got %q, want %q", &stderr, want)
	}
}

// TestInMode: a sweep in another mode leaves the policy as it is.
func TestInMode(t *testing.T) {
	t.Parallel()
	p := &policy.Policy{Mode: policy.Enforce}
	if inMode(p, policy.DryRun).Mode != policy.DryRun || p.Mode != policy.Enforce {
		t.Error("the mode of the policy itself changed")
	}
}
