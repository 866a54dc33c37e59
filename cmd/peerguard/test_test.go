package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"peerguard/function/policy"
)

// TestJUnitIsXML: names and reasons survive a round trip through XML, whatever characters they hold.
func TestJUnitIsXML(t *testing.T) {
	t.Parallel()
	const name = "]]> \"quoted\" 'and' <tag> & &amp; 日本"
	results := testResults{suites: []suite{
		{file: "a_test.yaml", cases: []policy.CaseResult{{Name: name, Failure: name}, {Name: "fine"}}},
		{file: "b_test.yaml", errors: policy.Errors{{Position: policy.Position{File: "b_test.yaml", Line: 1, Column: 1}, Message: name}}},
	}}
	path := filepath.Join(t.TempDir(), "results.xml")
	if err := results.writeJUnit(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 3 || got.Failures != 1 || got.Errors != 1 || len(got.Suites) != 2 {
		t.Errorf("counts are wrong: %s", data)
	}
	first, second := got.Suites[0].Cases, got.Suites[1].Cases
	if first[0].Name != name || first[0].Failure == nil || first[0].Failure.Message != name || first[1].Failure != nil || second[0].Error == nil || second[0].Error.Message != name {
		t.Errorf("texts are wrong: %s", data)
	}
}

// TestUnexercised: a rule is listed if no file of tests for its policy exercises it. Tests of other policies do not count.
func TestUnexercised(t *testing.T) {
	t.Parallel()
	rules := func(file string, names ...string) (places []policy.RulePlace) {
		for _, name := range names {
			places = append(places, policy.RulePlace{Position: policy.Position{File: file}, Rule: name})
		}
		return places
	}
	results := testResults{suites: []suite{
		{policy: "p.yaml", unexercised: rules("p.yaml", "a", "b", "c")},
		{policy: "q.yaml", unexercised: rules("q.yaml", "a")},
		{policy: "p.yaml", unexercised: rules("p.yaml", "b", "c")},
		{policy: "p.yaml", errors: policy.Errors{{}}},
		{policy: "p.yaml", unexercised: rules("p.yaml", "c", "a")},
	}}
	results.listUnexercised()
	if want := append(rules("p.yaml", "c"), rules("q.yaml", "a")...); !slices.Equal(results.unexercised, want) {
		t.Errorf("got %v, want %v", results.unexercised, want)
	}
}
