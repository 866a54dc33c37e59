package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxText  = 400 // runes of a value; a page is for reading, and its size is bounded
	maxCIDRs = 8   // of a side
)

// plain gives a value as it can be shown without lying: what cannot be seen (controls, marks that turn the direction of
// writing, zero-width characters, broken UTF-8) is written as an escape, and what is far too long is cut.
// Escaping for HTML is the template's.
func plain(s string) string {
	var b strings.Builder
	runes := 0
	for i, r := range s {
		if runes++; runes > maxText {
			b.WriteString("…")
			break
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
			continue
		}
		b.WriteString(visible(r))
	}
	return b.String()
}

func visible(r rune) string {
	if strconv.IsPrint(r) {
		return string(r)
	}
	quoted := strconv.QuoteRuneToASCII(r)
	return quoted[1 : len(quoted)-1]
}

// brief shortens a label to what its box can hold.
func brief(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes-1]) + "…"
}

// joined gives the values that are known, with a separator between them.
func joined(separator string, values ...string) string {
	known := slices.DeleteFunc(values, func(v string) bool { return v == "" })
	return strings.Join(known, separator)
}

// listed gives the first values of a list and how many more there are.
func listed(values []string, limit int) string {
	shown := make([]string, 0, limit+1)
	for _, v := range values[:min(len(values), limit)] {
		shown = append(shown, plain(v))
	}
	if more := len(values) - limit; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return strings.Join(shown, ", ")
}

// count gives a number with its noun: "1 line", "2 lines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands gives a number with a comma between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
