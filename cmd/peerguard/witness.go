package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
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
	before, err := os.ReadFile(path) //nolint:gosec // the operator names the file
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
	var b strings.Builder
	fmt.Fprintf(&b, "%sversion: 1\npolicy: %s\ncases:\n", written, yamlText(filepath.ToSlash(policyPath)))
	for i := range causes {
		b.WriteString(causes[i].testCase())
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil { //nolint:gosec // anybody may read tests
		return fmt.Errorf("writing tests: %w", err)
	}
	return nil
}

// testCase returns the witness as a case, in YAML.
func (c *cause) testCase() string {
	var b strings.Builder
	w := &c.Witness
	fmt.Fprintf(&b, "  - name: %s\n", yamlText(fmt.Sprintf("%s by %s, before: %s by %s", c.New.Decision, c.New.Rule, c.Old.Decision, c.Old.Rule)))
	fmt.Fprintf(&b, "    requester: %s\n    accepter: %s\n", yamlSide(w.Requester), yamlSide(w.Accepter))
	if w.InstanceID != "" {
		fmt.Fprintf(&b, "    connection: %s\n", w.InstanceID)
	}
	fmt.Fprintf(&b, "    at: %s\n    expect: %s\n    rule: %s\n", w.At.Format(time.RFC3339Nano), c.New.Decision, yamlText(c.New.Rule))
	return b.String()
}

func yamlSide(s peering.Side) string {
	words := []string{fmt.Sprintf("account: %q", s.Account)}
	for _, fact := range []struct{ key, value string }{
		{"region", s.Region}, {"vpc", s.VPC}, {"cidrs", strings.Join(s.CIDRs, `", "`)}, {"path", string(s.Path)},
	} {
		switch {
		case fact.value == "":
		case fact.key == "cidrs":
			words = append(words, fmt.Sprintf(`cidrs: ["%s"]`, fact.value))
		default:
			words = append(words, fact.key+": "+fact.value)
		}
	}
	return "{" + strings.Join(words, ", ") + "}"
}

// yamlText writes a text in quotes. All of JSON is YAML.
func yamlText(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) //nolint:errchkjson // a text can be encoded
	return strings.TrimSuffix(b.String(), "\n")
}
