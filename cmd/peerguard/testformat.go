package main

import (
	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

// testJSON is what test --json prints.
type testJSON struct {
	Passed      int         `json:"passed"` // cases and proofs
	Failed      int         `json:"failed"` // cases, proofs, and files that could not be run
	Cases       []caseJSON  `json:"cases"`
	Proofs      []proofJSON `json:"proofs"`
	Unexercised []string    `json:"unexercised"` // file:line rule
}

type caseJSON struct {
	Name     string         `json:"name"`
	File     string         `json:"file"`
	Line     int            `json:"line"`
	Passed   bool           `json:"passed"`
	Expected policy.Verdict `json:"expected"`
	Got      policy.Verdict `json:"got"`
	Rule     string         `json:"rule,omitempty"`   // the one that decided
	Reason   string         `json:"reason,omitempty"` // of the verdict, or why the case fails
}

func (r *testResults) json() testJSON {
	j := testJSON{Passed: r.passed + r.proved, Failed: r.failed, Cases: []caseJSON{}, Proofs: []proofJSON{}, Unexercised: []string{}}
	for _, s := range r.suites {
		for _, c := range s.cases {
			j.Cases = append(j.Cases, newCaseJSON(&c))
		}
		for i := range s.proofs {
			j.Proofs = append(j.Proofs, s.proofs[i].json())
		}
	}
	for _, u := range r.unexercised {
		j.Unexercised = append(j.Unexercised, u.String())
	}
	return j
}

func newCaseJSON(c *policy.CaseResult) caseJSON {
	j := caseJSON{
		Name: c.Name, File: c.File, Line: c.Line, Passed: c.Failure == "",
		Expected: c.Expect, Got: c.Verdict, Rule: c.Rule, Reason: c.Reason,
	}
	if c.Failure != "" {
		j.Reason = c.Failure
	}
	return j
}

// findings returns what a reviewer should see: the cases that pass are not among it.
func (r *testResults) findings() (found []finding.Finding) {
	for _, s := range r.suites {
		found = append(found, errorFindings(s.errors, "tests-invalid")...)
		for _, c := range s.cases {
			if c.Failure != "" {
				found = append(found, finding.Finding{Position: c.Position, Severity: finding.Error, Code: "case-failed", Message: c.Name + ": " + c.Failure})
			}
		}
		for _, p := range s.proofs {
			switch {
			case p.failure != "":
				found = append(found, finding.Finding{Position: p.Position, Severity: finding.Error, Code: "proof-failed", Message: p.name + ": " + p.failure})
			case p.nothing:
				found = append(found, finding.Finding{Position: p.Position, Severity: finding.Warning, Code: "proof-empty", Message: p.name + ": it is about no connection at all"})
			}
		}
	}
	for _, u := range r.unexercised {
		found = append(found, finding.Finding{Position: u.Position, Severity: finding.Warning, Code: "rule-unexercised", Message: "no case exercises rule " + u.Rule})
	}
	return found
}

// markdown returns a part of a comment.
func (r *testResults) markdown() string {
	comment := "### test: " + r.tally() + "\n\n"
	if table := finding.Markdown(r.findings()); table != "" {
		comment += table + "\n"
	}
	return comment
}
