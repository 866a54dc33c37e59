package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestArchive: the archive has every file with its mode, and is the same whenever the files were written.
func TestArchive(t *testing.T) {
	dir := folder(t, map[string]string{"policy.yaml": "policy", "lists/partners.txt": "partners", binary: "binary"})
	if err := os.Chmod(filepath.Join(dir, binary), 0o755); err != nil {
		t.Fatal(err)
	}
	first := archived(t, dir)
	for _, name := range []string{"policy.yaml", binary} {
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first, archived(t, dir)) {
		t.Error("the archive depends on the times of the files")
	}

	r, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
		want := fs.FileMode(0o644)
		if f.Name == binary {
			want = 0o755
		}
		if f.Mode() != want {
			t.Errorf("%s has the mode %v", f.Name, f.Mode())
		}
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if original, _ := os.ReadFile(filepath.Join(dir, f.Name)); err != nil || !bytes.Equal(data, original) {
			t.Errorf("%s is %q, %v", f.Name, data, err)
		}
	}
	if !slices.Equal(names, []string{"lists/partners.txt", binary, "policy.yaml"}) {
		t.Errorf("the archive has %v", names)
	}
}

func archived(t *testing.T, dir string) []byte {
	t.Helper()
	to := filepath.Join(t.TempDir(), "peerguard.zip")
	if err := archive(dir, to); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestArchiveSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if err := archive(filepath.Join(dir, "missing"), filepath.Join(dir, "peerguard.zip")); err == nil {
		t.Error("a package that does not exist is archived")
	}
	if err := archive(dir, filepath.Join(dir, "missing", "peerguard.zip")); err == nil {
		t.Error("an archive is written to a folder that does not exist")
	}
}
