package policy_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"peerguard/function/policy"
)

var update = flag.Bool("update", false, "write the output as the expected output")

// TestBroken loads every policy in testdata/broken and compares its mistakes, with their snippets, with the file want.
// After a change of wording: go test ./function/policy -run TestBroken -update, and read the diff.
func TestBroken(t *testing.T) {
	t.Parallel()
	testBrokenFiles(t, "testdata/broken", 60, func(fsys fs.FS) (bool, error) {
		p, err := policy.Load(fsys, "policy.yaml")
		return p != nil, err
	})
}

// testBrokenFiles loads each archive in a folder, and compares the error with the archive's file want.
func testBrokenFiles(t *testing.T, folder string, least int, load func(fs.FS) (bool, error)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < least {
		t.Fatalf("%d files in %s, want at least %d", len(files), folder, least)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { testBroken(t, file, load) })
	}
}

func testBroken(t *testing.T, file string, load func(fs.FS) (bool, error)) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fsys, want := fstest.MapFS{}, ""
	kept := archive.Files[:0]
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = string(f.Data)
			continue
		}
		kept = append(kept, f)
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	loaded, err := load(fsys)
	if loaded || err == nil {
		t.Fatalf("loaded: %t, error: %v", loaded, err)
	}
	got := report(t, err)
	if *update {
		kept = append(kept, txtar.File{Name: "want", Data: []byte(got)})
		archive.Files = kept
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// report returns what the check command prints about broken files.
func report(t *testing.T, err error) string {
	t.Helper()
	var errs policy.Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("error is a %T, want Errors: %v", err, err)
	}
	var out strings.Builder
	for _, e := range errs {
		out.WriteString(e.Error() + "\n" + e.Snippet())
	}
	return out.String()
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const head = "version: 1\nmode: enforce\n"
	write("big.yaml", head+"allow: []\n"+strings.Repeat("# padding\n", 420_000))
	write("big.txt", strings.Repeat("1111111111111111\n", 250_000))
	write("names-big.yaml", head+"allow:\n  - {name: a, accounts_from: big.txt}\n")
	write("names-folder.yaml", head+"allow:\n  - {name: a, accounts_from: folder}\n")
	write("names-loop.yaml", head+"allow:\n  - {name: a, accounts_from: loop.yaml}\n")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop.yaml", filepath.Join(dir, "loop.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, want string }{
		{"missing.yaml", "missing.yaml:1:1: reading missing.yaml: no such file or directory"},
		{"folder", "folder:1:1: reading folder: is a directory"},
		{"loop.yaml", "loop.yaml:1:1: reading loop.yaml: too many levels of symbolic links"},
		{"big.yaml", "big.yaml:1:1: reading big.yaml: is larger than 4 MiB"},
		{"names-big.yaml", "names-big.yaml:4:30: reading big.txt: is larger than 4 MiB"},
		{"names-folder.yaml", "names-folder.yaml:4:30: reading folder: is a directory"},
		{"names-loop.yaml", "names-loop.yaml:4:30: reading loop.yaml: too many levels of symbolic links"},
		{"../policy.yaml", "../policy.yaml:1:1: reading policy.yaml: not a path inside the policy's folder"},
		{"", ":1:1: reading .: not a path inside the policy's folder"},
	} {
		p, err := policy.Load(policy.Folder(dir), test.name)
		if p != nil || err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, %v\nwant %s", test.name, p, err, test.want)
		}
	}
}

func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"policy.yaml": {Mode: fs.ModeNamedPipe}}
	if _, err := policy.Load(fsys, "policy.yaml"); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("named pipe: %v", err)
	}
	_, err := policy.Load(fstest.MapFS{}, "policy.yaml")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
}

// lyingFS has files that fail, or grow, after Stat.
type lyingFS struct {
	fstest.MapFS
	open func() (fs.File, error)
}

func (l lyingFS) Open(string) (fs.File, error)          { return l.open() }
func (l lyingFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(l.MapFS, name) }

type badFile struct {
	fs.File
	*bytes.Reader
	read, close error
}

func (f badFile) Read(p []byte) (int, error) {
	if f.read != nil {
		return 0, f.read
	}
	return f.Reader.Read(p)
}

func (f badFile) Close() error { return f.close }

func TestFailingFiles(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"policy.yaml": {Data: []byte("x")}}
	failure := errors.New("the disk is gone")
	for name, test := range map[string]struct {
		open func() (fs.File, error)
		want string
	}{
		"open":  {func() (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: "x", Err: failure} }, "the disk is gone"},
		"read":  {func() (fs.File, error) { return badFile{Reader: bytes.NewReader(nil), read: failure}, nil }, "the disk is gone"},
		"close": {func() (fs.File, error) { return badFile{Reader: bytes.NewReader(nil), close: failure}, nil }, "the disk is gone"},
		"grown": {func() (fs.File, error) { return badFile{Reader: bytes.NewReader(make([]byte, 5<<20))}, nil }, "is larger than 4 MiB"},
	} {
		_, err := policy.Load(lyingFS{files, test.open}, "policy.yaml")
		if want := "policy.yaml:1:1: reading policy.yaml: " + test.want; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// TestManyMistakes: a hundred thousand mistakes on one line are all found, and each snippet stays short.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	const n = 100_000
	text := head + "allow: [{name: a, accounts: [" + strings.Repeat("oops, ", n) + "]}]\n"
	_, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, "policy.yaml")
	errs, ok := errors.AsType[policy.Errors](err)
	if !ok || len(errs) != n {
		t.Fatalf("%d mistakes, want %d", len(errs), n)
	}
	for _, e := range errs {
		if s := e.Snippet(); len(s) > 300 || !strings.Contains(s, "oops") {
			t.Fatalf("snippet of %s: %q", e, s)
		}
	}
}

// TestParse: a text is read like a file, but names no other files.
func TestParse(t *testing.T) {
	t.Parallel()
	p, err := policy.Parse("version: 1\nmode: enforce\nallow: []\n")
	if err != nil || p.Mode != policy.Enforce {
		t.Errorf("got %v, %v", p, err)
	}
	_, err = policy.Parse("version: 1\nmode: enforce\nallow:\n  - {name: a, accounts_from: ids.txt}\n")
	if err == nil || err.Error() != "policy.yaml:4:30: reading ids.txt: file does not exist" {
		t.Errorf("got %v", err)
	}
}
