// Package page writes a sweep's report as one self-contained HTML page, for people who would rather look than read.
//
// The page asks the network for nothing: style and script are in it, a content security policy forbids everything else,
// and the picture is SVG that is drawn here. It is whole without JavaScript; with it the table sorts and filters. It
// holds no data for the script, which reads what is on the page, so that every value is text and never code.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // style, script and the page itself
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"

	"peerguard/function/guard"
)

var (
	//go:embed page.html
	markup string
	//go:embed style.css
	style template.CSS
	//go:embed script.js
	script template.JS

	page = template.Must(template.New("page").Parse(markup))

	// security allows this style and this script, by their digests, and nothing else: no request, no form, no other code.
	security = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		digest(string(style)), digest(string(script)))
)

// Meta is what the page says besides the report.
type Meta struct {
	Title     string    // of the page; empty means "VPC peering sweep"
	Account   string    // whose credentials asked; empty leaves it out
	Regions   []string  // that were asked; none means those of the report's partitions
	Generated time.Time // shown in UTC; zero leaves it out

	// Entries are all connections that were judged, in any order, as guard.Invocation.OnEntry receives them. nil means the
	// report's, which a sweep limits to findings: allowed connections are then counted but not listed.
	Entries []guard.Entry
}

// Write writes the page of a report to w, as UTF-8. The same report and meta give the same bytes, whatever the order of
// entries and partitions, and neither is changed. Its errors are those of w.
func Write(w io.Writer, r *guard.Report, meta Meta) error {
	var b bytes.Buffer
	if err := page.Execute(&b, newView(r, meta)); err != nil {
		return fmt.Errorf("filling in the page: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// digest is how a content security policy names inline text (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
