package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"peerguard/cmd/peerguard/plain"
)

const (
	maxText  = 400 // runes of a value, so that the size of the page is bounded
	maxCIDRs = 8   // of a side
)

// bounded makes a value safe to show, and cuts one that is far too long. The template escapes HTML.
func bounded(s string) string {
	runes := 0
	for i := range s {
		if runes++; runes > maxText {
			return plain.Text(s[:i]) + "…"
		}
	}
	return plain.Text(s)
}

// shorten cuts a label to the length that its box can hold.
func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes-1]) + "…"
}

// joined joins the values that are not empty.
func joined(separator string, values ...string) string {
	known := slices.DeleteFunc(values, func(v string) bool { return v == "" })
	return strings.Join(known, separator)
}

// listed returns the first values of a list, and how many more there are.
func listed(values []string, limit int) string {
	shown := make([]string, 0, limit+1)
	for _, v := range values[:min(len(values), limit)] {
		shown = append(shown, bounded(v))
	}
	if more := len(values) - limit; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return strings.Join(shown, ", ")
}

// count returns a number and a noun: "1 line", "2 lines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands formats a number with a comma between groups of three digits.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
