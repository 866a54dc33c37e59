package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/analysis"
	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

// checkCommand finds mistakes in policies and describes what they do.
type checkCommand struct {
	Policies    []string `arg:"" optional:"" name:"policy" default:"policy.yaml" help:"Policy files; default: policy.yaml. - reads stdin."`
	At          clock    `placeholder:"TIME" help:"Warn as of this day or instant, such as 2026-11-01; default: now."`
	Strict      bool     `help:"Exit with 1 if there are warnings."`
	formatFlags `set:"formats=text,json,github,markdown,sarif"`
}

// Help is the long text of --help.
func (*checkCommand) Help() string {
	return "Prints every error in a policy and in the files that it names, as file:line:column: message. If there are no errors, it prints the warnings, what a sweep guards and what each rule does. " +
		"It warns about rules that have expired or will expire within 30 days, rules that can never match or make no difference because others cover them, rules for every account without another key, accounts that are in both a reject and an allow rule, ids that the API cannot have or that a spreadsheet has rounded, values that are in a list twice, unknown regions, and allow rules for accounts and regions that are not guarded.\n\n" +
		"Exits with 1 if there is an error, and with 0 if there are only warnings, unless --strict is given. A file that cannot be read is an error.\n\n" +
		"Examples:\n\n" +
		"  go tool peerguard check policy.yaml\n" +
		"  go tool peerguard check --strict --format github policies/*.yaml"
}

// Run checks the policies, and fails if one has an error.
func (c *checkCommand) Run(out *console) error {
	var files []checkedFile
	for _, path := range c.Policies {
		file, err := openPolicyFile(path, out.stdin)
		if err != nil {
			return err
		}
		checked, err := check(path, file, c.At.now())
		if err != nil {
			return err
		}
		files = append(files, checked)
	}
	if err := c.show(out, files); err != nil {
		return err
	}
	if slices.ContainsFunc(files, func(f checkedFile) bool { return len(f.errors) > 0 || c.Strict && len(f.warnings) > 0 }) {
		return errFinding
	}
	return nil
}

func (c *checkCommand) show(out *console, files []checkedFile) error {
	var findings []finding.Finding
	for i := range files {
		findings = append(findings, files[i].findings()...)
	}
	switch c.format() {
	case formatJSON:
		return out.printJSON(newCheckJSON(files))
	case formatGitHub:
		fprintf(out.stdout, "%s", safe(finding.GitHub(findings)))
	case formatSARIF:
		return out.printJSON(finding.SARIF(build().Version, findings))
	case formatMarkdown:
		for i := range files {
			fprintf(out.stdout, "%s", safe(files[i].markdown()))
		}
	default:
		for i := range files {
			if i > 0 {
				fprintf(out.stdout, "\n")
			}
			files[i].show(out)
		}
	}
	return nil
}

// checkedFile is everything that check finds in one policy.
type checkedFile struct {
	path     string
	errors   policy.Errors
	warnings []policy.Warning
	guards   []string // what a sweep looks at, in words; none if there is an error

	policy *policy.Policy // nil if there is an error
}

func check(path string, file policyFile, at time.Time) (checkedFile, error) {
	checked := checkedFile{path: path}
	p, err := file.load()
	if errs, ok := errors.AsType[policy.Errors](err); ok {
		checked.errors = errs
		return checked, nil
	}
	if err != nil {
		return checked, err
	}
	for _, w := range warningsAbout(p, at) {
		w.File = file.path(w.File)
		checked.warnings = append(checked.warnings, w)
	}
	checked.guards, checked.policy = p.Guards(), p
	return checked, nil
}

// warningsAbout returns a policy's own warnings, and those about rules that several others cover together.
func warningsAbout(p *policy.Policy, at time.Time) []policy.Warning {
	warnings := p.Warnings(at)
	told := map[policy.Position]bool{}
	for _, w := range warnings {
		told[w.Position] = told[w.Position] || w.Code == policy.RuleUnreachable || w.Code == policy.RuleUnnecessary
	}
	for _, m := range analysis.Unnecessary(p, at) {
		if told[m.Position] {
			continue
		}
		found := p.Warning(policy.RuleUnnecessary, m.Position, fmt.Sprintf("rule %s is unnecessary: other rules %s all that it %ss", m.Name, m.Verdict, m.Verdict))
		after := slices.IndexFunc(warnings, func(w policy.Warning) bool { return w.File != found.File || w.Line > found.Line }) // those of the policy itself come first
		if after < 0 {
			after = len(warnings)
		}
		warnings = slices.Insert(warnings, after, found)
	}
	return warnings
}

// policyInvalid is the code of every error in a policy.
const policyInvalid = "policy-invalid"

func (c *checkedFile) findings() []finding.Finding {
	found := errorFindings(c.errors, policyInvalid)
	for _, w := range c.warnings {
		found = append(found, finding.Finding{Position: w.Position, Severity: finding.Warning, Code: string(w.Code), Message: w.Message})
	}
	return found
}

// errorFindings returns mistakes in a file as findings.
func errorFindings(errs policy.Errors, code string) []finding.Finding {
	found := make([]finding.Finding, len(errs))
	for i, e := range errs {
		found[i] = finding.Finding{Position: e.Position, Severity: finding.Error, Code: code, Message: e.Message}
	}
	return found
}

// show prints the result for people.
func (c *checkedFile) show(out *console) {
	for _, e := range c.errors {
		out.finding(e.Position, lines(e.Message), e.Snippet(), text.FgRed)
	}
	for _, w := range c.warnings {
		out.finding(w.Position, out.tint(text.FgYellow, "warning")+lines(": "+w.Message), w.Snippet(), text.FgYellow)
	}
	if n := len(c.errors); n > 0 {
		out.note("%s in %s", count(n, "error"), c.path)
		return
	}
	if n := len(c.warnings); n > 0 {
		out.note("%s, no errors in %s", count(n, "warning"), c.path)
	}
	c.showGuards(out)
	c.showRules(out)
}

// showGuards prints what a sweep looks at.
func (c *checkedFile) showGuards(out *console) {
	fprintf(out.stdout, "A sweep guards:\n\n")
	for _, line := range c.guards {
		fprintf(out.stdout, "  %s\n", line)
	}
	fprintf(out.stdout, "\n")
}

// showRules prints a line for each rule, in the order in which they are tried.
func (c *checkedFile) showRules(out *console) {
	fprintf(out.stdout, "%s: %s. The first rule that matches decides:\n\n", c.path, c.effect())
	t := out.newTable("rule", "what it does")
	for _, r := range c.policy.Rules() {
		t.AppendRow(row(r.Name, out.tintVerdict(r.Verdict)+lines(strings.TrimPrefix(describe(&r), string(r.Verdict)))))
	}
	t.AppendRow(row(policy.DefaultRule, out.tintVerdict(policy.Reject)+" all other requests"))
	t.Render()
}

// effect says what the policy's mode means, and how many rules there are.
func (c *checkedFile) effect() string {
	effect := "nothing is rejected, only reported"
	if c.policy.Mode == policy.Enforce {
		effect = "requests are rejected"
	}
	return fmt.Sprintf("mode %s (%s), %s", c.policy.Mode, effect, count(len(c.policy.Rules()), "rule"))
}
