package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"

	"peerguard/function/policy"
)

// JUnit XML, as build servers read it: https://github.com/testmoapp/junitxml
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
		Failure *junitProblem `xml:"failure"` // the verdict is not the expected one
		Error   *junitProblem `xml:"error"`   // there is no verdict
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *testResults) writeJUnit(path string) error {
	doc := junitSuites{Name: "peerguard"}
	for _, s := range r.suites {
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
	text := xml.Header + string(lines(strings.Split(string(body), "\n")...)) + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // anybody may read results
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	return nil
}

func (s *suite) junit() junitSuite {
	j := junitSuite{Name: s.file, Tests: len(s.cases) + len(s.proofs) + len(s.errors), Errors: len(s.errors)}
	for _, e := range s.errors {
		problem := &junitProblem{e.Message, e.Error()}
		j.Cases = append(j.Cases, junitCase{Name: e.Position.String(), Class: s.file, File: e.File, Line: e.Line, Error: problem})
	}
	add := func(at policy.Position, name, failure string) {
		c := junitCase{Name: name, Class: s.file, File: at.File, Line: at.Line}
		if failure != "" {
			c.Failure = &junitProblem{failure, fmt.Sprintf("%s: %s", at, failure)}
			j.Failures++
		}
		j.Cases = append(j.Cases, c)
	}
	for _, c := range s.cases {
		add(c.Position, c.Name, c.Failure)
	}
	for _, p := range s.proofs {
		add(p.Position, p.name, p.failure)
	}
	return j
}
