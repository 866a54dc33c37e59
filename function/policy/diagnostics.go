package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a file. Line and column count from 1, columns in characters.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String gives file:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is one mistake in a policy file, in a file that it names, or in a file of its tests.
type Error struct {
	Position
	Message string `json:"message"`

	line  string
	cause error
}

// Error gives file:line:column: message.
func (e Error) Error() string { return e.Position.String() + ": " + e.Message }

// Unwrap gives the error of the file system where that is what went wrong, else nil.
func (e Error) Unwrap() error { return e.cause }

// Snippet gives the line of the file that the error is about and, below it, a caret at the column: two lines, each
// ended. It is empty where there is no such line, as for a missing file.
func (e Error) Snippet() string { return snippet(e.Position, e.line) }

// Errors are all mistakes that one reading found, the policy file's first, sorted by position. There is at least one.
type Errors []Error

// Error gives one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the mistakes, for errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i := range e {
		errs[i] = e[i]
	}
	return errs
}

// sort orders the mistakes by position, those of the main file before those of the files that it names.
func (e Errors) sort(main string) {
	slices.SortStableFunc(e, func(a, b Error) int { return a.compare(b.Position, main) })
}

func (p Position) compare(q Position, main string) int {
	if p.File != q.File && (p.File == main || q.File == main) {
		if p.File == main {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// excerptWidth is the most characters of a line that a snippet shows; lists of accounts make very long lines.
const excerptWidth = 100

func snippet(at Position, line string) string {
	if strings.TrimSpace(line) == "" {
		return ""
	}
	text := []rune(line)
	caret := min(at.Column-1, len(text))
	from, prefix, suffix := 0, "", ""
	if len(text) > excerptWidth {
		from = max(0, min(caret-excerptWidth/2, len(text)-excerptWidth))
		if from > 0 {
			prefix = "…"
		}
		if from+excerptWidth < len(text) {
			suffix = "…"
		}
		text = text[from : from+excerptWidth]
	}
	number := fmt.Sprint(at.Line)
	indent := strings.Map(blank, prefix+string(text[:caret-from]))
	return fmt.Sprintf("  %s | %s%s%s\n  %*s | %s^\n", number, prefix, string(text), suffix, len(number), "", indent)
}

// blank keeps tabs, so that the caret stands below its character however wide a tab is.
func blank(r rune) rune {
	if r == '\t' {
		return r
	}
	return ' '
}
