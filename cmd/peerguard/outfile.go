package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/cmd/peerguard/page"
)

// fileKind is what a command writes besides its result.
type fileKind struct {
	noun   string
	suffix string
	is     func(io.Reader) bool // whether a file is an older one of this kind
}

var (
	pageFile = fileKind{"page", ".html", page.Is}
	csvFile  = fileKind{"table", ".csv", evidence.IsCSV}
)

// outFile is a file that does not exist yet: a file beside its place that only its owner can read. It takes the place when it
// is whole, so nobody finds half of one, and no link leads it elsewhere.
type outFile struct {
	*os.File
	path string
	kind fileKind
}

// newOutFile makes the file before the work begins whose result it will show. It refuses a place that it could not take
// later: one where anything but an older file of this kind is. It returns nil if no file is wanted.
func newOutFile(path string, kind fileKind) (*outFile, error) {
	if path == "" {
		return nil, nil
	}
	if err := kind.replaceable(path); err != nil {
		return nil, fmt.Errorf("writing %s: %w", kind.noun, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".peerguard-*"+kind.suffix)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("writing %s: open %s: %w", kind.noun, path, failed.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", kind.noun, err)
	}
	return &outFile{file, path, kind}, nil
}

// publish writes the file, puts it in its place and says so. There may be none.
func (f *outFile) publish(out *console, write func(io.Writer) error) error {
	if f == nil {
		return nil
	}
	err := errors.Join(write(f), f.Close(), f.kind.replaceable(f.path))
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.kind.noun, err)
	}
	out.note("wrote %s", f.path)
	return nil
}

// discard removes the file, unless it has taken its place. There may be none.
func (f *outFile) discard() {
	if f == nil {
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// replaceable returns nil if there is nothing at a path, or a file of this kind that this command wrote.
func (k fileKind) replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if !k.is(file) {
		return fmt.Errorf("%s is not a %s from peerguard: choose another name, or remove it", path, k.noun)
	}
	return nil
}
