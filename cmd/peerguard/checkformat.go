package main

import "peerguard/cmd/peerguard/finding"

// checkJSON is what check --json prints.
type checkJSON struct {
	Files []checkedJSON `json:"files"`
}

type checkedJSON struct {
	File     string        `json:"file"`
	Errors   []findingJSON `json:"errors"`
	Warnings []findingJSON `json:"warnings"`
	Guards   []string      `json:"guards"`
}

type findingJSON struct {
	File    string `json:"file,omitempty"` // if it is not the policy itself, but a file that the policy names
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Code    string `json:"code,omitempty"` // of a warning
}

func newCheckJSON(files []checkedFile) checkJSON {
	result := checkJSON{Files: make([]checkedJSON, len(files))}
	for i := range files {
		result.Files[i] = files[i].json()
	}
	return result
}

func (c *checkedFile) json() checkedJSON {
	j := checkedJSON{File: c.path, Errors: []findingJSON{}, Warnings: []findingJSON{}, Guards: append([]string{}, c.guards...)}
	own := newPolicyFile(c.path)
	for _, f := range c.findings() {
		found := findingJSON{File: f.File, Line: f.Line, Column: f.Column, Message: f.Message}
		if f.File == own.path(own.name) {
			found.File = ""
		}
		if f.Severity == finding.Error {
			j.Errors = append(j.Errors, found)
		} else {
			found.Code = f.Code
			j.Warnings = append(j.Warnings, found)
		}
	}
	return j
}

// markdown returns a part of a comment: what was found first, and what the policy does for those who open it.
func (c *checkedFile) markdown() string {
	comment := "### check " + finding.Code(c.path) + ": " + count(len(c.errors), "error") + ", " + count(len(c.warnings), "warning") + "\n\n"
	if table := finding.Markdown(c.findings()); table != "" {
		comment += table + "\n"
	}
	if c.policy == nil {
		return comment
	}
	body := "A sweep guards:\n\n"
	for _, line := range c.guards {
		body += "- " + finding.Text(line) + "\n"
	}
	body += "\nThe first rule that matches decides:\n\n"
	for _, r := range c.policy.Rules() {
		body += "1. " + finding.Code(r.Name) + ": " + finding.Text(describe(&r)) + "\n"
	}
	return comment + finding.Details(c.effect(), body+"\nAll other requests are rejected.\n")
}
