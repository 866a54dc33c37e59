package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// program is a binary to build.
type program struct {
	source   string // its package
	tags     string
	os, arch string
}

// function is what Function Compute runs. It speaks HTTP/1.1 to both sides: HTTP/2 would make the package a twentieth larger.
var function = program{source: "./function", tags: "nethttpomithttp2", os: "linux", arch: "amd64"}

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

// build writes the binary. It makes the same bytes from the same source and version on every machine.
func (p program) build(ctx context.Context, to, version string) error {
	_, err := p.goTool(ctx, "build", "-trimpath", "-buildvcs=false", "-tags", p.tags, "-ldflags", "-s -w -X main.version="+version, "-o", to, p.source)
	if err != nil {
		return fmt.Errorf("building the binary: %w", err)
	}
	return os.Chmod(to, 0o755) //nolint:gosec // the platform runs it
}

// goTool runs the go command for the binary's system and returns its output. It ignores GOFLAGS of the user.
func (p program) goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are ours
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	return out.String(), err
}
