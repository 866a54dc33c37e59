package page

import (
	"cmp"
	_ "embed" // the page itself
	"fmt"
	"io"
	"strings"

	"peerguard/cmd/peerguard/evidence"
)

var (
	//go:embed evidence.html
	evidenceMarkup string

	evidencePage = parsed("evidence", evidenceMarkup)

	// staticSecurity is the content security policy of a page without a script.
	staticSecurity = fmt.Sprintf("default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'", digest(string(style)))
)

const (
	maxCases     = 1_000 // of a month on the page
	maxSentences = 100   // about gaps of a kind
)

// evidenceView is the input of the template. Its texts have been through plain.
type evidenceView struct {
	Title, Means, Logs string
	Style              any // template.CSS, which is not escaped
	Security           string
	Months             []month
	Gaps               []string
	Facts              []fact
}

type month struct {
	Name    string
	Figures []figure
	Listing string // says that the table is not complete; "" if it is
	Cases   []caseRow
}

// caseRow is a row of a month's table.
type caseRow struct {
	row
	First, Last, Times string
	Owner              string
	Proof              []fact
}

// WriteEvidence writes a page of what logs show, as UTF-8. The same evidence produces the same bytes. Its errors are those of
// w.
func WriteEvidence(w io.Writer, e *evidence.Evidence) error {
	v := &evidenceView{
		Title: "Evidence for " + evidence.Control, Means: evidence.ControlMeans, Logs: joined(" · ", between(e), e.Asked.InWords()),
		Style: style, Security: staticSecurity, Facts: evidenceFacts(e),
	}
	for _, m := range e.Months() {
		v.Months = append(v.Months, newMonth(&m))
	}
	for _, sentence := range e.Uncovered(maxSentences) {
		v.Gaps = append(v.Gaps, bounded(sentence))
	}
	return fill(evidencePage, w, v)
}

// between says from when to when the logs are.
func between(e *evidence.Evidence) string {
	if e.First.IsZero() {
		return ""
	}
	return "logs from " + evidence.Instant(e.First) + " to " + evidence.Instant(e.Last)
}

func newMonth(m *evidence.Month) month {
	v := month{Name: cmp.Or(m.Name, "Without a time")}
	for _, k := range kinds {
		if n := m.Counts[k.Outcome]; n > 0 {
			v.Figures = append(v.Figures, figure{kind: k, Count: thousands(n)})
		}
	}
	shown := m.Cases[:min(len(m.Cases), maxCases)]
	if len(shown) < len(m.Cases) {
		v.Listing = fmt.Sprintf("The table lists %s of %s, the most serious first. The CSV has all.", thousands(len(shown)), count(len(m.Cases), "case"))
	}
	for i := range shown {
		v.Cases = append(v.Cases, newCase(&shown[i]))
	}
	return v
}

func newCase(c *evidence.Case) caseRow {
	r := caseRow{row: newRow(&c.Entry), First: cmp.Or(instant(c.Time), "unknown"), Owner: bounded(c.Owner)}
	if c.Times > 1 {
		r.Last, r.Times = instant(c.Last), count(c.Times, "time")
	}
	for _, f := range []fact{
		{"API request", c.APIRequestID},
		{"client token", c.ClientToken},
		{"invocation", joined(" ", c.RequestID, c.TriggerID)},
		{"policy", joined(" ", c.Digest, string(c.Mode))},
		{"version", c.Version},
	} {
		if f.Value != "" {
			r.Proof = append(r.Proof, fact{f.Name, bounded(f.Value)})
		}
	}
	return r
}

func evidenceFacts(e *evidence.Evidence) []fact {
	all := []fact{
		{"Control", evidence.Control + ": " + evidence.ControlMeans},
		{"Invocations", fmt.Sprintf("%s, of which %s", thousands(e.Invocations), count(e.Sweeps, "sweep"))},
	}
	for _, p := range e.Policies {
		all = append(all, fact{"Policy", bounded(p.Digest) + ", mode " + bounded(string(p.Mode)) + ", " + instant(p.First) + " to " + instant(p.Last)})
	}
	if len(e.Versions) > 0 {
		all = append(all, fact{"Versions", bounded(strings.Join(e.Versions, ", "))})
	}
	return all
}
