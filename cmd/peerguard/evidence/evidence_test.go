package evidence_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// decision is a line of the log about a connection.
func decision(at, request, instance, outcome string) string {
	return fmt.Sprintf(`{"level":"warn","message":"decision","outcome":%q,"instance_id":%q,"decision":"reject","rule":"default","request_id":%q,"trigger_id":"t-%s","version":"v1",`+
		`"mode":"enforce","policy_digest":"sha256:01","requester_account":"6666666666666666","accepter_account":"1111111111111111","owner":"security","time":%q}`,
		outcome, instance, request, request, at)
}

// report is the line of an invocation. body are fields of the report, beginning with a comma.
func report(at, request, trigger, body string) string {
	return fmt.Sprintf(`{"level":"info","message":"report","trigger":%q,"cause_code":"Timeout","time":%q,"report":{"trigger":%q,"trigger_id":"t-%s","request_id":%q,"version":"v1","mode":"enforce","policy":{"digest":"sha256:01"}%s}}`,
		trigger, at, trigger, request, request, body)
}

func read(t *testing.T, asked evidence.Period, files ...string) *evidence.Evidence {
	t.Helper()
	book := evidence.New(asked)
	for _, text := range files {
		if book.Read([]byte(text)) == 0 {
			t.Errorf("nothing is found in %q", text)
		}
	}
	return book.Close()
}

func rows(e *evidence.Evidence) string {
	var words []string
	for _, r := range e.Rows {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.InstanceID, r.RequestID, r.Outcome, r.Owner)))
	}
	return strings.Join(words, ", ")
}

func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

// TestEachRowOnce: a row for each connection, invocation and outcome of four, however often and wherever the logs tell it.
func TestEachRowOnce(t *testing.T) {
	t.Parallel()
	told := decision("2026-11-20T06:00:01Z", "1-a", "pcc-1", "rejected")
	summary := report("2026-11-20T06:00:02Z", "1-a", "sweep", `,"counts":{"rejected":2},"complete":true,"connections":[{"instance_id":"pcc-1","outcome":"rejected"},{"instance_id":"pcc-2","outcome":"rejected"}]`)
	log := lines(
		told,
		decision("2026-11-20T06:00:01Z", "1-a", "pcc-3", "allowed"), decision("2026-11-20T06:00:01Z", "1-a", "pcc-4", "not_ready"), decision("2026-11-20T06:00:01Z", "1-a", "pcc-5", "closed"),
		summary,
		decision("2026-11-20T06:01:01Z", "1-b", "pcc-1", "failed"), decision("2026-11-20T06:01:02Z", "1-b", "pcc-1", "violation"), decision("2026-11-20T06:02:02Z", "1-c", "pcc-1", "would_reject"),
	)
	const want = "pcc-1 1-a rejected security, pcc-2 1-a rejected, pcc-1 1-b failed security, pcc-1 1-b violation security, pcc-1 1-c would_reject security"
	for name, files := range map[string][]string{
		"one file":           {log},
		"twice":              {log, log},
		"the report first":   {lines(summary), log},
		"the report alone":   {log, lines(summary)},
		"in another order":   {lines(slices.Collect(reversed(strings.Split(strings.TrimSpace(log), "\n")))...)},
		"as an older export": {`{"message":` + fmt.Sprintf("%q", told) + "}", log},
	} {
		if got := rows(read(t, evidence.Period{}, files...)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	own := read(t, evidence.Period{}, lines(summary), log).Rows[0]
	if own.Time.Second() != 1 || own.Digest != "sha256:01" || own.Mode != policy.Enforce || own.Version != "v1" || own.TriggerID != "t-1-a" {
		t.Errorf("got %+v, want the time and the facts of the line", own)
	}
}

func reversed(list []string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, s := range slices.Backward(list) {
			if !yield(s) {
				return
			}
		}
	}
}

// TestSweepsOfOperators: all have the request id local, and are told apart by their triggers.
func TestSweepsOfOperators(t *testing.T) {
	t.Parallel()
	one := `{"trigger":"sweep","trigger_id":"peerguard-sweep@1","request_id":"local","counts":{"would_reject":1},"complete":true,"policy":{"digest":"sha256:01"},"connections":[{"instance_id":"pcc-1","outcome":"would_reject"}]}`
	e := read(t, evidence.Period{}, one, strings.Replace(one, "@1", "@2", 1), one)
	if rows(e) != "pcc-1 local would_reject, pcc-1 local would_reject" || e.Sweeps != 2 {
		t.Errorf("%s; %d sweeps", rows(e), e.Sweeps)
	}
	if got := e.Uncovered(9); len(got) != 2 || !strings.Contains(got[1], "When 2 of the connections") {
		t.Errorf("%q", got)
	}
}

// TestDays: both days are part of what was asked for, in UTC.
func TestDays(t *testing.T) {
	t.Parallel()
	var log []string
	for _, at := range []string{"2026-11-19T23:59:59Z", "2026-11-20T00:00:00Z", "2026-11-21T23:59:59.999Z", "2026-11-22T07:59:59+08:00", "2026-11-22T00:00:00Z"} {
		log = append(log, decision(at, at, "pcc-"+at, "rejected"), report(at, at, "event", `,"counts":{"rejected":1},"complete":true`))
	}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		asked evidence.Period
		rows  int
	}{
		{evidence.Period{}, 5}, {evidence.Period{From: day("2026-11-20")}, 4}, {evidence.Period{Until: day("2026-11-22")}, 4},
		{evidence.Period{From: day("2026-11-20"), Until: day("2026-11-22")}, 3}, {evidence.Period{From: day("2026-12-01")}, 0},
	} {
		e := read(t, tt.asked, lines(log...))
		if len(e.Rows) != tt.rows || e.Invocations != tt.rows {
			t.Errorf("%s: %d rows, %d invocations, want %d", tt.asked.InWords(), len(e.Rows), e.Invocations, tt.rows)
		}
	}
	covered := read(t, evidence.Period{From: day("2026-11-20"), Until: day("2026-11-22")}, lines(log...))
	for _, sentence := range covered.Uncovered(9) {
		if strings.Contains(sentence, "The time before") || strings.Contains(sentence, "The time after") {
			t.Errorf("%s, and the logs cover all of it", sentence)
		}
	}
}

// TestWhatIsNotCovered: each thing that a log does not show is said, and nothing else.
func TestWhatIsNotCovered(t *testing.T) {
	t.Parallel()
	first, last := report("2026-11-20T06:00:00Z", "1-first", "sweep", `,"counts":{},"complete":true`), report("2026-11-20T06:59:00Z", "1-last", "sweep", `,"counts":{},"complete":true`)
	const ends = "The time before 2026-11-20 06:00:00 UTC, when the first line was written.|The time after 2026-11-20 06:59:00 UTC, when the last line was written."
	for name, tt := range map[string]struct{ between, want string }{
		"nothing": {"", ""},
		"an invocation without a report": {
			lines(decision("2026-11-20T06:10:00Z", "1-a", "pcc-1", "rejected")), "Invocation 1-a (t-1-a) at 2026-11-20 06:10:00 UTC began and left no report.",
		},
		"one that only began": {"FC Invoke Start RequestId: 1-a\nFC Invoke End RequestId: 1-a\n", "Invocation 1-a at 2026-11-20 06:00:00 UTC began and left no report."},
		"one that began and reports": {
			lines("FC Invoke Start RequestId: 1-a", report("2026-11-20T06:10:00Z", "1-a", "event", `,"counts":{},"complete":true`)), "",
		},
		"a broken policy": {
			lines("FC Invoke Start RequestId: 1-a", `{"level":"error","message":"failed","error_type":"InvalidPolicy","request_id":"1-a","error":"policy.yaml:1:1: no","time":"2026-11-20T06:10:00Z"}`),
			"Invocation 1-a at 2026-11-20 06:10:00 UTC began and left no report: InvalidPolicy: policy.yaml:1:1: no.",
		},
		"trouble without an invocation": {lines(`{"level":"error","message":"failed","error":"polling: refused","time":"2026-11-20T06:10:00Z"}`), ""},
		"a sweep that was cut short":    {lines(report("2026-11-20T06:10:00Z", "1-a", "sweep", `,"counts":{},"complete":false`)), "Sweep 1-a (t-1-a) at 2026-11-20 06:10:00 UTC was not complete: Timeout."},
		"an event that was cut short":   {lines(report("2026-11-20T06:10:00Z", "1-a", "event", `,"counts":{},"complete":false`)), ""},
		"a sweep whose retry was complete": {
			lines(report("2026-11-20T06:10:00Z", "1-a", "sweep", `,"counts":{},"complete":false`), report("2026-11-20T06:12:00Z", "1-a", "sweep", `,"counts":{},"complete":true`)), "",
		},
		"more connections than lines": {
			lines(decision("2026-11-20T06:10:00Z", "1-a", "pcc-1", "rejected"), report("2026-11-20T06:10:00Z", "1-a", "sweep", `,"counts":{"rejected":3,"failed":1,"allowed":7},"complete":true`)),
			"Invocation 1-a (t-1-a) at 2026-11-20 06:10:00 UTC counts 3 more connections than the logs tell of.",
		},
		"a partition": {
			lines(`{"level":"error","message":"partition","error_code":"Forbidden.RAM","account":"1","region":"cn-hangzhou","request_id":"1-first","time":"2026-11-20T06:00:01Z"}`,
				`{"level":"warn","message":"partition","account":"1","region":"cn-beijing","pages":101,"request_id":"1-first","time":"2026-11-20T06:00:01Z"}`,
				report("2026-11-20T06:10:00Z", "1-a", "sweep", `,"counts":{},"complete":true,"partitions":[{"account":"1","region":"cn-hangzhou","error":{"code":"Forbidden.RAM"}},{"account":"1","region":"cn-beijing","seen":3}]`)),
			"Account 1 in cn-hangzhou could not be listed: Forbidden.RAM, first at 2026-11-20 06:00:01 UTC, last at 2026-11-20 06:10:00 UTC.",
		},
		"a cut line": {lines(first[:80]), "Lines that were cut off: 1."},
	} {
		want := strings.Split(ends, "|")
		if tt.want != "" {
			want = append(want, tt.want)
		}
		if got := read(t, evidence.Period{}, first+"\n"+tt.between+last).Uncovered(9); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, want)
		}
	}
}

// TestSilence: more than an hour without a line is said, whichever order the files come in.
func TestSilence(t *testing.T) {
	t.Parallel()
	at := func(text string) string { return lines(report(text, text, "sweep", `,"counts":{},"complete":true`)) }
	e := read(t, evidence.Period{}, at("2026-11-20T09:00:01Z")+at("2026-11-20T08:00:00Z"), at("2026-11-20T06:00:00Z")+at("2026-11-20T07:00:00Z"))
	if len(e.Gaps.Silences) != 1 || e.Uncovered(9)[2] != "Nothing was logged from 2026-11-20 08:00:00 UTC to 2026-11-20 09:00:01 UTC." {
		t.Errorf("%q", e.Uncovered(9))
	}
}

// TestManyGaps: a limit of each kind, and how many more there are.
func TestManyGaps(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	for i := range 100 {
		fmt.Fprintf(&log, "FC Invoke Start RequestId: 1-%02d\n", i)
	}
	e := read(t, evidence.Period{}, log.String())
	said := e.Uncovered(3)
	if len(e.Gaps.Unreported) != 100 || len(said) != 5 || said[3] != "Invocation 1-02 began and left no report." || said[4] != "… and 97 more invocations without a report." {
		t.Errorf("%d: %q", len(e.Gaps.Unreported), said)
	}
}

// TestNothingOfTheFunction: a file of somebody else is not taken for a log.
func TestNothingOfTheFunction(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello\n", `{"connections":[{"InstanceId":"pcc-1"}]}`, `{"errorMessage":"no"}`, `{"instance_id":"i-1"}`, "time,instance_id\n1,2\n"} {
		if n := evidence.New(evidence.Period{}).Read([]byte(text)); n > 0 {
			t.Errorf("%q: %d lines", text, n)
		}
	}
}

// TestMonths: one case for all sweeps in which the same rule of the same policy decided, but each rejection is one.
func TestMonths(t *testing.T) {
	t.Parallel()
	var log []string
	for i, at := range []string{"2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-11-01T00:01:00Z", "2026-11-01T00:02:00Z"} {
		log = append(log, decision(at, fmt.Sprintf("1-%d", i), "pcc-1", "would_reject"))
	}
	log = append(log, strings.Replace(decision("2026-11-01T00:03:00Z", "1-5", "pcc-1", "would_reject"), "sha256:01", "sha256:02", 1),
		decision("2026-11-01T00:04:00Z", "1-6", "pcc-1", "rejected"), decision("2026-11-01T00:04:00Z", "1-7", "pcc-1", "rejected"),
		decision("2026-11-01T00:05:00Z", "1-8", "pcc-1", "failed"))
	var got []string
	e := read(t, evidence.Period{}, lines(log...))
	for _, m := range e.Months() {
		got = append(got, m.Name)
		for _, c := range m.Cases {
			got = append(got, fmt.Sprintf("%s %s ×%d %s", c.Outcome, c.Digest, c.Times, c.Last.Sub(c.Time)))
		}
	}
	want := []string{
		"2026-10", "would_reject sha256:01 ×1 0s",
		"2026-11", "failed sha256:01 ×1 0s", "rejected sha256:01 ×1 0s", "rejected sha256:01 ×1 0s", "would_reject sha256:01 ×3 2m0s", "would_reject sha256:02 ×1 0s",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(e.Policies) != 2 || e.Policies[0].Digest != "sha256:01" || e.Policies[1].First != e.Policies[1].Last {
		t.Errorf("policies %+v", e.Policies)
	}
}

// TestCSV: the columns are promised to the outside, and no field is a formula or holds what could control a terminal.
func TestCSV(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 14, 0, 3, 5e8, time.FixedZone("", 8*3600))
	all := []evidence.Row{
		{Time: at, RequestID: "1-a", TriggerID: "t", Version: "v1", Entry: guard.Entry{
			InstanceID: "pcc-1", Outcome: guard.Rejected, Decision: policy.Reject, Rule: "=1+1", Owner: "@owner", Reason: "a, \"b\"\nc",
			Requester: peering.Side{Account: "0222222222222222", Region: "cn-hangzhou", VPC: "-vpc", CIDRs: []string{"10.1.0.0/16", "2408:4004::/56"}},
			Accepter:  peering.Side{Account: "1111111111111111", Region: "cn-shanghai", VPC: " +vpc"}, ClientToken: "＝x", APIRequestID: "54B4\x1b", Mode: policy.Enforce, Digest: "sha256:01",
		}},
		{Entry: guard.Entry{InstanceID: "pcc-2", Outcome: guard.Failed, Reason: "why", Error: &guard.Error{Code: "Timeout", Message: "late"}}},
	}
	var b bytes.Buffer
	if err := evidence.WriteCSV(&b, all); err != nil {
		t.Fatal(err)
	}
	const want = `time,instance_id,outcome,decision,rule,owner,reason,requester_account,requester_region,requester_vpc,requester_cidrs,accepter_account,accepter_region,accepter_vpc,client_token,api_request_id,request_id,mode,policy_digest,version
2026-11-20T06:00:03Z,pcc-1,rejected,reject,'=1+1,'@owner,"a, ""b""\nc",0222222222222222,cn-hangzhou,'-vpc,10.1.0.0/16 2408:4004::/56,1111111111111111,cn-shanghai,' +vpc,'＝x,54B4\x1b,1-a,enforce,sha256:01,v1
,pcc-2,failed,,,,why; Timeout: late,,,,,,,,,,,,,
`
	if b.String() != want {
		t.Errorf("got  %s\nwant %s", &b, want)
	}
	if table, err := csv.NewReader(strings.NewReader(b.String())).ReadAll(); err != nil || len(table) != 3 {
		t.Errorf("%d rows, %v", len(table), err)
	}
	for text, is := range map[string]bool{b.String(): true, "": false, "time,instance_id": false, "a,b\n1,2\n": false} {
		if evidence.IsCSV(strings.NewReader(text)) != is {
			t.Errorf("%q is a table of ours: %t", text, !is)
		}
	}
}
