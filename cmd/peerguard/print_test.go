package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// hostile is text that hides what it is: it clears the screen, sets the title, goes back, turns the writing direction, and is
// not UTF-8.
const hostile = "\x1b[2J\x1b]0;title\x07\r\b\x7f\u0085\u009b31m\u202e\u2066\u200b\u2028\ufeff\U000e0041\xff"

// shown are the characters of hostile as they may be shown.
const shown = `\x1b[2J\x1b]0;title\a\r\b\x7f\u0085\u009b31m\u202e\u2066\u200b\u2028\ufeff\U000e0041\xff`

// harmful returns the characters of a text that are not what a reader sees. Line feeds are.
func harmful(text string) string {
	if !utf8.ValidString(text) {
		return "bytes that are not UTF-8"
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

func checkHarmless(t *testing.T, name, text string) {
	t.Helper()
	if found := harmful(text); found != "" {
		t.Errorf("%s holds %q:\n%q", name, found, text)
	}
}

// harmlessValues fails if a value of one of several JSON texts would be harmful once it is decoded.
func harmlessValues(t *testing.T, text string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if value, ok := token.(string); ok {
			checkHarmless(t, "a value", value)
		}
	}
}

// TestPrinting: whatever the type of an argument, it is cleaned. Numbers, colours and the lines of an error stay.
func TestPrinting(t *testing.T) {
	t.Parallel()
	colourful := &console{colour: true}
	for _, c := range []struct {
		format string
		value  any
		want   string
	}{
		{"%s", hostile, shown},
		{"%-3s|", peering.Account("1"), "1  |"},
		{"%v", peering.Account(hostile), shown},
		{"%s", []string{"a", hostile}, "[a " + shown + "]"},
		{"%v", peering.Side{VPC: hostile}, "{  " + shown + " [] }"},
		{"%v", fmt.Errorf("one\ntwo: %s", "\x1b"), "one\ntwo: \\x1b"},
		{"%v", "one\ntwo", `one\ntwo`},
		{"%v", 1500 * time.Millisecond, "1.5s"},
		{"%03d", 7, "007"},
		{"%t", true, "true"},
		{"%v", nil, "<nil>"},
		{"%s", lines("a", "b\nc\u202e"), "a\n" + `b\nc\u202e`},
		{"%s", colourful.tintOutcome("a\x1b"), `a\x1b`},
		{"%s", colourful.tintOutcome(guard.Failed), "\x1b[31mfailed\x1b[0m"},
		{"%s", excerpt("1 | a\u202eb\tc\n  |  \t^\n"), "1 | a\ufffdb\tc\n  |  \t^\n"},
	} {
		var got bytes.Buffer
		fprintf(&got, c.format, c.value)
		if got.String() != c.want {
			t.Errorf("%T %q is printed as %q, want %q", c.value, c.value, &got, c.want)
		}
		if cell := row(c.value)[0]; c.format == "%v" && cell != c.want {
			t.Errorf("%T %q is the cell %q, want %q", c.value, c.value, cell, c.want)
		}
	}
}

// TestNothingIsPrintedUncleaned: no other file of the command prints on its own. The progress line holds numbers only.
func TestNothingIsPrintedUncleaned(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		allowed := name == "print.go" || name == "progress.go" || strings.HasSuffix(name, "_test.go")
		for _, call := range []string{"fmt.Fprint", "fmt.Print", "json.NewEncoder", "MarshalIndent(out"} {
			if !allowed && bytes.Contains(source, []byte(call)) {
				t.Errorf("%s uses %s: print through print.go", name, call)
			}
		}
	}
}

// TestJSONValues: each value is cleaned as on the terminal, and nothing else changes.
func TestJSONValues(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	out := &console{stdout: &stdout}
	value := map[string]any{"plain": "\"q\" \\u202e <&> ä 网\nnext", hostile: []string{hostile}, "n": 1.5}
	if err := errors.Join(out.printJSON(value), out.printJSONLine(value)); err != nil {
		t.Fatal(err)
	}
	checkHarmless(t, "stdout", stdout.String())
	harmlessValues(t, stdout.String())
	var got map[string]any
	if err := json.NewDecoder(&stdout).Decode(&got); err != nil {
		t.Fatal(err)
	}
	// encoding/json has turned what is not UTF-8 into U+FFFD before.
	want := strings.ReplaceAll(strings.ReplaceAll(shown, `\a`, `\u0007`), `\xff`, `\ufffd`)
	want = strings.ReplaceAll(want, `\x1b`, `\u001b`)
	list, _ := got[want].([]any)
	if got["plain"] != value["plain"] || got["n"] != 1.5 || len(list) != 1 || list[0] != want {
		t.Errorf("got %q", got)
	}
}

// TestJUnitValues: a build server shows the names of cases and the messages of errors.
func TestJUnitValues(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "junit.xml")
	results := &testResults{suites: []suite{{file: hostile}}}
	if err := results.writeJUnit(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkHarmless(t, "JUnit", string(text))
	if err := xml.Unmarshal(text, new(junitSuites)); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

// hostileCloud is one in which everything that somebody else can name has a hostile name.
func hostileCloud(t *testing.T, log io.Writer) {
	t.Helper()
	cloud := &simulator.Cloud{Record: func(c simulator.Call) { logCall(log, c) }}
	simulated(t, cloud)
	cloud.AddKey(simulator.Key{
		ID: simulatedID, Secret: simulatedSecret, Account: simulator.SeedAccepter,
		Role: "acs:ram::1111111111111111:role/operator", Session: hostile,
	})
	for _, item := range cloud.Items() {
		item.Name, item.Description, item.ManagedService = hostile, hostile, ""
		item.VPC = simulator.VPC{VpcID: "vpc-" + hostile, Ipv4Cidrs: []string{"10.0.0.0/8" + hostile}}
		if item.InstanceID == "pcc-seed0004" {
			item.Status = peering.Status("Odd" + hostile)
		}
		cloud.Put(item)
	}
	cloud.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "RejectVpcPeerConnection", Instance: "pcc-seed0003", Code: "Odd." + hostile})
}

// TestHostileNames runs each command on a cloud, and on files, that hold hostile names. Nothing of them reaches a terminal, a
// value or a page.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	quoted := func(text string) string {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(quoted)
	}
	name := quoted("x" + hostile)
	side := `{"account": ` + name + `, "region": ` + name + `, "vpc": ` + name + `, "cidrs": [` + name + `]}`
	report := file("report.json", `{"message": "report", "time": "2026-01-01T00:00:00Z", "report": {"trigger": "sweep", "trigger_id": `+name+`, "version": `+name+`,
		"mode": `+name+`, "policy": {"digest": `+name+`}, "counts": {`+name+`: 1}, "complete": true, "visited": 1, "connections": [
		{"instance_id": `+name+`, "requester": `+side+`, "accepter": `+side+`, "decision": `+name+`, "rule": `+name+`, "outcome": `+name+`}],
		"partitions": [{"account": `+name+`, "region": `+name+`, "seen": 0, "error": {"code": `+name+`, "message": `+name+`}}]}}`)
	event := file("event.json", `{"id": `+name+`, "data": {"eventName": "CreateVpcPeerConnection", "userIdentity": {"accountId": `+name+`},
		"requestParameters": {"VpcId": `+name+`, "AcceptingVpcId": `+name+`, "RegionId": `+name+`}, "responseElements": {"InstanceId": "pcc-a"}}}`)
	other := file("other.json", `{"id": "a", "data": {"eventName": `+name+`}}`)
	policy := file("policy.yaml", enforcing)
	broken := file("broken.yaml", "version: 1\nmode: enforce # "+hostile+"\nallow: []\n")
	page := filepath.Join(dir, "page.html")
	for _, args := range [][]string{
		{"sweep", "--policy", policy, "--region", "cn-shanghai", "--region", "cn-hangzhou"},
		{"sweep", "--policy", policy, "--region", "cn-shanghai", "--region", "cn-hangzhou", "--all"},
		{"sweep", "--policy", policy, "--region", "cn-shanghai", "--region", "cn-hangzhou", "--json", "--html", page},
		{"doctor", "--policy", policy, "--report", report},
		{"doctor", "--policy", policy, "--report", report, "--json"},
		{"explain", "--policy", policy, report},
		{"explain", "--policy", policy, report, "--json"},
		{"explain", "--policy", policy, event},
		{"explain", "--policy", policy, event, "--json"},
		{"explain", "--policy", policy, other},
		{"explain", "--policy", policy, other, "--json"},
		{"check", broken},
		{"check", broken, "--json"},
		{"check", broken, "--format", "github"},
		{"check", broken, "--format", "markdown"},
		{"check", broken, "--format", "sarif"},
		{"test", broken, "--format", "github"},
		{"test", broken, "--format", "markdown"},
		{"draft", "--policy", policy, "--region", "cn-shanghai", "--region", "cn-hangzhou"},
		{"test", broken},
		{"test", broken, "--json"},
		{"test", "missing" + hostile},
		{"simulate", "--account", hostile},
		{"simulate", "--fault", hostile},
	} {
		t.Run(strings.Join(args[:min(len(args), 5)], " "), func(t *testing.T) {
			var stdout, stderr, log buffer
			hostileCloud(t, &log)
			out := &console{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, stdoutTTY: true}
			if code := run(t.Context(), args, out); code > 2 {
				t.Errorf("exit code %d", code)
			}
			if stdout.String()+stderr.String() == "" {
				t.Error("it printed nothing")
			}
			checkHarmless(t, "stdout", stdout.String())
			checkHarmless(t, "stderr", stderr.String())
			checkHarmless(t, "the log of calls", log.String())
			if strings.Contains(strings.Join(args, " "), "--json") {
				harmlessValues(t, stdout.String())
			}
		})
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "pcc-seed0002") {
		t.Fatalf("%v: %d bytes", err, len(text))
	}
	checkHarmless(t, "the page", string(text))
}
