package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// policyFile is the path of a policy, or of a file of policy tests.
type policyFile struct {
	folder string // "" is the working directory
	name   string
	stdin  []byte // what came from stdin, if that is the file
}

// openPolicyFile returns the file at a path. The path - is stdin, as if it were a file in the working directory.
func openPolicyFile(path string, stdin io.Reader) (policyFile, error) {
	if path != "-" {
		return newPolicyFile(path), nil
	}
	data, err := readInput(path, stdin)
	return policyFile{name: path, stdin: data}, err
}

func newPolicyFile(path string) policyFile {
	folder, name := filepath.Split(filepath.Clean(path))
	if name == "" || name == ".." { // a folder that its path does not name
		folder, name = path, "."
	}
	return policyFile{folder: folder, name: name}
}

func (f policyFile) fsys() fs.FS {
	folder := policy.Folder(cmp.Or(f.folder, "."))
	if f.stdin != nil {
		return stdinFolder{folder, f.stdin}
	}
	return folder
}

// path returns the path, from the working directory, of a file that the policy names by its path in the folder.
func (f policyFile) path(name string) string { return filepath.Join(f.folder, name) }

// load reads the policy. If the policy has mistakes, the error is a [policy.Errors] with paths from the working directory.
func (f policyFile) load() (*policy.Policy, error) {
	p, err := policy.Load(f.fsys(), f.name)
	return p, f.located(err)
}

// located turns the paths in a [policy.Errors] into paths from the working directory, so that an editor finds the files.
func (f policyFile) located(err error) error {
	found, ok := errors.AsType[policy.Errors](err)
	if !ok {
		return err
	}
	errs := make(policy.Errors, len(found))
	for i, e := range found {
		e.File = f.path(e.File)
		errs[i] = e
	}
	return errs
}

// refuse prints each mistake of a policy to stderr and returns errFinding. It returns any other error unchanged.
func (out *console) refuse(err error) error {
	errs, ok := errors.AsType[policy.Errors](err)
	if !ok {
		return err
	}
	for _, e := range errs {
		fprintf(out.stderr, "%v\n", e)
		if out.stderrTTY {
			fprintf(out.stderr, "%s", excerpt(e.Snippet()))
		}
	}
	return errFinding
}

// finding prints a message about a place in a file. On a terminal it also prints the source line, with a caret.
func (out *console) finding(at policy.Position, message safe, snippet string, colour text.Color) {
	fprintf(out.stdout, "%s: %s\n", out.tint(text.Bold, at.String()), message)
	if source, found := strings.CutSuffix(snippet, "^\n"); found && out.stdoutTTY {
		fprintf(out.stdout, "%s%s\n", excerpt(source), out.tint(colour, "^"))
	}
}

// clock is the value of --at: an instant, or the start of a day in UTC. The zero clock is now.
type clock struct{ time.Time }

// UnmarshalText reads 2026-11-01T00:00:00Z or 2026-11-01.
func (c *clock) UnmarshalText(words []byte) error {
	day, err := time.Parse(time.DateOnly, string(words))
	if err != nil {
		err = day.UnmarshalText(words)
	}
	if err != nil {
		return fmt.Errorf("%.40q is neither an instant, such as 2026-11-01T00:00:00Z, nor a day, such as 2026-11-01", words)
	}
	c.Time = day
	return nil
}

func (c clock) now() time.Time {
	if c.IsZero() {
		return time.Now()
	}
	return c.Time
}
