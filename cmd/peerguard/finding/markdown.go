package finding

import (
	"fmt"
	"regexp"
	"strings"

	"peerguard/cmd/peerguard/plain"
)

// Markdown returns a table of the findings, the most severe first, or "" if there are none.
func Markdown(findings []Finding) string {
	if len(findings) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| | where | what |\n|---|---|---|\n")
	for _, severity := range []Severity{Error, Warning, Note} {
		for _, f := range findings {
			if f.Severity == severity {
				fmt.Fprintf(&b, "| **%s** | %s | %s |\n", severity, Code(f.place()), Text(f.Message))
			}
		}
	}
	return b.String()
}

// Details returns Markdown that a reader opens by its summary. Both are our own words, or cleaned.
func Details(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + body + "\n</details>\n\n"
}

// place returns file:line, which is enough for a reader.
func (f *Finding) place() string {
	if f.Line == 0 {
		return f.path()
	}
	return fmt.Sprintf("%s:%d", f.path(), f.Line)
}

var (
	markup  = regexp.MustCompile("[\\\\`*_\\[\\]<>|~&$]|://")
	mention = regexp.MustCompile(`[@#]`)
	address = regexp.MustCompile(`(?i)www\.`)
)

// Text returns a text that somebody else wrote as Markdown that shows it as it is, on one line, also in the cell of a table.
// It makes no link, and mentions nobody.
func Text(text string) string {
	text = markup.ReplaceAllString(plain.Text(text), `\$0`)
	text = address.ReplaceAllStringFunc(text, func(www string) string { return www[:3] + `\.` })
	return mention.ReplaceAllString(text, "$0<!-- -->")
}

// Code returns a text as a code span, on one line, also in the cell of a table. A character that could end the span is
// written as the escape that Go has for it.
func Code(text string) string {
	return "`" + strings.NewReplacer("`", `\x60`, "|", `\x7c`).Replace(plain.Text(text)) + "`"
}
