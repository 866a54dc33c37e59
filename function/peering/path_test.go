package peering

import (
	"regexp"
	"strings"
	"testing"
)

// TestFoldersMatchBySegment: an account is in each folder on its path, and in no other whose id looks alike.
func TestFoldersMatchBySegment(t *testing.T) {
	t.Parallel()
	for path, folders := range map[Path]map[string]bool{
		"rd-a/r-b/fd-c/fd-d": {"r-b": true, "fd-c": true, "fd-d": true, "fd-C": false, "fd-": false, "d": false, "rd-a": false, "": false, "fd-c/fd-d": false},
		"rd-a/r-b":           {"r-b": true, "fd-c": false, "rd-a": false, "": false},
		Outside:              {"none": false, "r-b": false, "": false},
		"":                   {"": false, "r-b": false},
	} {
		for folder, want := range folders {
			if path.In(folder) != want {
				t.Errorf("%q in %q is %t", path, folder, !want)
			}
		}
	}
}

// TestOnlyTheEmptyPathIsUnknown: that an account is outside is knowledge, too.
func TestOnlyTheEmptyPathIsUnknown(t *testing.T) {
	t.Parallel()
	if Path("").Known() || !Outside.Known() || !Path("rd-a/r-b").Known() {
		t.Error("only the empty path is unknown")
	}
	if ValidPath(string(Outside)) {
		t.Error("Outside has the form of a path in the directory")
	}
}

var directoryForms = map[string]struct {
	pattern *regexp.Regexp
	valid   func(string) bool
}{
	"directory": {regexp.MustCompile(`^rd-[A-Za-z0-9]{1,60}$`), ValidDirectory},
	"folder":    {regexp.MustCompile(`^(r|fd)-[A-Za-z0-9]{1,60}$`), ValidFolder},
	"path":      {regexp.MustCompile(`^rd-[A-Za-z0-9]{1,60}/r-[A-Za-z0-9]{1,60}(/fd-[A-Za-z0-9]{1,60})*$`), ValidPath},
}

// FuzzDirectoryForms: the hand-written checks of ids agree with the regular expressions.
func FuzzDirectoryForms(f *testing.F) {
	for _, text := range []string{
		"", "rd-", "rd-3G0000", "r-AAAAAA", "fd-AAAAAAAAAA", "fd-a-b", "fd-" + strings.Repeat("z", 60), "fd-" + strings.Repeat("z", 61), "fd-a\n", "FD-a",
		"rd-a/r-b", "rd-a/r-b/", "rd-a//r-b", "/rd-a/r-b", "rd-a/r-b/fd-c", "rd-a/fd-c", "rd-a/r-b/r-b", "rd-a/r-b/fd-c/1111111111111111", "rd-a", "none",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, form := range directoryForms {
			if want := form.pattern.MatchString(text); form.valid(text) != want {
				t.Errorf("%q as %s: got %t, want %t", text, name, !want, want)
			}
		}
	})
}
