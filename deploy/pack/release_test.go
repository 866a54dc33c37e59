package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRelease: an archive holds the operator's command with its version and its licences, and is the same, byte by byte, when it
// is built again. SHA256SUMS covers it, and what else lies there.
func TestRelease(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it runs tar and sha256sum")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	system := runtime.GOOS + "/" + runtime.GOARCH
	first, second := folder(t, map[string]string{"a.sbom.json": `{"version":1,"metadata":{"timestamp":"now","tools":["one"],"component":{}}}`}), t.TempDir()
	for _, dir := range []string{first, second} {
		if err := release(t.Context(), dir, testVersion, []string{system}); err != nil {
			t.Fatal(err)
		}
	}
	archive := "peerguard_" + testVersion + "_" + strings.ReplaceAll(system, "/", "_") + ".tar.gz"
	files := read(t, first)
	if len(files) != 3 || files[archive] == "" || files[archive] != read(t, second)[archive] {
		t.Fatalf("%d files, and the archive of %d bytes is another one when it is built again", len(files), len(files[archive]))
	}
	if sums := files[checksums]; strings.Count(sums, "\n") != 2 || !strings.Contains(sums, "  "+archive+"\n") || !strings.Contains(sums, "  a.sbom.json\n") {
		t.Errorf("the checksums are %s", sums)
	}
	if got := strings.Join(strings.Fields(files["a.sbom.json"]), ""); got != `{"metadata":{"component":{}},"version":1}` {
		t.Errorf("the SBOM is %s", got)
	}
	t.Chdir(first)
	for _, command := range []string{"sha256sum --check " + checksums, "tar -xzf " + archive, "./peerguard version"} {
		args := strings.Fields(command)
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil || args[0] == "./peerguard" && !strings.HasPrefix(string(out), "peerguard "+testVersion+" ") {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
	checkNotice(t, "peerguard", read(t, first)["NOTICE"])
}

// TestZip: Windows gets an archive that it can open.
func TestZip(t *testing.T) {
	t.Parallel()
	data, err := contents{"peerguard.exe": {[]byte("MZ"), 0o755}, "NOTICE": {[]byte("all rights"), 0o644}}.zip()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(archive.File) != 2 || archive.File[1].Name != "peerguard.exe" || !archive.File[1].Modified.Equal(packed) {
		t.Fatalf("%v: %v", archive.File, err)
	}
	f, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(f); err != nil || string(text) != "all rights" {
		t.Errorf("%q, %v", text, err)
	}
}
