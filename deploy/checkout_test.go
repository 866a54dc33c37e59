package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// git runs git in a folder and returns what it prints.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return string(out)
}

// converted clones a repository as git does on Windows, and returns the files whose line ends are not those of the commit.
func converted(t *testing.T, repository string) (files []string) {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "-q", "-c", "core.autocrlf=true", "file://"+repository, clone)
	list := strings.TrimSpace(git(t, clone, "ls-files", "--eol")) // i/lf w/crlf attr/text=auto<TAB>name
	for line := range strings.Lines(list) {
		ends, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		fields := strings.Fields(ends)
		if strings.TrimPrefix(fields[0], "i/") != strings.TrimPrefix(fields[1], "w/") {
			files = append(files, name)
		}
	}
	if strings.Count(list, "\n") == 0 {
		t.Fatalf("git lists no files: %s", list)
	}
	return files
}

// TestCheckoutWithCarriageReturns: with core.autocrlf=true a checkout still has the committed bytes, so that the package is
// the same and the tests pass. .gitattributes sees to that.
func TestCheckoutWithCarriageReturns(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if exec.CommandContext(t.Context(), "git", "-C", root, "rev-parse", "HEAD").Run() != nil {
		t.Skip("this is not a git repository, or there is no git")
	}
	if files := converted(t, root); len(files) > 0 {
		t.Errorf("git converts the line ends of %v: see .gitattributes", files)
	}
}

// TestConvertedCanFail: without attributes git converts what has line ends of its own.
func TestConvertedCanFail(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"script": "#!/bin/bash\n", "other": "text\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "one")
	if files := converted(t, dir); len(files) != 2 {
		t.Errorf("git converts %v, want both files", files)
	}
}
