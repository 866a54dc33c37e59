package policy

import (
	"bytes"
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

// String returns file:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is one mistake in a policy file, in a file that it names, or in a file of policy tests.
type Error struct {
	Position
	Message string `json:"message"`

	doc   *document
	cause error
}

// Error returns file:line:column: message.
func (e Error) Error() string { return e.Position.String() + ": " + e.Message }

// Unwrap returns the error of the file system if a file could not be read, else nil.
func (e Error) Unwrap() error { return e.cause }

// Snippet returns the line of the file that the error is about and, on a second line, a caret below the column. Both end in
// a line feed. It returns "" if there is no such line, as for a missing file.
func (e Error) Snippet() string { return snippet(e.Position, e.doc) }

// Errors are all mistakes found in one reading, at least one. They are sorted by position, those of the main file first.
type Errors []Error

// Error returns one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes, for errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i := range e {
		errs[i] = e[i]
	}
	return errs
}

// sort sorts the mistakes by position, those of the main file before those of the files that it names.
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

// snippet returns a line of a document, or the part of a long one around a position, and a caret below it.
func snippet(at Position, doc *document) string {
	if doc == nil || at.Line > doc.lines() || len(bytes.TrimSpace(doc.raw(at.Line))) == 0 {
		return ""
	}
	text, caret := doc.excerpt(at.Line, at.Column)
	number := fmt.Sprint(at.Line)
	return fmt.Sprintf("  %s | %s\n  %*s | %s^\n", number, text, len(number), "", strings.Map(blank, text[:caret]))
}

// blank keeps tabs, so that the caret is below its character however wide a tab is.
func blank(r rune) rune {
	if r == '\t' {
		return r
	}
	return ' '
}

// suggestion returns `, did you mean "…"?` if the word is almost one of the known ones, else "".
func suggestion(word string, known ...string) string {
	if near := nearest(word, known); near != "" {
		return `, did you mean "` + near + `"?`
	}
	return ""
}

// nearest returns the known word that was probably meant, or "".
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(fold(word), fold(k)); d < least && d < len(k)-1 {
			best, least = k, d
		}
	}
	return best
}

// fold makes words equal that differ only in case, hyphens, underscores or spaces.
func fold(word string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
}

// distance returns how many characters must be added, dropped, changed or swapped with their neighbour to turn a into b
// (optimal string alignment). If one is much longer than the other, it returns 3 without counting.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > len(t)+2 || len(t) > len(s)+2 {
		return 3
	}
	var before, last []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		before, last, row = last, row, make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			row[j+1] = step(s, t, i, j, before, last, row)
		}
	}
	return row[len(t)]
}

func step(s, t []rune, i, j int, before, last, row []int) int {
	change := last[j]
	if s[i] != t[j] {
		change++
	}
	least := min(change, last[j+1]+1, row[j]+1)
	if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
		least = min(least, before[j-1]+1)
	}
	return least
}
