package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestDiffs runs testdata/diff/*.txtar: pairs of policies, each with what diff says about it as of 2026-06-01. The comment says
// what the pair shows.
// After a change of output: go test ./cmd/peerguard -run TestDiffs -update, and read the diff.
func TestDiffs(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "diff", "*.txtar"))
	if err != nil || len(names) < 40 {
		t.Fatalf("%d pairs, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testDiff(t, name)
		})
	}
}

func testDiff(t *testing.T, name string) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := &archive.Files[len(archive.Files)-1]
	if want.Name != "want.txt" || !bytes.HasPrefix(archive.Comment, []byte("# ")) {
		t.Fatal("a pair has a comment first, and want.txt last")
	}
	dir := t.TempDir()
	for _, f := range archive.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	args := []string{"diff", "--at", "2026-06-01", filepath.Join(dir, "old.yaml"), filepath.Join(dir, "new.yaml")}
	code := run(t.Context(), args, &console{stdin: strings.NewReader(""), stdout: &out, stderr: &out})
	got := strings.ReplaceAll(out.String(), dir+string(filepath.Separator), "")
	if opens := strings.Contains(got, "opens\n\n") || strings.Contains(name, "reach-"); (code == 1) != opens {
		t.Errorf("exit code %d", code)
	}
	if *update {
		want.Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want.Data), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestReadmeShowsADiff: README shows one of the pairs, as it is.
func TestReadmeShowsADiff(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := txtar.ParseFile(filepath.Join("testdata", "diff", "rules-merged-badly.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for i, sign := range []string{"-", "+"} {
		for line := range bytes.Lines(pair.Files[i].Data) {
			if bytes.HasPrefix(line, []byte("  - ")) && !bytes.Contains(readme, append([]byte(sign), line...)) {
				t.Errorf("README does not have %s%s", sign, line)
			}
		}
	}
	if want := pair.Files[2].Data; !bytes.Contains(readme, want) {
		t.Errorf("README does not have\n%s", want)
	}
}
