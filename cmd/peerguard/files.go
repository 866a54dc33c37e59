package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// policyFile is where a policy, or a file of its tests, stands on this machine.
type policyFile struct {
	folder string // "" for the working directory
	name   string
}

func newPolicyFile(path string) policyFile {
	folder, name := filepath.Split(filepath.Clean(path))
	if name == "" || name == ".." { // a folder without a name of its own
		folder, name = path, "."
	}
	return policyFile{folder, name}
}

func (f policyFile) fsys() fs.FS { return os.DirFS(cmp.Or(f.folder, ".")) }

// path gives the path, from the working directory, of a file that the policy package knows by its path in the folder.
func (f policyFile) path(name string) string { return filepath.Join(f.folder, name) }

// load reads the policy. The error is a [policy.Errors] whose files are named as from the working directory.
func (f policyFile) load() (*policy.Policy, error) {
	p, err := policy.Load(f.fsys(), f.name)
	return p, f.located(err)
}

// located names the files of mistakes as from the working directory, so that an editor finds them.
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

// refuse says on stderr what is wrong with a policy, a line for each mistake, and gives the error to end with.
func (out *console) refuse(err error) error {
	errs, ok := errors.AsType[policy.Errors](err)
	if !ok {
		return err
	}
	for _, e := range errs {
		fmt.Fprintln(out.stderr, e.Error())
		if out.terminal {
			fmt.Fprint(out.stderr, e.Snippet())
		}
	}
	return errFinding
}

// finding prints what there is to say about a place in a file, and where somebody looks at it the source line too.
func (out *console) finding(at policy.Position, message, snippet string, colour text.Color) {
	fmt.Fprintf(out.stdout, "%s: %s\n", out.tint(text.Bold, at.String()), message)
	if source, found := strings.CutSuffix(snippet, "^\n"); found && out.screen {
		fmt.Fprintf(out.stdout, "%s%s\n", source, out.tint(colour, "^"))
	}
}

// tint colours a text on a terminal that wants it.
func (out *console) tint(colour text.Color, words string) string {
	if !out.colour {
		return words
	}
	return colour.EscapeSeq() + words + text.Reset.EscapeSeq()
}

// clock is the value of --at: an instant, or the beginning of a day. The zero clock is now.
type clock struct{ time.Time }

// UnmarshalText reads 2026-11-01T00:00:00Z or 2026-11-01.
func (c *clock) UnmarshalText(words []byte) error {
	day, err := time.Parse(time.DateOnly, string(words))
	if err != nil {
		err = day.UnmarshalText(words)
	}
	if err != nil {
		return fmt.Errorf("%.40q is neither an instant, 2026-11-01T00:00:00Z, nor a day, 2026-11-01", words)
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
