package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"peerguard/function/policy"
)

// binary is the name of the executable in the package.
const binary = "peerguard"

// contents holds the files of a package by their slash-separated names, except for the binary.
type contents map[string]file

type file struct {
	data []byte
	mode fs.FileMode
}

// add takes a file into the package. A policy may name a file like one of ours, and neither may replace the other.
func (c contents) add(name string, data []byte, mode fs.FileMode) error {
	if _, taken := c[name]; taken || name == binary {
		return fmt.Errorf("packing %s: the package already has a file of this name", name)
	}
	c[name] = file{data, mode}
	return nil
}

// addBootstrap takes the script that the custom runtime starts.
func (c contents) addBootstrap(from string) error {
	script, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("packing bootstrap: %w", err)
	}
	if bytes.ContainsRune(script, '\r') {
		return errors.New("packing bootstrap: it contains a carriage return, so the platform could not start it: check it out with LF line ends")
	}
	return c.add("bootstrap", script, 0o755)
}

// addPolicy takes a policy as policy.yaml, and each file that it names under the name that it uses.
func (c contents) addPolicy(from string) error {
	folder, name := policy.Folder(filepath.Dir(from)), filepath.Base(from)
	p, err := policy.Load(folder, name)
	if err != nil {
		return fmt.Errorf("packing policy:\n%w", err)
	}
	if err := c.copy(folder, name, "policy.yaml"); err != nil {
		return err
	}
	for _, named := range slices.Sorted(maps.Keys(p.Files)) {
		if err := c.copy(folder, named, named); err != nil {
			return err
		}
	}
	return nil
}

func (c contents) copy(folder fs.FS, from, to string) error {
	data, err := fs.ReadFile(folder, from)
	if err != nil {
		return fmt.Errorf("packing %s: %w", from, err)
	}
	return c.add(to, data, 0o644)
}

// write makes every file readable by everybody: the function does not run as the user who builds it.
func (c contents) write(dir string) error {
	for name, f := range c {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // everybody may read a package
			return fmt.Errorf("packing %s: %w", name, err)
		}
		if err := os.WriteFile(to, f.data, f.mode); err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
		if err := os.Chmod(to, f.mode); err != nil { // whatever the umask
			return fmt.Errorf("packing %s: %w", name, err)
		}
	}
	return nil
}
