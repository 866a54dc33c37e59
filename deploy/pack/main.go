// Command pack builds what Function Compute runs. It is run in the repository's root:
//
//	pack DIR
//
// DIR then holds bootstrap, the binary peerguard, and policy.yaml with every file that it names. The policy is read as
// the function will read it, so that a broken one is never deployed.
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"peerguard/function/policy"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack DIR")
		os.Exit(2)
	}
	if err := pack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func pack(dir string) error {
	root := os.DirFS(".")
	if err := copyFile(root, "bootstrap", filepath.Join(dir, "bootstrap"), 0o755); err != nil {
		return err
	}
	if err := packPolicy(root, dir); err != nil {
		return err
	}
	return build(filepath.Join(dir, "peerguard"))
}

// build makes the same bytes of the same source on every machine.
func build(to string) error {
	// The function speaks HTTP/1.1 on both sides: HTTP/2 would be a twentieth of the package.
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", to, "./function"}
	cmd := exec.CommandContext(context.Background(), "go", args...) //nolint:gosec // to is where the caller wants it
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the binary: %w", err)
	}
	return os.Chmod(to, 0o755) //nolint:gosec // the platform runs it
}

// packPolicy copies policy.yaml and what it names.
func packPolicy(root fs.FS, dir string) error {
	const name = "policy.yaml"
	p, err := policy.Load(root, name)
	if err != nil {
		return fmt.Errorf("packing policy:\n%w", err)
	}
	if err := copyFile(root, name, filepath.Join(dir, name), 0o644); err != nil {
		return err
	}
	for named := range p.Files {
		if err := copyFile(root, named, filepath.Join(dir, filepath.FromSlash(named)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyFile writes the file for all to read: the function does not run as the user who builds it.
func copyFile(from fs.FS, name, to string, mode fs.FileMode) error {
	data, err := fs.ReadFile(from, name)
	if err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // a package is for all to read
		return fmt.Errorf("packing %s: %w", name, err)
	}
	if err := os.WriteFile(to, data, mode); err != nil { //nolint:gosec // to is where the caller wants it
		return fmt.Errorf("packing %s: %w", name, err)
	}
	return os.Chmod(to, mode) //nolint:gosec // as above; whatever the umask
}
