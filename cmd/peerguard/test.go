package main

import (
	"errors"
	"slices"
	"time"

	"peerguard/function/policy"
)

// testCommand runs a policy's own tests.
type testCommand struct {
	Files []string `arg:"" optional:"" name:"policy-test" default:"policy_test.yaml" help:"Files of policy tests; default: policy_test.yaml."`
	JUnit string   `name:"junit" placeholder:"FILE" help:"Write the results as JUnit XML too."`
	JSON  bool     `name:"json" help:"Print {\"suites\":[…],\"unexercised\":[…],\"passed\":N,\"failed\":N} instead."`
}

// Help is the long text of --help.
func (*testCommand) Help() string {
	return "Prints for each case what was expected, what came, which rule decided and why, and lists the rules that decide no case. " +
		"A file says what its policy must decide:\n\n" +
		"  version: 1\n" +
		"  cases:\n" +
		"    - name: a stranger is rejected\n" +
		"      requester: {account: \"9999999999999999\", region: cn-hangzhou}\n" +
		"      accepter: {account: \"1111111111111111\", region: cn-shanghai}\n" +
		"      expect: reject\n\n" +
		"Exits with 1 when a case fails, when a file or its policy cannot be read, and when there is no case at all; a rule without a case is no failure.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard test policy_test.yaml --junit results.xml"
}

// suite is one file of tests and what came of it.
type suite struct {
	File   string              `json:"file"`
	Policy string              `json:"policy,omitempty"`
	Errors policy.Errors       `json:"errors"` // of the file or of its policy; then there are no cases
	Cases  []policy.CaseResult `json:"cases"`

	unexercised []string
}

// unexercised is a rule that decides no case of any file.
type unexercised struct {
	Policy string `json:"policy"`
	Rule   string `json:"rule"`
}

// tested is what all files came to.
type tested struct {
	Suites      []suite       `json:"suites"`
	Unexercised []unexercised `json:"unexercised"`
	Passed      int           `json:"passed"` // cases
	Failed      int           `json:"failed"` // cases, and files that cannot be run
}

// Run runs the cases of all files, and fails when one fails.
func (t *testCommand) Run(out *console) error {
	results, err := runTests(t.Files, time.Now())
	if err != nil {
		return err
	}
	if t.JSON {
		err = printJSON(out.stdout, results)
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

func runTests(files []string, now time.Time) (*tested, error) {
	results := &tested{Suites: []suite{}, Unexercised: []unexercised{}}
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

func (t *tested) add(s suite) {
	t.Suites = append(t.Suites, s)
	if len(s.Errors) > 0 {
		t.Failed++
	}
	for i := range s.Cases {
		if s.Cases[i].Failure == "" {
			t.Passed++
		} else {
			t.Failed++
		}
	}
}

// listUnexercised lists each rule that all files with cases for its policy leave out.
func (t *tested) listUnexercised() {
	left := map[string][]string{} // rules, by policy
	var order []string
	for _, s := range t.Suites {
		rules, seen := left[s.Policy]
		switch {
		case len(s.Errors) > 0:
		case !seen:
			order = append(order, s.Policy)
			left[s.Policy] = slices.Clone(s.unexercised)
		default:
			left[s.Policy] = slices.DeleteFunc(rules, func(r string) bool { return !slices.Contains(s.unexercised, r) })
		}
	}
	for _, p := range order {
		for _, rule := range left[p] {
			t.Unexercised = append(t.Unexercised, unexercised{p, rule})
		}
	}
}
