package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"peerguard/cmd/peerguard/drill"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// variable is what differs between two runs of the same drill.
var variable = regexp.MustCompile(` *\d+\.\d s|pcc-sim[0-9a-f]+|[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`)

// transcript is a block that begins with the command of a drill or of the demo. Its group is what the command printed.
var transcript = regexp.MustCompile("(?s)\n```console\n\\$ [^`]*?(?:--yes|peerguard demo)\n(.*?)```\n")

// compareTranscript is the script command "transcript OUTPUT DOCUMENT". The document must have the output in its
// transcript, but for times, ids and the order of lines. With -update it gets the output.
func compareTranscript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: transcript OUTPUT DOCUMENT")
	}
	got, document := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	printed := transcript.FindStringSubmatchIndex(document)
	if printed == nil {
		ts.Fatalf("%s has no transcript", args[1])
	}
	want := document[printed[2]:printed[3]]
	form := func(text string) []string { // two calls of the same moment may see it in either order
		return slices.Sorted(strings.SplitSeq(variable.ReplaceAllString(text, " ?"), "\n"))
	}
	switch {
	case slices.Equal(form(got), form(want)):
	case *update:
		ts.Check(os.WriteFile(args[1], []byte(document[:printed[2]]+got+document[printed[3]:]), 0o644))
	default:
		ts.Fatalf("%s has another transcript:\n%s\nwant:\n%s", args[1], want, got)
	}
}

// rehearse serves a cloud to a drill in this process, and returns the drill's command line. Nobody guards anything.
func rehearse(t *testing.T, cloud *simulator.Cloud) []string {
	t.Helper()
	simulated(t, cloud)
	(&beside{Requester: "8888888888888888"}).addRequester(cloud)
	variable, remove, err := writeProfile()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	name, value, _ := strings.Cut(variable, "=")
	t.Setenv(name, value)
	policy := policyOf(t, "version: 1\nmode: enforce\nguard:\n  regions: [cn-shanghai]\nallow: []\n")
	return []string{"drill", "--requester-profile", "requester", "--requester-vpc", "vpc-a", "--accepter-vpc", "vpc-b", "--timeout", "2s", "--policy", policy}
}

// TestDrillAsks: nothing is sent without a yes, and nothing that an earlier drill left is deleted without one.
func TestDrillAsks(t *testing.T) {
	left := simulator.Item{
		InstanceID: "pcc-left", Name: drill.Prefix + "0000", OwnerID: 8888888888888888, RegionID: "cn-shanghai", VPC: simulator.VPC{VpcID: "vpc-other"},
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"}, Status: peering.Rejected,
	}
	for name, tt := range map[string]struct {
		answers string
		calls   int // that make or delete something
		kept    bool
		says    string
	}{
		"no, and no":   {"n\nno\n", 0, true, "nothing was sent"},
		"yes, and no":  {"y\nno\n", 1, false, "deleted pcc-left, which an earlier drill left"},
		"no, and yes":  {"\nyes\n", 2, true, "An earlier drill left pcc-left (peerguard-drill-0000, Rejected since "},
		"silence":      {"", 0, true, "Send the request? [y/N]"},
		"yes, and yes": {"Y\nyes\n", 3, false, "deleted pcc-left"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := &simulator.Cloud{}
			args := rehearse(t, cloud)
			cloud.Put(left)
			var said bytes.Buffer
			code := run(t.Context(), args, &console{stdin: strings.NewReader(tt.answers), stdout: io.Discard, stderr: &said, stdinTTY: true})
			calls := 0
			for _, c := range cloud.Calls() {
				if c.Effect {
					calls++
				}
			}
			_, kept := cloud.Item("pcc-left")
			if code != 1 || calls != tt.calls || kept != tt.kept || !strings.Contains(said.String(), tt.says) {
				t.Errorf("exit %d, %d calls, kept %t:\n%s", code, calls, kept, said.String())
			}
		})
	}
}

// TestCtrlCIsNoAnswer: a question ends with the command, although nobody answers, and nothing is done.
func TestCtrlCIsNoAnswer(t *testing.T) {
	for name, command := range map[string]func(drill []string) []string{
		"drill": func(drill []string) []string { return drill },
		"sweep": func(drill []string) []string { return []string{"sweep", "--enforce", "--policy", drill[len(drill)-1]} },
	} {
		t.Run(name, func(t *testing.T) {
			cloud := &simulator.Cloud{}
			args := command(rehearse(t, cloud))
			stdin, keyboard := io.Pipe()
			t.Cleanup(func() { _ = keyboard.Close() })
			ctx, cancel := context.WithCancel(t.Context())
			said := &buffer{}
			go func() {
				for !strings.Contains(said.String(), "[y/N]") && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}()
			code := run(ctx, args, &console{stdin: stdin, stdout: io.Discard, stderr: said, stdinTTY: true})
			if code != 130 || !strings.Contains(said.String(), "nothing was ") || cloud.Stats().Effects > 0 {
				t.Errorf("exit %d, %d effects: %s", code, cloud.Stats().Effects, said.String())
			}
		})
	}
}
