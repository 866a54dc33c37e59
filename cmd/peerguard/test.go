package main

import (
	"errors"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// testCommand runs a policy's own tests.
type testCommand struct {
	Files []string `arg:"" optional:"" name:"policy-test" default:"policy_test.yaml" help:"Files of policy tests; default: policy_test.yaml."`
	JUnit string   `name:"junit" placeholder:"FILE" help:"Also write the results as JUnit XML."`
	JSON  bool     `name:"json" help:"Print {\"suites\":[…],\"unexercised\":[…],\"passed\":N,\"failed\":N} instead."`
}

// Help is the long text of --help.
func (*testCommand) Help() string {
	return "For each case it prints the expected verdict, the verdict, the rule that decided and the reason. It then lists the rules that decide no case. " +
		"A file of tests says what its policy must decide:\n\n" +
		"  version: 1\n" +
		"  cases:\n" +
		"    - name: a stranger is rejected\n" +
		"      requester: {account: \"9999999999999999\", region: cn-hangzhou}\n" +
		"      accepter: {account: \"1111111111111111\", region: cn-shanghai}\n" +
		"      expect: reject\n\n" +
		"Exits with 1 if a case fails, if a file or its policy cannot be read, or if there are no cases. A rule without a case is not a failure.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard test policy_test.yaml --junit results.xml"
}

// suite is one file of tests and its results.
type suite struct {
	File   string              `json:"file"`
	Policy string              `json:"policy,omitempty"`
	Errors policy.Errors       `json:"errors"` // in the file or its policy; if there are any, no case ran
	Cases  []policy.CaseResult `json:"cases"`

	unexercised []string
}

// unexercisedRule is a rule that decides no case in any file.
type unexercisedRule struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
}

// testResults are the results of all files.
type testResults struct {
	Suites      []suite           `json:"suites"`
	Unexercised []unexercisedRule `json:"unexercised"`
	Passed      int               `json:"passed"` // cases
	Failed      int               `json:"failed"` // cases, and files that could not be run
}

// Run runs the cases in all files, and fails if one fails.
func (t *testCommand) Run(out *console) error {
	results, err := runTests(t.Files, time.Now())
	if err != nil {
		return err
	}
	if t.JSON {
		err = out.printJSON(results)
	} else {
		results.show(out)
	}
	if t.JUnit != "" {
		err = errors.Join(err, results.writeJUnit(t.JUnit))
	}
	if err == nil && results.Failed > 0 {
		return errFinding
	}
	return err
}

func runTests(files []string, now time.Time) (*testResults, error) {
	results := &testResults{Suites: []suite{}, Unexercised: []unexercisedRule{}}
	for _, file := range files {
		s, err := runSuite(newPolicyFile(file), now)
		if err != nil {
			return nil, err
		}
		results.add(s)
	}
	results.listUnexercised()
	return results, nil
}

func runSuite(file policyFile, now time.Time) (suite, error) {
	s := suite{File: file.path(file.name), Errors: policy.Errors{}, Cases: []policy.CaseResult{}}
	ran, err := s.run(file, now)
	if errs, ok := errors.AsType[policy.Errors](file.located(err)); ok {
		s.Errors = errs
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for _, c := range ran.Cases {
		c.File = file.path(c.File)
		s.Cases = append(s.Cases, c)
	}
	s.unexercised = ran.Unexercised
	return s, nil
}

func (s *suite) run(file policyFile, now time.Time) (*policy.Results, error) {
	tests, err := policy.LoadTests(file.fsys(), file.name)
	if err != nil {
		return nil, err
	}
	s.Policy = file.path(tests.Policy)
	p, err := policy.Load(file.fsys(), tests.Policy)
	if err != nil {
		return nil, err
	}
	return tests.Run(p, now), nil
}

func (r *testResults) add(s suite) {
	r.Suites = append(r.Suites, s)
	if len(s.Errors) > 0 {
		r.Failed++
	}
	for i := range s.Cases {
		if s.Cases[i].Failure == "" {
			r.Passed++
		} else {
			r.Failed++
		}
	}
}

// listUnexercised lists each rule that no file of tests for its policy exercises.
func (r *testResults) listUnexercised() {
	left := map[string][]string{} // rules, by policy
	var order []string
	for _, s := range r.Suites {
		rules, seen := left[s.Policy]
		switch {
		case len(s.Errors) > 0:
		case !seen:
			order = append(order, s.Policy)
			left[s.Policy] = slices.Clone(s.unexercised)
		default:
			left[s.Policy] = slices.DeleteFunc(rules, func(rule string) bool { return !slices.Contains(s.unexercised, rule) })
		}
	}
	for _, p := range order {
		for _, rule := range left[p] {
			r.Unexercised = append(r.Unexercised, unexercisedRule{p, rule})
		}
	}
}

// show prints the results for people.
func (r *testResults) show(out *console) {
	for _, s := range r.Suites {
		s.show(out)
	}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if c.Failure != "" {
				fprintf(out.stdout, "%s: %s: %s\n", out.tint(text.Bold, c.Position.String()), c.Name, c.Failure)
			}
		}
	}
	r.showUnguarded(out)
	for _, u := range r.Unexercised {
		fprintf(out.stdout, "%s: no case exercises rule %s\n", u.Policy, u.Rule)
	}
	fprintf(out.stdout, "%s passed, %d failed\n", count(r.Passed, "case"), r.Failed)
}

// showUnguarded prints, once each, why nobody looks at the accepters of some cases.
func (r *testResults) showUnguarded(out *console) {
	seen := map[string]bool{}
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			if why := s.Policy + ": " + c.Unguarded; c.Unguarded != "" && !seen[why] {
				seen[why] = true
				fprintf(out.stdout, "%s\n", why)
			}
		}
	}
}

func (s *suite) show(out *console) {
	if len(s.Errors) > 0 {
		_ = out.refuse(s.Errors) // Run decides how the command ends, after all files
		return
	}
	fprintf(out.stdout, "%s, on %s:\n\n", s.File, s.Policy)
	t := out.newTable("", "case", "expected", "got", "why")
	for _, c := range s.Cases {
		mark := out.tint(text.FgGreen, "pass")
		if c.Failure != "" {
			mark = out.tint(text.FgRed, "FAIL")
		}
		t.AppendRow(row(mark, c.Name, verdictAndRule(c.Expect, c.ExpectRule), verdictAndRule(c.Verdict, c.Rule), c.Reason))
	}
	t.Render()
	fprintf(out.stdout, "\n")
}
