package main

import (
	"debug/buildinfo"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const testVersion = "v1.2.3-4-gabcdef0"

// TestPackage: the same source in another folder makes the same package, byte by byte, with the modes that the platform
// asks for and a notice for every module in the binary.
func TestPackage(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, there := packedFrom(t, root), packedFrom(t, copied(t, root))
	first, second := read(t, here), read(t, there)
	if len(first) < 4 || len(first) != len(second) {
		t.Fatalf("packages of %d and %d files", len(first), len(second))
	}
	for name, data := range first {
		if data != second[name] {
			t.Errorf("%s differs", name)
		}
	}
	for name, want := range map[string]fs.FileMode{"bootstrap": 0o755, binary: 0o755, "policy.yaml": 0o644, "NOTICE": 0o644} {
		if info, err := os.Stat(filepath.Join(here, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if !strings.Contains(first[binary], testVersion) {
		t.Errorf("the binary does not hold the version %s", testVersion)
	}
	checkNotice(t, filepath.Join(here, binary), first["NOTICE"])
}

func checkNotice(t *testing.T, executable, notice string) {
	t.Helper()
	info, err := buildinfo.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) < 10 {
		t.Errorf("the binary is built from %d modules", len(info.Deps))
	}
	want := []string{"peerguard " + testVersion, "Go standard library " + info.GoVersion}
	for _, m := range info.Deps {
		want = append(want, m.Path+" "+m.Version)
	}
	for _, name := range want {
		if strings.Count(notice, "\n"+name+"\n") != 1 {
			t.Errorf("the notice does not list %s", name)
		}
	}
	if got := strings.Count(notice, "\n"+strings.Repeat("=", 80)+"\n"); got != 2*len(want) {
		t.Errorf("the notice lists %d modules, the binary has %d", got/2, len(want))
	}
}

// packedFrom packs the repository in a folder and returns where the package is.
func packedFrom(t *testing.T, root string) string {
	t.Helper()
	t.Chdir(root)
	dir := t.TempDir()
	if err := pack(t.Context(), dir, filepath.Join("events", "simulator", "policy.yaml"), testVersion); err != nil {
		t.Fatal(err)
	}
	return dir
}

// copied is the repository in another folder, without what was built in it.
func copied(t *testing.T, root string) string {
	t.Helper()
	to := t.TempDir()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name != "." && strings.HasPrefix(d.Name(), ".") || name == "dist"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestVersion follows a repository from its first commit to a tag and a change: what is ignored, as dist is, and what git
// does not know leave the version as it is.
func TestVersion(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := folder(t, map[string]string{"a": "one", ".gitignore": "/dist/\n"})
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Chdir(dir)
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-c", "user.name=Tester", "-c", "user.email=tester@example.com"}, args...)
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	check := func(when, prefix, suffix string) {
		t.Helper()
		if got := version(t.Context()); !strings.HasPrefix(got, prefix) || !strings.HasSuffix(got, suffix) || strings.ContainsAny(got, " \n") {
			t.Errorf("%s: version is %q", when, got)
		}
	}
	check("outside a repository", "unknown", "unknown")
	git("init", "-q")
	check("before the first commit", "unknown", "unknown")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	if got := version(t.Context()); len(got) < 7 || strings.Trim(got, "0123456789abcdef") != "" {
		t.Errorf("after the first commit: version is %q", got)
	}
	git("tag", "v0.1.0")
	check("at a tag", "v0.1.0", "v0.1.0")
	for name, text := range map[string]string{"dist": "built", "new": "not added"} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(name, "file"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check("after a build", "v0.1.0", "v0.1.0")
	if err := os.WriteFile("a", []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("after a change", "v0.1.0", "-dirty")
	git("commit", "-q", "-a", "-m", "two")
	check("a commit later", "v0.1.0-1-g", "")
}

// TestNoGit: a package is built without git as well.
func TestNoGit(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if got := version(t.Context()); got != "unknown" {
		t.Errorf("version is %q", got)
	}
}
