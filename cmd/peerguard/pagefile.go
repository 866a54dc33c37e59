package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
)

// pageFile is a page that does not exist yet: a file beside its place that only its owner can read. It takes the place when
// the page is whole, so nobody finds half of a page, and no link leads it elsewhere.
type pageFile struct {
	*os.File
	path string
}

// newPageFile makes the file before the work begins whose result the page will show. It refuses a place that it could not
// take later: one where anything but an older page is.
func newPageFile(path string) (*pageFile, error) {
	if err := replaceable(path); err != nil {
		return nil, fmt.Errorf("writing page: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".peerguard-*.html")
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("writing page: open %s: %w", path, failed.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("writing page: %w", err)
	}
	return &pageFile{file, path}, nil
}

// publish writes the page and puts it in its place.
func (f *pageFile) publish(report *guard.Report, meta page.Meta) error {
	if err := errors.Join(page.Write(f, report, meta), f.Close(), replaceable(f.path)); err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}

// discard removes the file, unless it has taken its place. There may be none.
func (f *pageFile) discard() {
	if f == nil {
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// replaceable returns nil if there is nothing at a path, or a page that this command wrote.
func replaceable(path string) error {
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
	if !page.Is(file) {
		return fmt.Errorf("%s is not a page from peerguard: choose another name, or remove it", path)
	}
	return nil
}
