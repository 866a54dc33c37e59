package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestForms: the newest sweep is found in every form in which a log is saved, wherever it is.
func TestForms(t *testing.T) {
	t.Parallel()
	report := func(trigger, id string) string {
		return fmt.Sprintf(`{"trigger": %q, "trigger_id": %q, "policy": {"digest": "sha256:00"}, "counts": {}, "partitions": [{"account": "1", "region": "r"}]}`, trigger, id)
	}
	line := func(report string) string {
		return `{"level":"info","time":"2026-01-01T00:00:00Z","message":"report","report":` + report + `}`
	}
	older, newest, event := line(report("sweep", "t@2026-01-01T00:00:00Z")), line(report("sweep", "t@2026-01-02T00:00:00Z")), line(report("event", "t@2026-01-03T00:00:00Z"))
	quoted := func(text string) string {
		body, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	var table bytes.Buffer
	rows := csv.NewWriter(&table)
	if err := rows.WriteAll([][]string{{"__time__", "content"}, {"1", newest}, {"2", older}, {"3", "FC Invoke End"}, {"4", event}}); err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(report("sweep", "t@2026-01-02T00:00:00Z")), "", "  "); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"report":               report("sweep", "t@2026-01-02T00:00:00Z"),
		"indented report":      indented.String() + "\n",
		"log":                  "FC Invoke Start RequestId: 1\n" + older + "\n" + newest + "\r\n" + event + "\nFC Invoke End RequestId: 1\n",
		"log in another order": newest + "\n{\"cut\n" + older + "\n" + event,
		"array":                "[" + older + "," + newest + "," + event + "]",
		"array of texts":       "[" + quoted(newest) + "," + quoted(event) + "]",
		"export, JSON":         `{"__time__":1,"content":` + quoted(newest) + "}\n" + `{"__time__":2,"content":` + quoted(older) + "}\n",
		"export, JSON array":   `[{"__time__":1,"message":` + quoted(event) + `},{"__time__":1,"message":` + quoted(newest) + "}]",
		"export, CSV":          table.String(),
	} {
		got, err := newestReport([]byte(text))
		if err != nil || got.TriggerID != "t@2026-01-02T00:00:00Z" || len(got.Partitions) != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"nothing": "", "text": "hello\nworld\n", "CSV": "a,b\n1,\"{\"", "JSON": `{"a": 1} [2, "3"] [[`, "cut": newest[:len(newest)-1], "deep": strings.Repeat("[", 100_000),
	} {
		if got, err := newestReport([]byte(text)); err == nil {
			t.Errorf("%s: found %+v", name, got)
		}
	}
}

// FuzzNewestReport: no file makes it panic or loop, and it finds nothing that is not in the file.
func FuzzNewestReport(f *testing.F) {
	f.Add([]byte(`{"report": {"trigger": "sweep", "policy": {"digest": "sha256:00"}}}`))
	f.Add([]byte("a,b\n\"{\"\"trigger\"\": \"\"event\"\"}\",2"))
	f.Add([]byte("[\n{\"a\": \"{\\\"b\\\": 1}\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := newestReport(data); (r == nil) == (err == nil) || r != nil && (r.Trigger == "" || r.Policy.Digest == "") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
