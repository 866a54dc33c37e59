package main

import (
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
