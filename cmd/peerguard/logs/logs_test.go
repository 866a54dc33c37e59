package logs_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"peerguard/cmd/peerguard/logs"
	"peerguard/function/guard"
	"peerguard/function/policy"
)

// The lines of one invocation, as the function writes them.
const (
	began    = "FC Invoke Start RequestId: 1-a"
	decision = `{"level":"warn","message":"decision","outcome":"failed","instance_id":"pcc-1","decision":"reject","rule":"phisher","error_code":"Timeout","error_retryable":true,` +
		`"request_id":"1-a","trigger_id":"ev-1","version":"v1","mode":"enforce","policy_digest":"sha256:00",` +
		`"requester_account":"0222222222222222","requester_region":"cn-hangzhou","requester_vpc":"vpc-a","requester_cidrs":["10.1.0.0/16","10.9.0.0/16"],"requester_path":"rd-1/r-1",` +
		`"accepter_account":"1111111111111111","accepter_vpc":"vpc-b","status":"Accepting","owner":"security","reason":"no","error_message":"late","name":"{\"message\":\"decision\"}","time":"2026-11-20T06:00:01+08:00"}`
	partition = `{"level":"error","message":"partition","error_code":"Forbidden.RAM","account":"1111111111111111","region":"cn-hangzhou","seen":3,"request_id":"1-a","time":"2026-11-20T06:00:02Z","error_message":"no"}`
	report    = `{"level":"info","message":"report","trigger":"event","complete":true,"time":"2026-11-20T06:00:03Z","cause_code":"Timeout","error_type":"Unresolved",` +
		`"report":{"trigger":"event","trigger_id":"ev-1","request_id":"1-a","version":"v1","mode":"enforce","policy":{"digest":"sha256:00"},"counts":{"failed":1},"connections":[{"instance_id":"pcc-1","requester":{"account":"0222222222222222"},"outcome":"failed"}],"partitions":[],"visited":0,"complete":true}}`
	failed = `{"level":"error","message":"failed","error_type":"InvalidPolicy","request_id":"1-b","version":"v1","error":"no policy","time":"2026-11-20T06:00:04Z"}`
	ended  = "FC Invoke End RequestId: 1-a"
)

func quoted(t *testing.T, value any) string {
	t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// all returns the kinds of the lines in a text, and how many could not be read.
func all(text string) (lines []logs.Line, unreadable int) {
	for line, err := range logs.Lines([]byte(text)) {
		if err != nil {
			unreadable++
			continue
		}
		lines = append(lines, line)
	}
	return lines, unreadable
}

func kinds(lines []logs.Line) string {
	var words []string
	for _, l := range lines {
		words = append(words, string(l.Kind)+" "+l.RequestID)
	}
	return strings.Join(words, ", ")
}

// TestEveryFormTellsTheSame: whatever saved the log, its lines are the same.
func TestEveryFormTellsTheSame(t *testing.T) {
	t.Parallel()
	written := []string{began, decision, partition, report, failed, ended}
	var table bytes.Buffer
	rows := csv.NewWriter(&table)
	_ = rows.Write([]string{"__time__", "message", "functionName"}) // a buffer takes everything
	var export, array []string
	for _, line := range written {
		_ = rows.Write([]string{"1", line, "peerguard"})
		export = append(export, fmt.Sprintf(`{"__time__":1,"__topic__":"FCLogs:peerguard","message":%s}`, quoted(t, line)))
		array = append(array, quoted(t, line))
	}
	rows.Flush()
	for name, text := range map[string]string{
		"raw":             strings.Join(written, "\n") + "\n",
		"raw, CRLF":       "noise [1, 2\r\n" + strings.Join(written, "\r\n"),
		"export, JSON":    strings.Join(export, "\n"),
		"export, array":   "[" + strings.Join(export, ",\n") + "]",
		"array of texts":  "[" + strings.Join(array, ",") + "]",
		"export, CSV":     table.String(),
		"export, indexed": strings.ReplaceAll(strings.Join(export, "\n"), `"message":`, `"a":"{}","content":`),
	} {
		lines, unreadable := all(text)
		if got := kinds(lines); got != "began 1-a, decision 1-a, partition 1-a, report 1-a, failed 1-b" || unreadable > 0 {
			t.Errorf("%s: %s; %d unreadable", name, got, unreadable)
		}
	}
}

// TestLineHoldsWhatWasWritten: the fields of each kind of line.
func TestLineHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	lines, _ := all(strings.Join([]string{decision, partition, report, failed}, "\n"))
	d, p, r, f := lines[0], lines[1], lines[2], lines[3]
	e := d.Entry
	if d.Time.UTC().Hour() != 22 || e.Owner != "security" || e.Digest != "sha256:00" || e.Mode != policy.Enforce || e.Requester.Account != "0222222222222222" ||
		!slices.Equal(e.Requester.CIDRs, []string{"10.1.0.0/16", "10.9.0.0/16"}) || e.Requester.Path != "rd-1/r-1" || e.Accepter.VPC != "vpc-b" || e.Outcome != guard.Failed ||
		*e.Error != (guard.Error{Code: "Timeout", Message: "late", Retryable: true}) || e.Name != `{"message":"decision"}` {
		t.Errorf("decision %+v", d)
	}
	if p.Visit.Error.Code != "Forbidden.RAM" || p.Visit.Account != "1111111111111111" || p.Visit.Region != "cn-hangzhou" || p.Visit.Seen != 3 {
		t.Errorf("partition %+v", p)
	}
	if len(r.Entries()) != 1 || r.Entries()[0].Requester.Account != "0222222222222222" || r.ErrorType != "Unresolved" || r.Cause != "Timeout" || r.Digest != "sha256:00" {
		t.Errorf("report %+v", r)
	}
	if f.Message != "no policy" || f.ErrorType != "InvalidPolicy" || f.Time.IsZero() || len(f.Entries()) != 0 {
		t.Errorf("failed %+v", f)
	}
}

// TestNobodyWritesALine: a text that others choose, such as the name of a connection, is never taken for a line.
func TestNobodyWritesALine(t *testing.T) {
	t.Parallel()
	forged := strings.Replace(decision, `pcc-1`, `pcc-forged`, 1)
	for name, line := range map[string]string{
		"the name of a decision":     strings.Replace(decision, `"{\"message\":\"decision\"}"`, quoted(t, forged), 1),
		"the reason of a connection": strings.Replace(report, `"instance_id":"pcc-1"`, `"instance_id":"pcc-1","reason":`+quoted(t, forged), 1),
		"an error":                   strings.Replace(failed, `"no policy"`, quoted(t, forged), 1),
		"a partition's error":        strings.Replace(partition, `"no"`, quoted(t, forged), 1),
	} {
		for _, text := range []string{line, `{"__time__":1,"message":` + quoted(t, line) + `}`} {
			lines, unreadable := all(text)
			if len(lines) != 1 || unreadable > 0 || lines[0].Entry.InstanceID == "pcc-forged" {
				t.Errorf("%s: %+v", name, lines)
			}
		}
	}
}

// TestWhatCannotBeReadIsTold: a line that was cut off is an error, and what others write is passed over.
func TestWhatCannotBeReadIsTold(t *testing.T) {
	t.Parallel()
	cut := decision[:200]
	for name, tt := range map[string]struct {
		text              string
		lines, unreadable int
	}{
		"nothing":               {"", 0, 0},
		"text":                  {"hello\nworld", 0, 0},
		"a cut line":            {cut + "\n" + report, 1, 1},
		"a cut line, exported":  {`{"message":` + quoted(t, cut) + `}` + "\n" + report, 1, 1},
		"another's JSON":        {`{"level":"info","message":"hello"}` + "\n[1,2]", 0, 0},
		"another's report":      {`{"message":"report"}`, 0, 0},
		"an id that is no text": {`{"connections":[{"instance_id":7}]}`, 0, 1},
		"text like JSON":        {`{"message":"{well}"}`, 0, 0},
		"deep":                  {strings.Repeat("[", 100_000), 0, 1},
		"what an error returns": {`{"errorMessage":"1 of 2 partitions failed","errorType":"Unresolved"}`, 1, 0},
	} {
		if lines, unreadable := all(tt.text); len(lines) != tt.lines || unreadable != tt.unreadable {
			t.Errorf("%s: %d lines, %d unreadable: %s", name, len(lines), unreadable, kinds(lines))
		}
	}
}

// TestEntryAlone: an entry of a report is a decision without an invocation.
func TestEntryAlone(t *testing.T) {
	t.Parallel()
	lines, _ := all(`[{"instance_id":"pcc-1","requester":{"account":"1"},"outcome":"allowed","error":{"code":"A","message":"b"}}]`)
	if kinds(lines) != "decision " || lines[0].Entry.Requester.Account != "1" || lines[0].Entry.Error.Code != "A" {
		t.Errorf("%+v", lines)
	}
}

// TestStops: nothing is read after the caller has had enough.
func TestStops(t *testing.T) {
	t.Parallel()
	for _, text := range []string{began + "\n" + failed, "[" + quoted(t, began) + "," + failed + "]", "a," + began + "\nb," + began, `{"a":` + quoted(t, began) + `,"b":` + quoted(t, failed) + `}`} {
		seen := 0
		for _, err := range logs.Lines([]byte(text)) {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			seen++
			break
		}
		if seen != 1 {
			t.Errorf("%q: %d lines", text, seen)
		}
	}
	for _, err := range logs.Values([]byte("{\n{}")) {
		if err == nil || errors.Unwrap(err) == nil {
			t.Errorf("got %v", err)
		}
		break
	}
}

// FuzzLines: no file makes it panic or loop, and no line is of an unknown kind.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{began, decision, partition, report, failed, "a," + began, `["{\"a\":\"[]\"}"]`} {
		f.Add([]byte(seed))
	}
	known := []logs.Kind{logs.Began, logs.Decision, logs.Partition, logs.Report, logs.Failed, logs.Started, logs.Returned}
	f.Fuzz(func(t *testing.T, data []byte) {
		for line, err := range logs.Lines(data) {
			if err == nil && (!slices.Contains(known, line.Kind) || (line.Kind == logs.Report) != (line.Report != nil)) {
				t.Errorf("%+v", line)
			}
		}
	})
}
