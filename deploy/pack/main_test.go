package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestPolicyArrivesWithWhatItNames: the policy, the files that it names where it names them, and nothing else.
func TestPolicyArrivesWithWhatItNames(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	want := map[string]string{
		"policy.yaml": "version: 1\nmode: dry-run\nallow:\n  - {name: a, accounts_from: a.txt}\n  - {name: b, accounts_from: lists/b.txt}\n",
		"a.txt":       "2222222222222222\n",
		"lists/b.txt": "4444444444444444\n",
	}
	root := fstest.MapFS{"notes.txt": {Data: []byte("not named")}}
	for name, text := range want {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if err := packPolicy(root, to); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(to), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(to, name))
		got[name] = string(data)
		return err
	})
	if err != nil || len(got) != len(want) {
		t.Errorf("packed %v, %v", got, err)
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s holds %q", name, got[name])
		}
	}
}

// TestBrokenPolicyIsNotPacked: nothing is packed that the function could not read.
func TestBrokenPolicyIsNotPacked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"version: 1\nmode: sometimes\nallow: []\n":                                            "policy.yaml:2:7",
		"version: 1\nmode: dry-run\nallow:\n  - {name: a, accounts_from: missing-list.txt}\n": "missing-list.txt",
	} {
		to := t.TempDir()
		err := packPolicy(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, to)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if files, _ := os.ReadDir(to); len(files) > 0 {
			t.Errorf("%d files were packed", len(files))
		}
	}
}

// TestReproducible: the same source in another folder gives the same package, byte by byte.
func TestReproducible(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, there := packedFrom(t, root), packedFrom(t, copied(t, root))
	if len(here) < 3 || len(here) != len(there) {
		t.Fatalf("packages of %d and %d files", len(here), len(there))
	}
	for name, data := range here {
		if !bytes.Equal(data, there[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

// packedFrom packs the repository in a folder and reads the package.
func packedFrom(t *testing.T, root string) map[string][]byte {
	t.Helper()
	t.Chdir(root)
	dir := t.TempDir()
	if err := pack(dir); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// copied is the repository in another folder, without what was built in it.
func copied(t *testing.T, root string) string {
	t.Helper()
	to := t.TempDir()
	from := os.DirFS(root)
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name != "." && strings.HasPrefix(d.Name(), ".") || name == "dist"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		return copyFile(from, name, filepath.Join(to, name), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
