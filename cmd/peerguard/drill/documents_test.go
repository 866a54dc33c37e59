package drill_test

import (
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
)

// TestDocumentsNameThePoints: README's list of what nobody has seen live and the table of docs/drill.md name the points that a
// drill prints, and no others.
func TestDocumentsNameThePoints(t *testing.T) {
	t.Parallel()
	var want []string
	synctest.Test(t, func(t *testing.T) {
		for _, p := range newWorld().Run(t.Context()).Points {
			want = append(want, p.Name)
		}
	})
	slices.Sort(want)
	for path, form := range map[string]string{
		"../../../README.md":     `(?m)^\|.*the drill's lines? .*$`,
		"../../../docs/drill.md": "(?m)^\\| `[a-z]+-.*$",
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range regexp.MustCompile(form).FindAllString(string(text), -1) {
			for _, name := range regexp.MustCompile("`([a-z]+(?:-[a-z]+)+)`").FindAllStringSubmatch(row, -1) {
				got = append(got, name[1])
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || len(want) != 8 {
			t.Errorf("%s names the points %q, the drill prints %q", path, got, want)
		}
	}
}
