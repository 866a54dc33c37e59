package main

import (
	"encoding/xml"
	"fmt"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// show prints the results for a reader.
func (t *tested) show(out *console) {
	for _, s := range t.Suites {
		s.show(out)
	}
	for _, s := range t.Suites {
		for _, c := range s.Cases {
			if c.Failure != "" {
				fmt.Fprintf(out.stdout, "%s: %s: %s\n", out.tint(text.Bold, c.Position.String()), c.Name, c.Failure)
			}
		}
	}
	for _, u := range t.Unexercised {
		fmt.Fprintf(out.stdout, "%s: no case exercises rule %s\n", u.Policy, u.Rule)
	}
	fmt.Fprintf(out.stdout, "%s passed, %d failed\n", count(t.Passed, "case"), t.Failed)
}

func (s *suite) show(out *console) {
	if len(s.Errors) > 0 {
		_ = out.refuse(s.Errors) // how the command ends is settled when all files have run
		return
	}
	fmt.Fprintf(out.stdout, "%s, on %s:\n\n", s.File, s.Policy)
	t := newTable(out, "", "case", "expected", "came", "why")
	for _, c := range s.Cases {
		t.AppendRow(table.Row{out.passed(c), c.Name, ruled(c.Expect, c.ExpectRule), ruled(c.Verdict, c.Rule), c.Reason})
	}
	t.SuppressTrailingSpaces()
	t.Render()
	fmt.Fprintln(out.stdout)
}

func (out *console) passed(c policy.CaseResult) string {
	if c.Failure == "" {
		return out.tint(text.FgGreen, "pass")
	}
	return out.tint(text.FgRed, "FAIL")
}

// ruled gives a verdict and the rule that gives it, where there is one.
func ruled(v policy.Verdict, rule string) string {
	if rule == "" {
		return string(v)
	}
	return fmt.Sprintf("%s (%s)", v, rule)
}

// The shape that build servers read as JUnit's: https://github.com/testmoapp/junitxml
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"` // the file of tests
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitProblem `xml:"failure"` // the verdict is another
		Error   *junitProblem `xml:"error"`   // there is no verdict
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (t *tested) writeJUnit(path string) error {
	doc := junitSuites{Name: "peerguard"}
	for _, s := range t.Suites {
		j := s.junit()
		doc.Suites = append(doc.Suites, j)
		doc.Tests += j.Tests
		doc.Failures += j.Failures
		doc.Errors += j.Errors
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	if err := os.WriteFile(path, append([]byte(xml.Header), append(body, '\n')...), 0o644); err != nil { //nolint:gosec // results are for everybody
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	return nil
}

func (s *suite) junit() junitSuite {
	j := junitSuite{Name: s.File, Tests: len(s.Cases) + len(s.Errors), Errors: len(s.Errors)}
	for _, e := range s.Errors {
		problem := &junitProblem{e.Message, e.Error()}
		j.Cases = append(j.Cases, junitCase{Name: e.Position.String(), Class: s.File, File: e.File, Line: e.Line, Error: problem})
	}
	for _, c := range s.Cases {
		jc := junitCase{Name: c.Name, Class: s.File, File: c.File, Line: c.Line}
		if c.Failure != "" {
			jc.Failure = &junitProblem{c.Failure, fmt.Sprintf("%s: %s", c.Position, c.Failure)}
			j.Failures++
		}
		j.Cases = append(j.Cases, jc)
	}
	return j
}
