package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"peerguard/cmd/peerguard/draft"
)

// written is the first line of a file of tests that diff has written, and may write again.
const written = "# written by peerguard diff\n"

// writeTests writes the witnesses as cases of policy tests, with the verdicts of the new policy. It does not write over a file
// that somebody else wrote.
func (d *difference) writeTests(path string, out *console) error {
	causes := slices.Concat(d.Opens, d.Closes)
	if len(causes) == 0 {
		out.note("%s is not written: no verdict changes, so there is no example", path)
		return nil
	}
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("writing tests: %w", err)
	}
	if len(before) > 0 && !bytes.HasPrefix(before, []byte(written)) {
		return fmt.Errorf("writing tests: %s exists, and diff did not write it", path)
	}
	policyPath, err := filepath.Rel(filepath.Dir(path), d.newer.path)
	if err != nil || !filepath.IsLocal(policyPath) || d.newer.path == "-" {
		return fmt.Errorf("writing tests: %s must be in the folder of %s, or in one above it: tests name their policy by its path below them", path, d.newer.path)
	}
	text := written + fmt.Sprintf("version: 1\npolicy: %q\ncases:\n", filepath.ToSlash(policyPath))
	for i := range causes {
		c := &causes[i]
		name := fmt.Sprintf("%s by %s, before: %s by %s", c.New.Decision, c.New.Rule, c.Old.Decision, c.Old.Rule)
		text += draft.Case(name, &c.change.Witness.Connection, c.Witness.At, c.New.Decision, c.New.Rule)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // anybody may read tests
		return fmt.Errorf("writing tests: %w", err)
	}
	return nil
}
