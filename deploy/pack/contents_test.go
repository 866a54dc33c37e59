package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes files into a new folder and returns its path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read returns the files of a folder and below.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const twoLists = "version: 1\nmode: dry-run\nallow:\n  - {name: a, accounts_from: a.txt}\n  - {name: b, accounts_from: lists/b.txt}\n"

// TestPolicyArrivesWithWhatItNames: the policy becomes policy.yaml whatever it was called, the files that it names keep
// their names, and nothing else comes along.
func TestPolicyArrivesWithWhatItNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"policy.yaml", "production.yaml"} {
		from := folder(t, map[string]string{
			name: twoLists, "a.txt": "2222222222222222\n", "lists/b.txt": "4444444444444444\n", "notes.txt": "not named",
		})
		p, to := contents{}, t.TempDir()
		if err := p.addPolicy(filepath.Join(from, name)); err != nil {
			t.Fatal(err)
		}
		if err := p.write(to); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"policy.yaml": twoLists, "a.txt": "2222222222222222\n", "lists/b.txt": "4444444444444444\n"}
		got := read(t, to)
		if len(got) != len(want) {
			t.Errorf("%s: packed %v", name, got)
		}
		for file, text := range want {
			if got[file] != text {
				t.Errorf("%s: %s holds %q", name, file, got[file])
			}
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
		p := contents{}
		err := p.addPolicy(filepath.Join(folder(t, map[string]string{"policy.yaml": text}), "policy.yaml"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
		if len(p) > 0 {
			t.Errorf("%d files were packed", len(p))
		}
	}
}

// TestPolicyStaysInItsFolder: a link must not carry a file of the builder's machine into the package.
func TestPolicyStaysInItsFolder(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"policy.yaml": "version: 1\nmode: dry-run\nallow:\n  - {name: a, accounts_from: a.txt}\n"})
	elsewhere := folder(t, map[string]string{"a.txt": "2222222222222222\n"})
	if err := os.Symlink(filepath.Join(elsewhere, "a.txt"), filepath.Join(from, "a.txt")); err != nil {
		t.Fatal(err)
	}
	if err := (contents{}).addPolicy(filepath.Join(from, "policy.yaml")); err == nil || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("the link was followed: %v", err)
	}
}

// TestNamesDoNotCollide: a policy that names a file like one of the package's own would replace it.
func TestNamesDoNotCollide(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bootstrap", "peerguard", "policy.yaml"} {
		from := folder(t, map[string]string{
			"mine.yaml": "version: 1\nmode: dry-run\nallow:\n  - {name: a, accounts_from: " + name + "}\n", name: "2222222222222222\n",
		})
		p := contents{"bootstrap": {}}
		if err := p.addPolicy(filepath.Join(from, "mine.yaml")); err == nil || !strings.Contains(err.Error(), "packing "+name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBootstrapWithCarriageReturnIsRefused: the kernel would look for an interpreter "/bin/bash\r", and no instance starts.
func TestBootstrapWithCarriageReturnIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"unix": "#!/bin/bash\nexec x\n", "windows": "#!/bin/bash\r\nexec x\r\n"})
	if err := (contents{}).addBootstrap(filepath.Join(dir, "unix")); err != nil {
		t.Error(err)
	}
	if err := (contents{}).addBootstrap(filepath.Join(dir, "windows")); err == nil || !strings.Contains(err.Error(), "carriage return") {
		t.Errorf("it was taken: %v", err)
	}
}

// TestNothingFromOutside: a symbolic link does not take a file from outside the policy's folder into the package.
func TestNothingFromOutside(t *testing.T) {
	t.Parallel()
	from := folder(t, map[string]string{"policies/policy.yaml": twoLists, "policies/lists/b.txt": "4444444444444444\n", "outside.txt": "2222222222222222\n"})
	if err := os.Symlink("../outside.txt", filepath.Join(from, "policies", "a.txt")); err != nil {
		t.Fatal(err)
	}
	p := contents{}
	err := p.addPolicy(filepath.Join(from, "policies", "policy.yaml"))
	if err == nil || !strings.Contains(err.Error(), "a symbolic link leads out of the policy's folder") || len(p) > 0 {
		t.Errorf("got %v, packed %v", err, p)
	}
}
