package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
	"peerguard/simulator/platform"
	"peerguard/test/bench/floor/calls"
)

// TestShort runs every comparison. It judges no figure, because a machine that runs tests is busy.
func TestShort(t *testing.T) {
	t.Chdir("../..")
	var out bytes.Buffer
	rows, err := run(t.Context(), "", true, &out)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1+len(rows) {
		t.Errorf("%d rows in\n%s", len(rows), &out)
	}
}

// TestInstanceIsAsDeployed: the month is worked out for the instance that s.yaml asks for.
func TestInstanceIsAsDeployed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{fmt.Sprintf("\n      cpu: %g\n", deployedCPU), fmt.Sprintf("\n      memorySize: %g\n", deployedGB*1024)} {
		if !strings.Contains(string(text), line) {
			t.Errorf("s.yaml has no line %q", line)
		}
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		row  row
		want string
		fail bool
	}{
		{row{ratio: 7}, "", false},
		{row{ratio: 1.1, target: 1.1}, "ok", false},
		{row{ratio: 1.32, target: 1.2}, "MISSED by 10%", false},
		{row{ratio: 1.5, target: 1.2}, "MISSED by 25%", true},
		{row{ratio: 65, target: 30, most: true}, "ok", false},
		{row{ratio: 7, target: 1_000, ns: 900}, "ok", false},
		{row{ratio: 7, target: 1_000, ns: 1_500}, "MISSED by 50%", true},
		{row{ratio: 27, target: 30, most: true}, "MISSED by 11%", false},
		{row{ratio: 20, target: 30, most: true}, "MISSED by 50%", true},
	} {
		if got := tc.row.verdict(); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.row, got, tc.want)
		}
		if err := regression([]row{{}, tc.row}); (err != nil) != tc.fail {
			t.Errorf("%+v: %v", tc.row, err)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rows := []row{{what: "a thing", ours: "3 ms", floor: "2 ms", ratio: 1.5, target: 1.2}, {what: "another", ours: "1"}, {what: "a third", ours: "9 ns", floor: "1 ns", ratio: 9, ns: 9, target: 1_000}}
	if err := write(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := `WHAT     OURS  FLOOR  RATIO  TARGET  
a thing  3 ms  2 ms   1.50   ≤ 1.2   MISSED by 25%
another  1                           
a third  9 ns  1 ns   9.00   ≤ 1µs   ok
`
	if out.String() != want {
		t.Errorf("got\n%s", &out)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if odd, even := median([]int{9, 1, 5}), median([]float64{4, 1, 3, 2}); odd != 5 || even != 2.5 {
		t.Errorf("got %d and %g", odd, even)
	}
}

// burst is how many events the client's limit of calls lets through at once.
const burst = 50

// BenchmarkEvent handles one event in this process, with peerguard and with the bare calls. It is meant for profiles.
func BenchmarkEvent(b *testing.B) {
	endpoint := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	payload := []byte(event(ours, 0))
	b.Run("ours", func(b *testing.B) {
		r := &rig{dir: b.TempDir()}
		h, err := r.inProcess(policyText(1, 1), acs.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if n%burst == 0 {
				h.Cloud = acs.New(acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: endpoint}, Transport: canned{}})
			}
			ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
			if _, err := h.Handle(ctx, invocation(), payload); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
	})
	b.Run("bare", func(b *testing.B) {
		secrets := platform.Credentials()
		floor := calls.Cloud{Endpoint: endpoint, Transport: canned{}}
		b.ReportAllocs()
		for b.Loop() {
			if err := floor.Handle(calls.Credentials{ID: secrets.AccessKeyID, Secret: secrets.AccessKeySecret, Token: secrets.SecurityToken}, payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}
