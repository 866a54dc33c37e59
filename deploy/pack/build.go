package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The function speaks HTTP/1.1 to both sides: HTTP/2 would make the package a twentieth larger.
const tags = "nethttpomithttp2"

// version returns what git calls the checked-out commit, or "unknown" without git or outside a repository.
func version(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// build writes the binary to dir. It makes the same bytes from the same source and version on every machine.
func build(ctx context.Context, dir, version string) error {
	to := filepath.Join(dir, binary)
	_, err := goTool(ctx, "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", "-s -w -X main.version="+version,
		"-o", to, "./function")
	if err != nil {
		return fmt.Errorf("building the binary: %w", err)
	}
	return os.Chmod(to, 0o755) //nolint:gosec // the platform runs it
}

// goTool runs the go command for the platform's processor and returns its output. It ignores GOFLAGS of the user.
func goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are ours
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	return out.String(), err
}
