package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// rig is what all comparisons share: the programs, and a folder for their files.
type rig struct {
	dir   string
	short bool
}

// The programs. Each has a folder of its own, in which the binary has the same name and the bootstrap is the same.
const (
	ours      = "peerguard"
	hello     = "hello"     // the smallest function on the Go runtime
	helloHTTP = "hellohttp" // the smallest function on the custom runtime
	bare      = "bare"      // the smallest function with both SDKs, on both runtimes, that makes the same calls
	cloud     = "cloud"
)

// newRig builds the programs, all in the same way.
func newRig(ctx context.Context, short bool) (*rig, error) {
	dir, err := os.MkdirTemp("", "peerguard-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	r := &rig{dir: dir, short: short}
	if err := r.build(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rig) close() { _ = os.RemoveAll(r.dir) } // what is left in the folder for temporary files gets cleaned up

func (r *rig) build(ctx context.Context) error {
	if err := r.command(ctx, "run", "./deploy/pack", "-policy", "events/simulator/policy.yaml", filepath.Join(r.dir, ours)); err != nil {
		return err
	}
	bootstrap, err := os.ReadFile("bootstrap")
	if err != nil {
		return fmt.Errorf("reading bootstrap: %w", err)
	}
	for name, source := range map[string]string{
		hello: "floor/hello", bare: "floor/bare", helloHTTP: "floor/hellohttp", cloud: "cloud",
	} {
		if err := r.command(ctx, "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", r.binary(name), "./test/bench/"+source); err != nil {
			return err
		}
		if err := os.WriteFile(r.bootstrap(name), bootstrap, 0o755); err != nil { //nolint:gosec // it is started
			return fmt.Errorf("writing bootstrap: %w", err)
		}
	}
	return nil
}

// command runs the go command with the settings that the package is built with.
func (r *rig) command(ctx context.Context, args ...string) error {
	_, err := goCommand(ctx, []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS="}, args...)
	return err
}

func goCommand(ctx context.Context, env []string, args ...string) (stdout string, err error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this command's own
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %v: %w\n%s%s", args, err, &out, &complaints)
	}
	return out.String(), nil
}

func (r *rig) binary(name string) string    { return filepath.Join(r.dir, name, "peerguard") }
func (r *rig) bootstrap(name string) string { return filepath.Join(r.dir, name, "bootstrap") }

// times returns how often to do something: few times if it need only be shown to work.
func (r *rig) times(full, short int) int {
	if r.short {
		return short
	}
	return full
}

// write writes a file into the folder and returns its path. The file looks as if it had been deployed an hour ago.
func (r *rig) write(name, text string) (string, error) {
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	then := time.Now().Add(-time.Hour)
	return path, os.Chtimes(path, then, then)
}
