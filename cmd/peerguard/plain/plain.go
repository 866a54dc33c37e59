// Package plain makes texts that come from outside safe to show on a terminal, in a file or on a page.
package plain

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text returns a text from outside in a form that is safe to show, on one line. Each character without a shape of its own
// (a control, a line end, a mark that changes the writing direction, a zero-width character) and each byte that is not
// UTF-8 becomes the escape that Go writes for it, such as \x1b or \u202e. Nothing is removed: an id must not turn into
// another one.
func Text(text string) string {
	if !strings.ContainsFunc(text, suspect) {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// suspect reports whether a character may have to be escaped. The replacement character may stand for a byte that is not
// UTF-8.
func suspect(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }
