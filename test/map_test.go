package test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var roomName = regexp.MustCompile("`([^`]+)`")

// readMap returns the table of rooms of a text: for each room, the rooms that import it.
func readMap(text string) map[string][]string {
	table := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		room := roomName.FindStringSubmatch(cells[1])[1]
		table[room] = []string{}
		for _, m := range roomName.FindAllStringSubmatch(cells[3], -1) {
			table[room] = append(table[room], m[1])
		}
	}
	return table
}

// disagreements compares a table with the rules. Importers under test are left out, and the parts of test/bench have no rows
// of their own.
func disagreements(table, rules map[string][]string) []string {
	importers := map[string][]string{}
	for room, allowed := range rules {
		for _, imported := range allowed {
			if !strings.HasPrefix(room, "test/") {
				importers[imported] = append(importers[imported], room)
			}
		}
	}
	var found []string
	for _, room := range slices.Sorted(maps.Keys(rules)) {
		row, known := table[room]
		switch want := slices.Sorted(slices.Values(importers[room])); {
		case strings.HasPrefix(room, "test/bench/"):
		case !known:
			found = append(found, fmt.Sprintf("it has no row for %s: add one that says what the room is for", room))
		case !slices.Equal(slices.Sorted(slices.Values(row)), want):
			found = append(found, fmt.Sprintf("it says that %s is imported by %v; deps_test.go says %v", room, row, want))
		}
	}
	for _, room := range slices.Sorted(maps.Keys(table)) {
		if _, known := rules[room]; !known {
			found = append(found, "it has a row for "+room+", which is not a room: remove it")
		}
	}
	return found
}

// TestMap: the table of rooms in CONTRIBUTING.md agrees with the rules in deps_test.go.
func TestMap(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range disagreements(readMap(string(text)), rooms) {
		t.Errorf("CONTRIBUTING.md: %s", d)
	}
}

// TestMapCanFail: each kind of disagreement is found.
func TestMapCanFail(t *testing.T) {
	t.Parallel()
	rules := map[string][]string{"a": {}, "b": {"a"}, "test/bench": {"a", "test/bench/x"}, "test/bench/x": {}}
	const good = "| `a` | waist | `b` |\n| `b` | top | |\n| `test/bench` | speed | |\n"
	if found := disagreements(readMap(good), rules); len(found) > 0 {
		t.Errorf("a table that agrees: %v", found)
	}
	for name, change := range map[string][2]string{
		"missing row":      {"| `b` | top | |\n", ""},
		"row too many":     {"| `b` | top | |\n", "| `b` | top | |\n| `c` | gone | |\n"},
		"missing importer": {"| waist | `b` |", "| waist | |"},
		"wrong importer":   {"| top | |", "| top | `a` |"},
	} {
		if found := disagreements(readMap(strings.Replace(good, change[0], change[1], 1)), rules); len(found) != 1 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
