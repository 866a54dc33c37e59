package page_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
)

func writeEvidence(t *testing.T, e *evidence.Evidence) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.WriteEvidence(&b, e); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// noScript is what parse, which skips a page's script, looks for.
const noScript = "<script></script>"

// sampleEvidence is what a log shows that tells of the sample's connections, in two months.
func sampleEvidence() *evidence.Evidence {
	r, _ := sample()
	at := time.Date(2026, 10, 31, 23, 59, 0, 0, time.UTC)
	e := &evidence.Evidence{
		Asked: evidence.Period{From: at.AddDate(0, -1, 0)}, First: at, Last: at.AddDate(0, 1, 0), Invocations: 43_200, Sweeps: 43_199, Versions: []string{"v0.2.0", "v0.3.0"},
		Policies: []evidence.Applied{{Digest: "sha256:9f86d0", Mode: "enforce", First: at, Last: at.AddDate(0, 1, 0)}},
		Gaps:     evidence.Gaps{Unreported: []evidence.Invocation{{At: at, RequestID: "1-<b>", Why: "InvalidPolicy"}}},
	}
	known := slices.DeleteFunc(r.Connections, func(e guard.Entry) bool { return e.Outcome == guard.NotReady })
	for i, entry := range known {
		entry.ClientToken = "45ef4dew"
		entry.Owner, entry.Digest, entry.Mode = "network team", "sha256:9f86d0", "enforce"
		for n := range i + 1 {
			when := at.Add(time.Duration(60*i+n) * time.Second)
			e.Rows = append(e.Rows, evidence.Row{Time: when, RequestID: fmt.Sprintf("1-%d-%d", i, n), TriggerID: "sweep@" + when.Format(time.RFC3339), Version: "v0.2.0", Entry: entry})
		}
	}
	return e
}

// TestEvidenceText compares the text of the pages with golden files.
func TestEvidenceText(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("testdata", "evidence.txt"), textOf(t, writeEvidence(t, sampleEvidence())+noScript))
	golden(t, filepath.Join("testdata", "evidence-empty.txt"), textOf(t, writeEvidence(t, &evidence.Evidence{})+noScript))
}

// TestEvidenceIsAPage: a later page may take its place, and it has no script at all.
func TestEvidenceIsAPage(t *testing.T) {
	t.Parallel()
	html := writeEvidence(t, sampleEvidence())
	if !page.Is(strings.NewReader(html)) || strings.Contains(html, "<script") || !strings.Contains(html, "default-src &#39;none&#39;; style-src &#39;sha256-") || strings.Contains(html, "script-src") {
		t.Errorf("%.900s", html)
	}
}

// TestHostileEvidence: no value of a log changes the shape of the page.
func TestHostileEvidence(t *testing.T) {
	t.Parallel()
	filled := func(ending string) string {
		e := new(evidence.Evidence)
		n := 0
		fill(reflect.ValueOf(e).Elem(), func() string { n++; return fmt.Sprintf("value%03d%s", n, ending) })
		e.Rows[0].Error = &guard.Error{Code: "code" + ending, Message: "message" + ending}
		for _, o := range []guard.Outcome{guard.Failed, guard.Rejected} {
			row := e.Rows[0]
			row.Outcome = o
			e.Rows = append(e.Rows, row)
		}
		if n < 20 {
			t.Fatalf("only %d values were filled in", n)
		}
		return writeEvidence(t, e) + noScript
	}
	want := shape(t, filled(""))
	for _, text := range hostile {
		if got := shape(t, filled(text)); !slices.Equal(got, want) {
			t.Errorf("%q changes the shape of the page", text)
		}
	}
}

// TestManyCases: the page stays small enough for a browser, and says what it leaves out.
func TestManyCases(t *testing.T) {
	t.Parallel()
	e := sampleEvidence()
	row := e.Rows[0]
	for i := range 3_000 {
		row.InstanceID = fmt.Sprintf("pcc-%d", i)
		e.Rows = append(e.Rows, row)
	}
	html := writeEvidence(t, e)
	if rows := strings.Count(html, "<tr>"); rows > 1_100 || !strings.Contains(html, "The table lists 1,000 of 3,0") {
		t.Errorf("%d rows", rows)
	}
	if err := page.WriteEvidence(full{}, e); !errors.Is(err, errFull) {
		t.Errorf("WriteEvidence returned %v", err)
	}
}
