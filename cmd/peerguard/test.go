package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

// testCommand runs a policy's own tests.
type testCommand struct {
	Files       []string `arg:"" optional:"" name:"policy-test" default:"policy_test.yaml" help:"Files of policy tests; default: policy_test.yaml. - reads stdin."`
	JUnit       string   `name:"junit" placeholder:"FILE" help:"Also write the results as JUnit XML."`
	formatFlags `set:"formats=text,json,github,markdown"`
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
		"      expect: reject\n" +
		"  prove:\n" +
		"    - name: nobody but payments reaches the ledger, ever\n" +
		"      except: {requester_accounts: [\"2222222222222222\"]}\n" +
		"      accepter_vpcs: [vpc-ledger]\n" +
		"      expect: reject\n\n" +
		"A statement to prove is about every connection that there can be, from now on. One that does not hold fails with a counterexample.\n\n" +
		"Exits with 1 if a case fails, if a file or its policy cannot be read, or if there is nothing to run. A rule without a case is not a failure.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard test policy_test.yaml --junit results.xml"
}

// suite is one file of tests and its results.
type suite struct {
	file        string
	policy      string
	errors      policy.Errors // in the file or its policy; if there are any, no case ran
	cases       []policy.CaseResult
	proofs      []proof
	unexercised []policy.RulePlace
}

// testResults are the results of all files.
type testResults struct {
	suites      []suite
	unexercised []policy.RulePlace // rules that decide no case in any file, and that no proof is about
	passed      int                // cases
	proved      int                // proofs that passed
	failed      int                // cases, proofs, and files that could not be run
}

// Run runs the cases in all files, and fails if one fails.
func (t *testCommand) Run(out *console) error {
	results, err := runTests(t.Files, out.stdin, time.Now())
	if err != nil {
		return err
	}
	err = t.show(out, results)
	if t.JUnit != "" {
		err = errors.Join(err, results.writeJUnit(t.JUnit))
	}
	if err == nil && results.failed > 0 {
		return errFinding
	}
	return err
}

func (t *testCommand) show(out *console, results *testResults) error {
	switch t.format() {
	case formatJSON:
		results.refuse(out)
		return out.printJSON(results.json())
	case formatGitHub:
		fprintf(out.stdout, "%s", safe(finding.GitHub(results.findings())))
	case formatMarkdown:
		fprintf(out.stdout, "%s", safe(results.markdown()))
	default:
		results.show(out)
	}
	return nil
}

func runTests(files []string, stdin io.Reader, now time.Time) (*testResults, error) {
	results := &testResults{}
	for _, path := range files {
		file, err := openPolicyFile(path, stdin)
		if err != nil {
			return nil, err
		}
		s, err := runSuite(file, now)
		if err != nil {
			return nil, err
		}
		results.add(s)
	}
	results.listUnexercised()
	return results, nil
}

func runSuite(file policyFile, now time.Time) (suite, error) {
	s := suite{file: file.path(file.name)}
	err := s.run(file, now)
	if errs, ok := errors.AsType[policy.Errors](file.located(err)); ok {
		s.errors = errs
		return s, nil
	}
	if err != nil {
		return s, err
	}
	for i := range s.cases {
		s.cases[i].File = file.path(s.cases[i].File)
	}
	for i := range s.proofs {
		s.proofs[i].File = file.path(s.proofs[i].File)
	}
	for i := range s.unexercised {
		s.unexercised[i].File = file.path(s.unexercised[i].File)
	}
	return s, nil
}

func (s *suite) run(file policyFile, now time.Time) error {
	tests, err := policy.LoadTests(file.fsys(), file.name)
	if err != nil {
		return err
	}
	s.policy = file.path(tests.Policy)
	p, err := policy.Load(file.fsys(), tests.Policy)
	if err != nil {
		return err
	}
	ran := tests.Run(p, now)
	s.cases, s.unexercised = ran.Cases, ran.Unexercised
	return s.prove(p, tests, now)
}

func (r *testResults) add(s suite) {
	r.suites = append(r.suites, s)
	if len(s.errors) > 0 {
		r.failed++
	}
	for i := range s.cases {
		if s.cases[i].Failure == "" {
			r.passed++
		} else {
			r.failed++
		}
	}
	for i := range s.proofs {
		if s.proofs[i].failure == "" {
			r.proved++
		} else {
			r.failed++
		}
	}
}

// tally says how many cases and proofs passed, and how many did not.
func (r *testResults) tally() string {
	words := count(r.passed, "case")
	if r.proved > 0 || slices.ContainsFunc(r.suites, func(s suite) bool { return len(s.proofs) > 0 }) {
		words += " and " + count(r.proved, "proof")
	}
	return fmt.Sprintf("%s passed, %d failed", words, r.failed)
}

// listUnexercised lists each rule that no file of tests for its policy exercises.
func (r *testResults) listUnexercised() {
	ran := map[string]int{}            // files of tests, by policy
	idle := map[policy.RulePlace]int{} // files in which a rule decides nothing
	for _, s := range r.suites {
		if len(s.errors) == 0 {
			ran[s.policy]++
		}
		for _, rule := range s.unexercised {
			idle[rule]++
		}
	}
	for _, s := range r.suites {
		for _, rule := range s.unexercised {
			if idle[rule] == ran[s.policy] && !slices.Contains(r.unexercised, rule) {
				r.unexercised = append(r.unexercised, rule)
			}
		}
	}
}

// refuse prints the mistakes of the files that could not be run.
func (r *testResults) refuse(out *console) {
	for _, s := range r.suites {
		_ = out.refuse(s.errors) // Run decides how the command ends, after all files
	}
}

// show prints the results for people.
func (r *testResults) show(out *console) {
	for _, s := range r.suites {
		s.show(out)
	}
	for _, s := range r.suites {
		for _, c := range s.cases {
			if c.Failure != "" {
				fprintf(out.stdout, "%s: %s: %s\n", out.tint(text.Bold, c.Position.String()), c.Name, c.Failure)
			}
		}
		for _, p := range s.proofs {
			switch {
			case p.failure != "":
				fprintf(out.stdout, "%s: %s: %s\n", out.tint(text.Bold, p.Position.String()), p.name, p.failure)
			case p.nothing:
				fprintf(out.stdout, "%s: %s: %s: it is about no connection at all\n", out.tint(text.Bold, p.Position.String()), p.name, out.tint(text.FgYellow, "warning"))
			}
		}
	}
	r.showUnguarded(out)
	for _, u := range r.unexercised {
		fprintf(out.stdout, "%s: no case exercises rule %s\n", u.Position, u.Rule)
	}
	fprintf(out.stdout, "%s\n", r.tally())
}

// showUnguarded prints, once each, why nobody looks at the accepters of some cases.
func (r *testResults) showUnguarded(out *console) {
	seen := map[string]bool{}
	for _, s := range r.suites {
		for _, c := range s.cases {
			if why := s.policy + ": " + c.Unguarded; c.Unguarded != "" && !seen[why] {
				seen[why] = true
				fprintf(out.stdout, "%s\n", why)
			}
		}
	}
}

func (s *suite) show(out *console) {
	if len(s.errors) > 0 {
		_ = out.refuse(s.errors) // Run decides how the command ends, after all files
		return
	}
	fprintf(out.stdout, "%s, on %s:\n\n", s.file, s.policy)
	t := out.newTable("", "case", "expected", "got", "why")
	mark := func(failure string) safe {
		if failure != "" {
			return out.tint(text.FgRed, "FAIL")
		}
		return out.tint(text.FgGreen, "pass")
	}
	for _, c := range s.cases {
		t.AppendRow(row(mark(c.Failure), c.Name, verdictAndRule(c.Expect, c.ExpectRule), verdictAndRule(c.Verdict, c.Rule), c.Reason))
	}
	for _, p := range s.proofs {
		got := "proved"
		if p.failure != "" {
			got = verdictAndRule(p.got, p.rule)
		}
		t.AppendRow(row(mark(p.failure), p.name, string(p.expect)+", always", got, p.why()))
	}
	t.Render()
	fprintf(out.stdout, "\n")
}
