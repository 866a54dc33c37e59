package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
	"peerguard/simulator"
)

// TestPageFile: a page takes the place of nothing or of an older page, and of nothing else.
func TestPageFile(t *testing.T) {
	t.Parallel()
	older := func(t *testing.T, path string) {
		var text strings.Builder
		if err := page.Write(&text, &guard.Report{}, page.Meta{Title: "older"}); err != nil {
			t.Fatal(err)
		}
		create(t, path, text.String())
	}
	for name, test := range map[string]struct {
		before  func(t *testing.T, path string)
		refusal string // "" if the page is written
	}{
		"nothing":        {func(*testing.T, string) {}, ""},
		"an older page":  {older, ""},
		"another file":   {func(t *testing.T, path string) { create(t, path, "<html>my notes</html>") }, "is not a page from peerguard: choose another name, or remove it"},
		"an empty file":  {func(t *testing.T, path string) { create(t, path, "") }, "is not a page from peerguard"},
		"a folder":       {func(t *testing.T, path string) { must(t, os.Mkdir(path, 0o700)) }, "is not a regular file"},
		"a link":         {func(t *testing.T, path string) { older(t, path+".old"); must(t, os.Symlink(path+".old", path)) }, "is not a regular file"},
		"a link nowhere": {func(t *testing.T, path string) { must(t, os.Symlink(path+".old", path)) }, "is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "page.html")
			test.before(t, path)
			before := listing(t, filepath.Dir(path))
			file, err := newOutFile(path, pageFile)
			if test.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), test.refusal) {
					t.Errorf("got %v, want %q", err, test.refusal)
				}
				if after := listing(t, filepath.Dir(path)); after != before {
					t.Errorf("the folder was\n%sand is\n%s", before, after)
				}
				return
			}
			must(t, err)
			defer file.discard()
			must(t, file.publish(quietConsole(), writePage("newer")))
			file.discard()
			info, err := os.Lstat(path)
			must(t, err)
			text, err := os.ReadFile(path)
			must(t, err)
			if !strings.Contains(string(text), "newer") || info.Mode() != 0o600 || strings.Count(listing(t, filepath.Dir(path)), "\n") != 1 {
				t.Errorf("%v\n%s", info.Mode(), listing(t, filepath.Dir(path)))
			}
		})
	}
}

// TestPageFileWatchesItsPlace: what appears there while the sweep runs is not overwritten, and nothing is left beside it.
func TestPageFileWatchesItsPlace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.html")
	file, err := newOutFile(path, pageFile)
	must(t, err)
	create(t, path, "my notes")
	if err := file.publish(quietConsole(), writePage("")); err == nil || !strings.Contains(err.Error(), "is not a page from peerguard") {
		t.Errorf("got %v", err)
	}
	file.discard()
	if got := listing(t, filepath.Dir(path)); got != "page.html -rw------- my\n" {
		t.Errorf("the folder is\n%s", got)
	}
}

// TestPageFileComesFirst: a sweep that cannot write its page does not begin, and one that fails leaves no file.
func TestPageFileComesFirst(t *testing.T) {
	cloud := &simulator.Cloud{}
	simulated(t, cloud)
	policy := policyOf(t, enforcing)
	target := filepath.Join(filepath.Dir(policy), "page.html")
	sweep := func(path string) (int, string) {
		var stdout, stderr buffer
		code := run(t.Context(), []string{"sweep", "--policy", policy, "--html", path, "--enforce", "--yes"}, &console{stdout: &stdout, stderr: &stderr})
		return code, stderr.String()
	}
	if code, said := sweep(policy); code != 1 || !strings.Contains(said, "is not a page from peerguard") || len(cloud.Calls()) > 0 {
		t.Errorf("exit code %d after %d calls: %s", code, len(cloud.Calls()), said)
	}
	cloud.Deny(simulator.SeedAccepter, "*")
	if code, said := sweep(target); code != 1 || strings.Contains(listing(t, filepath.Dir(policy)), "html") {
		t.Errorf("exit code %d: %s\n%s", code, said, listing(t, filepath.Dir(policy)))
	}
}

func quietConsole() *console { return &console{stdout: io.Discard, stderr: io.Discard} }

// writePage writes an empty page.
func writePage(title string) func(io.Writer) error {
	return func(w io.Writer) error { return page.Write(w, &guard.Report{}, page.Meta{Title: title}) }
}

func create(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listing returns a line for each file in a folder: its name, mode and first word.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var lines strings.Builder
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		text, _ := os.ReadFile(filepath.Join(dir, e.Name())) // a folder or a broken link has none
		lines.WriteString(e.Name() + " " + info.Mode().String() + " " + strings.Fields(string(text) + " -")[0] + "\n")
	}
	return lines.String()
}
