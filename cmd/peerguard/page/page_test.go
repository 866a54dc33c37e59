package page_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the output as the expected output")

// sample returns a report with every outcome, and all judged connections.
func sample() (*guard.Report, page.Meta) {
	own := peering.Side{Account: "1111111111111111", Region: "cn-shanghai", VPC: "vpc-own-1", CIDRs: []string{"10.2.0.0/16"}}
	from := func(account peering.Account) peering.Side {
		return peering.Side{Account: account, Region: "cn-hangzhou", VPC: "vpc-theirs", CIDRs: []string{"10.1.0.0/16", "2408:4004::/56"}}
	}
	other := peering.Side{Account: "1111111111111111", Region: "cn-beijing", VPC: "vpc-own-2"}
	all := []guard.Entry{
		{InstanceID: "pcc-ignored", Requester: from("6666666666666666"), Accepter: own, Status: peering.Activated, Outcome: guard.Ignored, Reason: "managed by cen"},
		{InstanceID: "pcc-closed", Requester: from("6666666666666666"), Accepter: own, Status: peering.Expired, Outcome: guard.Closed, Reason: "already Expired"},
		{InstanceID: "pcc-allowed-2", Requester: from("2222222222222222"), Accepter: own, Status: peering.Accepting, Decision: policy.Allow, Rule: "payments", Reason: "rule payments allows account 2222222222222222 (NET-1234)", Outcome: guard.Allowed},
		{InstanceID: "pcc-allowed-1", Requester: from("2222222222222222"), Accepter: own, Status: peering.Activated, Decision: policy.Allow, Rule: "payments", Reason: "rule payments allows account 2222222222222222 (NET-1234)", Outcome: guard.Allowed},
		{InstanceID: "pcc-dry", Requester: from("3333333333333333"), Accepter: own, Status: peering.Accepting, Decision: policy.Reject, Rule: "default", Reason: "no allow rule names account 3333333333333333", Outcome: guard.WouldReject, ClientToken: "never shown"},
		{InstanceID: "pcc-gone", Requester: from("3333333333333333"), Accepter: other, Status: peering.Accepting, Decision: policy.Reject, Rule: "default", Reason: "no allow rule names account 3333333333333333", Outcome: guard.Rejected, APIRequestID: "54B48E3D"},
		{InstanceID: "pcc-new", Requester: from("4444444444444444"), Accepter: other, Status: peering.Creating, Outcome: guard.NotReady, Reason: "still being created"},
		{InstanceID: "pcc-late", Requester: from("4444444444444444"), Accepter: own, Status: peering.Activated, Decision: policy.Reject, Rule: "known-phisher", Reason: "rule known-phisher rejects account 4444444444444444", Outcome: guard.Violation},
		{InstanceID: "pcc-failed", Requester: from(""), Accepter: own, Status: peering.Accepting, Outcome: guard.Failed, Error: &guard.Error{Code: "UnknownOwner", Message: "the API does not say who requests"}},
	}
	r := &guard.Report{
		Trigger: guard.TriggerSweep, TriggerID: "sweep@2026-11-23T22:00:00Z", RequestID: "local", Mode: policy.DryRun, Complete: true, Visited: 1_100,
		Policy: guard.Applied{Digest: "sha256:9f86d0", Files: map[string]string{"partners.txt": "sha256:60303a"}},
		Counts: map[guard.Outcome]int{},
		Partitions: []guard.Visit{
			{Account: "1111111111111111", Region: "cn-shanghai", Seen: 1_207},
			{Account: "1111111111111111", Region: "cn-beijing", Seen: 30},
			{Account: "5555555555555555", Region: "cn-beijing", Error: &guard.Error{Code: "Throttling.User", Message: "Request was denied due to user flow control.", Retryable: true}},
		},
	}
	for _, e := range all {
		r.Counts[e.Outcome]++
		if e.Outcome != guard.Ignored && e.Outcome != guard.Closed && e.Outcome != guard.Allowed {
			r.Connections = append(r.Connections, e)
		}
	}
	return r, page.Meta{Account: "1111111111111111", Generated: time.Date(2026, 11, 23, 22, 0, 5, 0, time.FixedZone("", 8*3600)), Entries: all}
}

func write(t testing.TB, r *guard.Report, meta page.Meta) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r, meta); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestText compares the text of the pages with golden files.
func TestText(t *testing.T) {
	t.Parallel()
	whole, meta := sample()
	short, _ := sample()
	enforced, _ := sample()
	enforced.Mode, enforced.Complete = policy.Enforce, false
	event := &guard.Report{Trigger: guard.TriggerEvent, TriggerID: "45ef", Mode: policy.Enforce, Complete: true, Ignored: "not a peering event"}
	for name, got := range map[string]string{
		"all":      write(t, whole, meta),
		"findings": write(t, short, page.Meta{Title: "Findings", Regions: []string{"cn-shanghai"}}),
		"enforced": write(t, enforced, meta),
		"event":    write(t, event, page.Meta{}),
		"empty":    write(t, &guard.Report{}, page.Meta{}),
	} {
		golden(t, filepath.Join("testdata", name+".txt"), textOf(t, got))
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got, to accept: go test -update):\n%s", file, diff)
	}
}

// textOf returns the text of a page, a line for each block.
func textOf(t *testing.T, html string) string {
	t.Helper()
	var b strings.Builder
	for _, token := range parse(t, html) {
		switch token := token.(type) {
		case xml.StartElement:
			if slices.Contains([]string{"p", "h1", "h2", "div", "tr", "section", "g", "a", "li", "thead", "title", "desc", "text"}, token.Name.Local) {
				b.WriteString("\n")
			}
			b.WriteString(" ")
		case xml.CharData:
			b.Write(token)
		}
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// parse returns the tokens of a page without its style and script, which are not markup.
func parse(t testing.TB, html string) []xml.Token {
	t.Helper()
	for _, name := range []string{"style", "script"} {
		before, rest, found := strings.Cut(html, "<"+name+">")
		_, after, closed := strings.Cut(rest, "</"+name+">")
		if !found || !closed {
			t.Fatalf("the page has no %s", name)
		}
		html = before + after
	}
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var tokens []xml.Token
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return tokens
		}
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, xml.CopyToken(token))
	}
}

// TestDeterministic: the page does not depend on the order of its input, and Write does not change its input.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	r, meta := sample()
	want := write(t, r, meta)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		random.Shuffle(len(meta.Entries), func(i, j int) {
			meta.Entries[i], meta.Entries[j] = meta.Entries[j], meta.Entries[i]
		})
		random.Shuffle(len(r.Partitions), func(i, j int) { r.Partitions[i], r.Partitions[j] = r.Partitions[j], r.Partitions[i] })
		entries, partitions := slices.Clone(meta.Entries), slices.Clone(r.Partitions)
		if write(t, r, meta) != want {
			t.Fatal("the page depends on the order of its input")
		}
		unexported := cmpopts.IgnoreUnexported(guard.Entry{})
		if diff := gocmp.Diff(entries, meta.Entries, unexported) + gocmp.Diff(partitions, r.Partitions); diff != "" {
			t.Fatalf("Write changed its input: %s", diff)
		}
	}
}

// many returns a report with n realistic connections.
func many(n int) (*guard.Report, page.Meta) {
	words := []guard.Outcome{guard.Failed, guard.Violation, guard.WouldReject, guard.WouldReject, guard.Allowed, guard.Allowed, guard.Allowed, guard.Closed}
	r := &guard.Report{Mode: policy.DryRun, Counts: map[guard.Outcome]int{}, Complete: true}
	all := make([]guard.Entry, n)
	for i := range all {
		requester := peering.Account(fmt.Sprintf("%016d", 2222222222222222+i/3))
		all[i] = guard.Entry{
			InstanceID: fmt.Sprintf("pcc-lnk0m24khwvtkm%06d", i),
			Requester:  peering.Side{Account: requester, Region: "ap-southeast-1", VPC: fmt.Sprintf("vpc-bp1%018d", i), CIDRs: []string{"10.1.0.0/16", "2408:4004::/56"}},
			Accepter:   peering.Side{Account: "1111111111111111", Region: "cn-shanghai", VPC: fmt.Sprintf("vpc-uf6%018d", i%13), CIDRs: []string{"172.16.0.0/12"}},
			Status:     peering.Accepting, Decision: policy.Reject, Rule: "default",
			Reason:  "no allow rule names account " + string(requester),
			Outcome: words[i%len(words)],
		}
		r.Counts[all[i].Outcome]++
	}
	return r, page.Meta{Entries: all}
}

// TestSize: a page is small enough for mail, and its size is bounded.
func TestSize(t *testing.T) {
	t.Parallel()
	r, meta := many(1_000)
	if n := len(write(t, r, meta)); n > 1_000_000 {
		t.Errorf("1,000 connections make %d bytes, more than a megabyte", n)
	}
	r, meta = many(20_000)
	got := write(t, r, meta)
	if rows := strings.Count(got, "<tr data-outcome="); rows != 5_000 || len(got) > 5_000_000 {
		t.Errorf("20,000 connections make %d rows and %d bytes", rows, len(got))
	}
	if want := "The table lists 5,000 of 20,000 connections, the most serious first."; !strings.Contains(got, want) {
		t.Errorf("the page does not say %q", want)
	}
	if strings.Contains(got, `<tr data-outcome="closed"`) {
		t.Error("a closed connection took the place of a more serious one")
	}
}

// TestLongValue: an absurdly long value does not make the page absurdly long.
func TestLongValue(t *testing.T) {
	t.Parallel()
	r, meta := sample()
	before := len(write(t, r, meta))
	meta.Entries[0].Reason = strings.Repeat("long ", 1_000_000)
	meta.Entries[0].Requester.CIDRs = slices.Repeat([]string{"10.0.0.0/8"}, 1_000_000)
	if more := len(write(t, r, meta)) - before; more > 2_000 {
		t.Errorf("a long value makes the page %d bytes longer", more)
	}
}

// full is a disk without space.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	t.Parallel()
	r, meta := sample()
	if err := page.Write(full{}, r, meta); !errors.Is(err, errFull) || !strings.HasPrefix(err.Error(), "writing the page: ") {
		t.Errorf("Write returned %v", err)
	}
}

// fill sets every string that can be reached from v, and adds an element to every list and map.
func fill(v reflect.Value, text func() string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text)
		fill(value, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
	}
}

// filled returns a page on which every value is a string with the given ending, and the number of values.
func filled(t testing.TB, ending string) (html string, values int) {
	t.Helper()
	var r guard.Report
	var meta page.Meta
	text := func() string {
		values++
		return fmt.Sprintf("value%03d%s", values, ending)
	}
	fill(reflect.ValueOf(&r).Elem(), text)
	fill(reflect.ValueOf(&meta).Elem(), text)
	meta.Generated = time.Unix(0, 0)
	return write(t, &r, meta), values
}

// shape returns the elements of a page and the names of their attributes, which no value may ever change.
func shape(t testing.TB, html string) []string {
	t.Helper()
	var all []string
	for _, token := range parse(t, html) {
		switch token := token.(type) {
		case xml.StartElement:
			names := []string{token.Name.Local}
			for _, a := range token.Attr {
				names = append(names, a.Name.Local)
				if link := strings.HasSuffix(a.Name.Local, "href"); link && !strings.HasPrefix(a.Value, "#") {
					names = append(names, "which leaves the page: "+a.Value)
				}
			}
			all = append(all, strings.Join(names, " "))
		case xml.EndElement:
			all = append(all, "/"+token.Name.Local)
		case xml.Comment, xml.ProcInst:
			all = append(all, fmt.Sprintf("%T", token))
		}
	}
	return all
}

var hostile = []string{
	`<script>alert(1)</script>`,
	`</script><script>alert(1)</script>`,
	`</title></svg></style></textarea><img src=x onerror=alert(1)>`,
	`" onmouseover="alert(1)" x="`,
	`' onfocus='alert(1)' autofocus x='`,
	"` onclick=alert(1) `",
	`javascript:alert(1)`,
	`--><!--<![CDATA[ ]]>`,
	`&lt;b&gt; &#60;script&#62; &`,
	`{{.Title}}{{template "sign"}}`,
	"\u202egnp.exe \u2066\u2069\u200f\u200b\ufeff",
	"שלום عليكم",
	"e\u0301\u0301\u0301\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U000e0041",
	"\x00\x07\x1b[31m\r\n\t\xff\xc0\xaf\xed\xa0\x80",
	"\ufffd\ufffe\uffff\u2028\u2029",
}

// TestHostileValues puts strings that look like markup into every value of report and meta. The shape of the page stays the
// same as with harmless values, so all of them are text.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	plain, values := filled(t, "")
	want := shape(t, plain)
	if values < 30 || len(want) < 100 {
		t.Fatalf("only %d values were filled in, and there are %d elements", values, len(want))
	}
	for _, text := range hostile {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, _ := filled(t, text)
			if diff := gocmp.Diff(want, shape(t, got)); diff != "" {
				t.Errorf("%q changes the page (-want +got):\n%s", text, diff)
			}
			unseen := func(r rune) bool {
				return r != '\n' && r < ' ' || slices.Contains([]rune("\u202e\u2066\u2069\u200f\u200b\ufeff\u2028\u2029"), r)
			}
			if i := strings.IndexFunc(got, unseen); i >= 0 {
				t.Errorf("the page holds %q, which is invisible", got[i:min(i+8, len(got))])
			}
		})
	}
}

// TestEveryValueShows: the page shows every value of a report, but for a few that are left out on purpose.
func TestEveryValueShows(t *testing.T) {
	t.Parallel()
	got, values := filled(t, "")
	said := textOf(t, got)
	var missing []string
	for i := range values {
		if value := fmt.Sprintf("value%03d", i+1); !strings.Contains(said, value) {
			missing = append(missing, value)
		}
	}
	// These do not show: the report's own connection, because meta has entries; the count of an unknown outcome; and in
	// meta's entry the decision, which the outcome implies, the client token, the API request id, which only confirms a
	// rejection, and what is for the log: the rule's owner, the policy's mode and
	// its digest.
	if len(missing) != reportEntryTexts+7 {
		t.Errorf("%d values do not show: %v", len(missing), missing)
	}
}

// reportEntryTexts is the number of strings in an entry.
var reportEntryTexts = func() (n int) {
	var e guard.Entry
	fill(reflect.ValueOf(&e).Elem(), func() string { n++; return "" })
	return n
}()

// FuzzShape: no string changes the shape of the page.
func FuzzShape(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	plain, _ := filled(f, "")
	want := shape(f, plain)
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := filled(t, text)
		if !slices.Equal(want, shape(t, got)) {
			t.Errorf("%q changes the page:\n%s", text, gocmp.Diff(want, shape(t, got)))
		}
	})
}

// TestOrder: the most serious connections come first, in whatever order they were judged.
func TestOrder(t *testing.T) {
	t.Parallel()
	r, meta := sample()
	got := write(t, r, meta)
	at := -1
	for _, id := range []string{"pcc-failed", "pcc-late", "pcc-new", "pcc-gone", "pcc-dry", "pcc-allowed-1", "pcc-allowed-2", "pcc-closed", "pcc-ignored"} {
		i := strings.Index(got, "<code>"+id)
		if cmp.Compare(i, at) <= 0 {
			t.Errorf("%s is at %d, not after %d", id, i, at)
		}
		at = i
	}
}
