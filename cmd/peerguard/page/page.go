// Package page writes a sweep's report, and the evidence in logs, as one self-contained HTML page.
//
// The page makes no network requests: style, script and picture (an SVG) are embedded, and a content security policy forbids
// everything else. It is complete without JavaScript; with JavaScript the table can be sorted and filtered. The page embeds
// no data for the script, which reads the table instead, so every value is text and never code.
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

	//go:embed parts.html
	parts string

	page = parsed("page", markup)

	// security is the content security policy. It allows this style and this script, by their digests, and nothing else.
	security = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		digest(string(style)), digest(string(script)))
)

// parsed returns the template of a page, with the parts that pages share.
func parsed(name, text string) *template.Template {
	return template.Must(template.Must(template.New(name).Parse(parts)).Parse(text))
}

// Meta is what the page shows in addition to the report.
type Meta struct {
	Title     string    // of the page; "" means "VPC peering sweep"
	Account   string    // that ran the sweep; "" if unknown
	Regions   []string  // that were swept; none means those of the report's partitions
	Generated time.Time // shown in UTC; the zero time is not shown

	// Entries are all judged connections, in any order, as guard.Invocation.OnEntry receives them. If nil, the page lists
	// the report's. A sweep's report lists findings only, so allowed connections are then counted but not listed.
	Entries []guard.Entry
}

// Write writes the page of a report to w, as UTF-8. The same report and meta produce the same bytes, in whatever order
// entries and partitions are. Write changes neither. Its errors are those of w.
func Write(w io.Writer, r *guard.Report, meta Meta) error {
	return fill(page, w, newView(r, meta))
}

// fill writes a page to w, all at once.
func fill(page *template.Template, w io.Writer, view any) error {
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		return fmt.Errorf("filling in the page: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// marker is a line in the head of every page.
const marker = `<meta name="generator" content="peerguard">`

// Is reports whether a file is a page that Write wrote. It reads the head only.
func Is(file io.Reader) bool {
	head := make([]byte, 4<<10)
	n, _ := io.ReadFull(file, head) // what is shorter than the head may be a page all the same
	return bytes.Contains(head[:n], []byte(marker))
}

// digest returns the name of inline text in a content security policy (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
