package main

import (
	"fmt"
	"io/fs"
	"os"
)

// archive writes the package in dir to a zip file with the modes of its files and without their times, so that the same
// package is the same archive.
func archive(dir, to string) error {
	c := contents{}
	files := os.DirFS(dir)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := fs.ReadFile(files, name)
		c[name] = file{data, info.Mode()}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the package: %w", err)
	}
	data, err := c.zip()
	if err != nil {
		return fmt.Errorf("writing the archive: %w", err)
	}
	return os.WriteFile(to, data, 0o644) //nolint:gosec // everybody may read a package
}
