package handler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/rs/zerolog"

	"peerguard/events"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

const sweepAll = `{"triggerTime":"2026-11-20T06:00:00Z","triggerName":"each-minute"}`

func sample(t *testing.T, name string) string {
	t.Helper()
	all, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name == name {
			return string(c.Payload)
		}
	}
	t.Fatalf("there is no sample %s", name)
	return ""
}

// TestDecisionLine: a decision has the fields that an operator searches for.
func TestDecisionLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, events.World(), zerolog.InfoLevel)
	if _, failed := w.invoke(t, sample(t, "create-unknown-account")); failed != nil {
		t.Fatal(failed)
	}
	found := w.logged.parsed(t, "decision")
	if len(found) != 1 {
		t.Fatalf("%d decisions, want one", len(found))
	}
	line := found[0]
	for key, want := range map[string]string{
		"level": "warn", "request_id": "request-1", "outcome": "rejected", "decision": "reject", "rule": "default", "status": "Accepting",
		"requester_account": "6666666666666666", "requester_cidrs": "[10.77.0.0/16]", "accepter_account": "1111111111111111", "accepter_region": "cn-shanghai",
		"reason": "no allow rule names account 6666666666666666",
	} {
		if got := fmt.Sprint(line[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	for _, key := range []string{"trigger_id", "instance_id", "client_token", "api_request_id"} {
		if line[key] == nil {
			t.Errorf("%s is missing", key)
		}
	}
	if line["error_code"] != nil {
		t.Error("a rejection has no error")
	}
}

// TestEveryLineSaysWhatItIsAbout: the invocation, the release and the policy are fields of each line, the rule's owner of
// each decision whose rule has one.
func TestEveryLineSaysWhatItIsAbout(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"policy.yaml": {Data: []byte(`version: 1
mode: dry-run
guard: {regions: [cn-shanghai]}
reject: [{name: phisher, accounts: ["3333333333333333"], owner: security team}]
allow: []
`)}}
	w := newWorld(t, files, zerolog.DebugLevel)
	report, failed := w.invoke(t, sample(t, "create-known-phisher"))
	if failed != nil {
		t.Fatal(failed)
	}
	if _, failed := w.invoke(t, sweepAll); failed != nil {
		t.Fatal(failed)
	}
	lines := append(w.logged.parsed(t, "decision"), w.logged.parsed(t, "report")...)
	triggers, owned := map[any]int{}, 0
	for _, line := range lines {
		triggers[line["trigger_id"]]++
		for key, want := range map[string]any{
			"request_id": "request-1", "version": "v1.2.3", "mode": "dry-run", "policy_digest": report.Policy.Digest,
		} {
			if line[key] != want {
				t.Errorf("%s is %v, want %v: %v", key, line[key], want, line)
			}
		}
		var owner any
		if line["rule"] == "phisher" {
			owner = "security team"
			owned++
		}
		if line["owner"] != owner {
			t.Errorf("the owner is %v, want %v: %v", line["owner"], owner, line)
		}
	}
	if triggers[report.TriggerID] != 2 || triggers["each-minute@2026-11-20T06:00:00Z"] < 3 || len(triggers) != 2 || owned == 0 {
		t.Errorf("lines by trigger: %v; %d have an owner", triggers, owned)
	}
}

// TestReportKeys: the keys of a report and their order are promised to the outside.
func TestReportKeys(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		sweepAll: `"trigger":"sweep","trigger_id":"each-minute@2026-11-20T06:00:00Z","request_id":"request-1","version":"v1.2.3","mode":"enforce",` +
			`"policy":…,"counts":…,"connections":…,"partitions":…,"visited":2,"complete":true`,
		sample(t, "delete-connection"): `"trigger":"event","trigger_id":"45ef4dew-7c35-447a-bd93-fab000000031","request_id":"request-1","version":"v1.2.3","mode":"enforce",` +
			`"policy":…,"ignored":"…","counts":…,"connections":…,"partitions":…,"visited":0,"complete":true`,
	} {
		w := fine(t)
		report, _ := w.invoke(t, payload)
		if report.Ignored != "" {
			report.Ignored = "…"
		}
		body, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(t, body); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// keys shows the members of a JSON object in their order, with … for objects and arrays.
func keys(t *testing.T, object []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	var members []string
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if value[0] == '{' || value[0] == '[' {
			value = []byte("…")
		}
		members = append(members, fmt.Sprintf("%q:%s", key, value))
	}
	return strings.Join(members, ",")
}

// TestLevels: a decision's level follows from its outcome.
func TestLevels(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ sample, level string }{
		{"create-unknown-account", "warn"},
		{"dry-run-unknown-account", "warn"},
		{"create-allowed-account", "info"},
		{"accept-in-own-account", "error"},
		{"create-owner-unknown", "error"},
		{"create-expired", "debug"},
		{"create-managed-by-service", "warn"}, // it waits to be accepted, and the policy rejects it
	} {
		t.Run(tt.sample, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, events.World(), zerolog.TraceLevel)
			_, _ = w.invoke(t, sample(t, tt.sample)) // how it ends is tested elsewhere
			if found := w.logged.parsed(t, "decision"); len(found) != 1 || found[0]["level"] != tt.level {
				t.Errorf("got %v, want one at level %s", found, tt.level)
			}
		})
	}
}

// TestSweepIsQuietAboutWhatIsAllowed: a line a minute for each allowed connection would drown out the rest.
func TestSweepIsQuietAboutWhatIsAllowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, events.World(), zerolog.InfoLevel)
		report, failed := w.invoke(t, sweepAll)
		if failed != nil {
			t.Fatal(failed)
		}
		if n := report.Counts[guard.Allowed]; n == 0 {
			t.Fatal("nothing allowed was seen")
		}
		for _, line := range w.logged.parsed(t, "decision") {
			if line["decision"] != "reject" && line["error_code"] == nil {
				t.Errorf("a sweep says at level %v that a connection is %v", line["level"], line["outcome"])
			}
		}
		managed := 0 // by another service, and waiting to be accepted: logged, and only counted in the report
		for _, line := range w.logged.parsed(t, "decision") {
			if line["outcome"] == "ignored" {
				managed++
			}
		}
		if n := len(w.logged.parsed(t, "decision")) - managed; n != len(report.Connections) || managed != 2 {
			t.Errorf("%d decisions logged besides %d, %d in the report", n, managed, len(report.Connections))
		}
	})
}

// TestReportLine: each invocation logs one report, even if it fails, unless the policy or the event cannot be read.
func TestReportLine(t *testing.T) {
	t.Parallel()
	broken := fstest.MapFS{"policy.yaml": {Data: []byte("version: 2\n")}}
	for name, tt := range map[string]struct {
		world   func(t *testing.T) *world
		payload string
		level   any // of the report line; nil means there is none
		fails   string
	}{
		"fine":          {fine, sweepAll, "info", ""},
		"unresolved":    {fine, sample(t, "create-owner-unknown"), "error", fc.Unresolved},
		"partly read":   {fine, sample(t, "array-with-rubbish"), "error", fc.InvalidEvent},
		"no event":      {fine, "{}", nil, fc.InvalidEvent},
		"out of scope":  {fine, strings.Replace(sweepAll, "}", `,"payload":"{\"regions\":[\"cn-beijing\"]}"}`, 1), nil, fc.InvalidEvent},
		"broken policy": {func(t *testing.T) *world { return newWorld(t, broken, zerolog.InfoLevel) }, sweepAll, nil, fc.InvalidPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := tt.world(t)
				report, failed := w.invoke(t, tt.payload)
				found := w.logged.parsed(t, "report")
				switch {
				case tt.level == nil && len(found) > 0:
					t.Errorf("logged %v", found)
				case tt.level != nil && (len(found) != 1 || found[0]["level"] != tt.level || found[0]["trigger_id"] != report.TriggerID || found[0]["report"] == nil):
					t.Errorf("logged %v, want one report at level %v", found, tt.level)
				}
				if failed == nil && tt.fails != "" || failed != nil && failed.Type != tt.fails {
					t.Errorf("failed as %+v, want %q", failed, tt.fails)
				}
				if strings.Count(w.logged.buf.String(), `"message":"decision"`) > 0 && tt.fails == fc.InvalidPolicy {
					t.Error("something was decided under a broken policy")
				}
			})
		})
	}
}

func fine(t *testing.T) *world {
	t.Helper()
	return newWorld(t, events.World(), zerolog.InfoLevel)
}

// TestNoAccountNoRegion: if the platform does not say whose function this is, nobody is judged.
func TestNoAccountNoRegion(t *testing.T) {
	t.Parallel()
	w := fine(t)
	for _, at := range []fc.Invocation{{Region: "cn-shanghai"}, {Account: "1111111111111111"}} {
		_, err := w.Handle(t.Context(), at, []byte(sweepAll))
		if failed := new(fc.Error); !errors.As(err, &failed) || failed.Type != fc.Unresolved {
			t.Errorf("got %v", err)
		}
	}
	if n := w.Stats().Calls; n > 0 {
		t.Errorf("%d calls", n)
	}
}

// TestWarn: failed invocations are logged with their error type, trouble with the platform without one.
func TestWarn(t *testing.T) {
	t.Parallel()
	w := fine(t)
	w.Warn("request-1", &fc.Error{Type: fc.InvalidPolicy, Message: "policy.yaml:1:1: no"})
	w.Warn("", errors.New("polling: refused"))
	found := w.logged.parsed(t, "failed")
	if len(found) != 2 || found[0]["error_type"] != "InvalidPolicy" || found[0]["request_id"] != "request-1" || found[0]["version"] != "v1.2.3" || found[1]["error_type"] != nil || found[1]["error"] != "polling: refused" {
		t.Errorf("logged %v", found)
	}
}

// TestMemberAccountOfAnEvent: the account that an event names as accepter is read and rejected through its role.
func TestMemberAccountOfAnEvent(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"policy.yaml": {Data: []byte(`version: 1
mode: enforce
guard: {accounts: [{role: "acs:ram::9999999999999999:role/peerguard"}]}
allow: []
`)}}
	w := newWorld(t, files, zerolog.InfoLevel)
	w.AddRole(simulator.Role{ARN: "acs:ram::9999999999999999:role/peerguard", TrustedAccounts: []peering.Account{"1111111111111111"}})
	item, _ := w.Item("pcc-lnk0m24khwvtkm0001")
	item.InstanceID, item.AcceptingOwnerUID = "pcc-member", 9999999999999999
	w.Put(item)
	payload := strings.NewReplacer("pcc-lnk0m24khwvtkm0001", "pcc-member", "1111111111111111", "9999999999999999").Replace(sample(t, "create-unknown-account"))
	report, failed := w.invoke(t, payload)
	if failed != nil || report.Counts[guard.Rejected] != 1 {
		t.Errorf("got %+v, %v", report, failed)
	}
}

// TestWhatASearchNeedsComesFirst: log services cut long lines, so that what somebody else can make long comes last.
func TestWhatASearchNeedsComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, events.World(), zerolog.TraceLevel)
	w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListVpcPeerConnections", Region: "cn-hangzhou"})
	if _, failed := w.invoke(t, sweepAll); failed == nil {
		t.Fatal("want a sweep that fails")
	}
	w.Warn("request-1", &fc.Error{Type: fc.Unresolved, Cause: "Forbidden.RAM", Incomplete: true, Message: "…"})
	seen := map[string]int{}
	for line := range strings.Lines(w.logged.buf.String()) {
		message, _, _ := strings.Cut(line[strings.Index(line, `"message":"`)+len(`"message":"`):], `"`)
		seen[message]++
		for _, key := range map[string][]string{
			"decision": {"message", "outcome", "instance_id"}, "report": {"message", "trigger", "complete", "error_type", "cause_code"},
			"failed": {"message", "error_type", "cause_code", "complete"}, "partition": {"message", "error_code", "account", "region"},
		}[message] {
			if at := strings.Index(line, `"`+key+`":`); at < 0 || at > 160 {
				t.Errorf("%s is at byte %d of a line: %.600s", key, at, line)
			}
		}
	}
	if len(seen) != 4 || seen["decision"] < 10 || seen["report"] != 1 || seen["failed"] != 1 || seen["partition"] == 0 {
		t.Errorf("lines %v", seen)
	}
}

// TestPartitionLine: a partition that fails is an error, and one whose list has more than 100 pages a warning.
func TestPartitionLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		connections int
		fault       string
		level       any
	}{
		{"short", 100, "", nil},
		{"100 pages", 10_000, "", nil},
		{"101 pages", 10_001, "", "warn"},
		{"failed", 1, "ListVpcPeerConnections:forbidden", "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, fstest.MapFS{"policy.yaml": {Data: []byte("version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")}}, zerolog.InfoLevel)
				for _, item := range w.Items() {
					w.Remove(item.InstanceID)
				}
				for i := range tt.connections {
					item := foreign(fmt.Sprintf("pcc-%d", i), 1111111111111111)
					item.Status = peering.Rejected
					w.Put(item)
				}
				if tt.fault != "" {
					fault, err := simulator.ParseFault(tt.fault)
					if err != nil {
						t.Fatal(err)
					}
					w.Inject(fault)
				}
				_, failed := w.invoke(t, sweepAll)
				if (failed != nil) != (tt.fault != "") {
					t.Errorf("failed as %v", failed)
				}
				found := w.logged.parsed(t, "partition")
				if tt.level == nil {
					if len(found) > 0 {
						t.Errorf("logged %v", found)
					}
					return
				}
				if len(found) != 1 || found[0]["level"] != tt.level || found[0]["account"] != "1111111111111111" || found[0]["region"] != "cn-shanghai" ||
					found[0]["policy_digest"] == nil || (found[0]["error_code"] != nil) != (tt.fault != "") || (found[0]["error_message"] != nil) != (tt.fault != "") {
					t.Errorf("logged %v, want one line at level %v", found, tt.level)
				}
			})
		})
	}
}

// TestAnArrayThatFailsTwice: that an element cannot be read does not hide that the deadline came first for the others.
// Alerts tell one from the other by these two fields.
func TestAnArrayThatFailsTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := fine(t)
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "GetVpcPeerConnectionAttribute"})
		_, failed := w.invoke(t, `[{"specversion":"1.0","data":{"eventName":"CreateVpcPeerConnection"}},`+sample(t, "create-unknown-account")+`]`)
		if failed == nil {
			t.Fatal("want a failed invocation")
		}
		w.Warn("request-1", failed)
		for _, line := range append(w.logged.parsed(t, "report"), w.logged.parsed(t, "failed")...) {
			if line["level"] != "error" || line["error_type"] != "InvalidEvent" || line["cause_code"] != "Timeout" {
				t.Errorf("logged %v", line)
			}
		}
	})
}
