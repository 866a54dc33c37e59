package policy

import "strings"

// suggestion gives `, did you mean "…"?` for a word that is nearly one of the known ones, else nothing.
func suggestion(word string, known ...string) string {
	if near := nearest(word, known); near != "" {
		return `, did you mean "` + near + `"?`
	}
	return ""
}

// nearest gives the known word that was probably meant, or nothing.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(fold(word), fold(k)); d < least && d < len(k)-1 {
			best, least = k, d
		}
	}
	return best
}

// fold makes words that differ only in case, hyphens, underscores or spaces the same.
func fold(word string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(word))
}

// distance is the number of characters to add, drop, change or swap with their neighbour to turn a into b
// (optimal string alignment). Words that are far longer than any key count as far away.
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
