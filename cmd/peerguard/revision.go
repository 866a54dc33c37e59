package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// revision is a folder as it was in a commit, as the file system that [policy.Load] reads.
type revision struct {
	folder string // on disk, in a work tree of git
	name   string // of the commit
}

// openRevision returns a folder as it was in a commit. It fails if the folder is not in a work tree, or there is no such commit.
func openRevision(folder, name string) (revision, error) {
	r := revision{folder, name}
	if strings.ContainsAny(name, "\n\x00") || name == "" {
		return r, fmt.Errorf("%q is not a revision of git", name)
	}
	if _, err := r.git("", "rev-parse", "--show-toplevel"); err != nil {
		return r, fmt.Errorf("reading revision %s: %w", name, err)
	}
	if _, err := r.git("", "rev-parse", "--quiet", "--verify", "--end-of-options", name+"^{commit}"); err != nil {
		return r, fmt.Errorf("git does not know revision %s here: is it spelt right, and fetched?", name)
	}
	return r, nil
}

// Open reads a file. A symbolic link may lead to another file of the commit.
func (r revision) Open(name string) (fs.File, error) {
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) || strings.Contains(name, "\n") {
		return fail(fs.ErrInvalid)
	}
	answer, err := r.git(r.name+":./"+name+"\n", "cat-file", "--batch", "--follow-symlinks")
	if err != nil {
		return fail(err)
	}
	header, data, _ := bytes.Cut(answer, []byte("\n"))
	_, kind, _ := strings.Cut(string(header), " ")
	digits, blob := strings.CutPrefix(kind, "blob ")
	size, err := strconv.Atoi(digits)
	if !blob || err != nil || size > len(data) {
		return fail(fmt.Errorf("there is no such file in revision %s", r.name))
	}
	return newMemoryFile(name, data[:size]), nil
}

// git runs git in the folder, and returns what it prints.
func (r revision) git(stdin string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(context.Background(), "git", append([]string{"-C", cmp.Or(r.folder, ".")}, args...)...) //nolint:gosec // the arguments are ours, but for a revision after --end-of-options
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr, cmd.Env = strings.NewReader(stdin), &stderr, slices.DeleteFunc(os.Environ(), pinsRepository)
	out, err := cmd.Output()
	if said := strings.TrimSpace(stderr.String()); err != nil && said != "" {
		err = errors.New(said)
	}
	if err != nil {
		return nil, fmt.Errorf("running git: %w", err)
	}
	return out, nil
}

// pinsRepository reports whether a variable of the environment names a repository, as those of a hook do. Git would not look for
// the one that the folder is in, and take a file from another folder.
func pinsRepository(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains([]string{"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"}, name)
}

// stdinFolder is the working directory with one more file, -, which is what came from stdin.
type stdinFolder struct {
	fs.FS
	data []byte
}

// Open opens a file, or what came from stdin.
func (f stdinFolder) Open(name string) (fs.File, error) {
	if name == "-" {
		return newMemoryFile(name, f.data), nil
	}
	return f.FS.Open(name)
}

// memoryFile is a file whose bytes are in memory.
type memoryFile struct {
	io.Reader
	name string
	size int
}

func newMemoryFile(name string, data []byte) *memoryFile {
	return &memoryFile{bytes.NewReader(data), name, len(data)}
}

// Close does nothing.
func (f *memoryFile) Close() error { return nil }

// Stat describes the file.
func (f *memoryFile) Stat() (fs.FileInfo, error) { return memoryInfo{f}, nil }

type memoryInfo struct{ *memoryFile }

// Name returns the name of the file.
func (i memoryInfo) Name() string { return i.name }

// Size returns the number of its bytes.
func (i memoryInfo) Size() int64 { return int64(i.size) }

// Mode says that it is a regular file that nobody can write.
func (i memoryInfo) Mode() fs.FileMode { return 0o444 }

// ModTime is not known.
func (i memoryInfo) ModTime() time.Time { return time.Time{} }

// IsDir reports that it is not a folder.
func (i memoryInfo) IsDir() bool { return false }

// Sys returns nil.
func (i memoryInfo) Sys() any { return nil }
