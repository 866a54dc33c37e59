package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// checkCommand finds mistakes in a policy and describes what it does.
type checkCommand struct {
	Policy string `arg:"" optional:"" default:"policy.yaml" help:"The policy file; default: policy.yaml."`
	At     clock  `placeholder:"TIME" help:"Warn as of this day or instant, such as 2026-11-01; default: now."`
	Strict bool   `help:"Exit with 1 if there are warnings."`
	JSON   bool   `name:"json" help:"Print {\"errors\":[…],\"warnings\":[…],\"guards\":[…],\"rules\":[…]} instead."`
}

// Help is the long text of --help.
func (*checkCommand) Help() string {
	return "Prints every error in the policy and in the files that it names, as file:line:column: message. If there are no errors, it prints the warnings and what each rule does. " +
		"It warns about rules that have expired or will expire within 30 days, rules that can never match because an earlier rule covers them, accounts that are in both a reject and an allow rule, ids that the API cannot have or that a spreadsheet has rounded, values that are in a list twice, unknown regions, and allow rules for accounts and regions that are not guarded.\n\n" +
		"Exits with 1 if there is an error, and with 0 if there are only warnings, unless --strict is given.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard check policy.yaml"
}

// checkResult is everything that check finds.
type checkResult struct {
	Errors   policy.Errors    `json:"errors"`
	Warnings []policy.Warning `json:"warnings"`
	Guards   []string         `json:"guards"` // what a sweep looks at, in words; none if there is an error
	Rules    []ruleInWords    `json:"rules"`  // in the order in which they are tried; none if there is an error

	mode policy.Mode
}

// Run checks the policy, and fails if it has an error.
func (c *checkCommand) Run(out *console) error {
	result, err := check(newPolicyFile(c.Policy), c.At.now())
	if err != nil {
		return err
	}
	if c.JSON {
		err = out.printJSON(result)
	} else {
		result.show(out, c.Policy)
	}
	if err == nil && (len(result.Errors) > 0 || c.Strict && len(result.Warnings) > 0) {
		return errFinding
	}
	return err
}

func check(file policyFile, at time.Time) (*checkResult, error) {
	result := &checkResult{Errors: policy.Errors{}, Warnings: []policy.Warning{}, Guards: []string{}, Rules: []ruleInWords{}}
	p, err := file.load()
	if errs, ok := errors.AsType[policy.Errors](err); ok {
		result.Errors = errs
		return result, nil
	}
	if err != nil {
		return nil, err
	}
	for _, w := range p.Warnings(at) {
		w.File = file.path(w.File)
		result.Warnings = append(result.Warnings, w)
	}
	result.mode, result.Guards = p.Mode, p.Guards()
	for _, r := range p.Rules() {
		result.Rules = append(result.Rules, ruleInWords{r, describe(&r)})
	}
	return result, nil
}

// show prints the result for people.
func (c *checkResult) show(out *console, path string) {
	for _, e := range c.Errors {
		out.finding(e.Position, lines(e.Message), e.Snippet(), text.FgRed)
	}
	for _, w := range c.Warnings {
		out.finding(w.Position, out.tint(text.FgYellow, "warning")+lines(": "+w.Message), w.Snippet(), text.FgYellow)
	}
	if n := len(c.Errors); n > 0 {
		out.note("%s in %s", count(n, "error"), path)
		return
	}
	if n := len(c.Warnings); n > 0 {
		out.note("%s, no errors in %s", count(n, "warning"), path)
	}
	c.showGuards(out)
	c.showRules(out, path)
}

// showGuards prints what a sweep looks at.
func (c *checkResult) showGuards(out *console) {
	fprintf(out.stdout, "A sweep guards:\n\n")
	for _, line := range c.Guards {
		fprintf(out.stdout, "  %s\n", line)
	}
	fprintf(out.stdout, "\n")
}

// showRules prints a line for each rule, in the order in which they are tried.
func (c *checkResult) showRules(out *console, path string) {
	effect := "nothing is rejected, only reported"
	if c.mode == policy.Enforce {
		effect = "requests are rejected"
	}
	fprintf(out.stdout, "%s: mode %s (%s), %s. The first rule that matches decides:\n\n", path, c.mode, effect, count(len(c.Rules), "rule"))
	t := out.newTable("rule", "what it does")
	for _, r := range c.Rules {
		t.AppendRow(row(r.Name, out.tintVerdict(r.Verdict)+lines(strings.TrimPrefix(r.Text, string(r.Verdict)))))
	}
	t.AppendRow(row(policy.DefaultRule, out.tintVerdict(policy.Reject)+" all other requests"))
	t.Render()
}

// ruleInWords is a rule and a sentence about what it does.
type ruleInWords struct {
	policy.Rule
	Text string `json:"text"`
}

// describe says which requests the rule allows or rejects.
func describe(r *policy.Rule) string {
	parts := []string{fmt.Sprintf("%s requests from %s", r.Verdict, requesters(r))}
	add := func(preposition string, words []string) {
		if len(words) > 0 {
			parts = append(parts, preposition+" "+anyOf(words))
		}
	}
	network := "with every CIDR inside"
	if r.Verdict == policy.Reject {
		network = "with a CIDR that overlaps"
	}
	if len(r.Accounts) > 0 || r.AccountsFrom != "" {
		add("from a member of", r.RequesterFolders)
	}
	add("for connection", r.Connections)
	add("from", r.RequesterRegions)
	add("from", r.RequesterVPCs)
	add(network, r.RequesterCIDRs)
	add("to account", r.AccepterAccounts)
	add("to a member of", r.AccepterFolders)
	add("to", r.AccepterRegions)
	add("to", r.AccepterVPCs)
	if r.Until != "" {
		parts = append(parts, "until "+r.Until)
	}
	return strings.Join(parts, ", ") + background(r)
}

func requesters(r *policy.Rule) string {
	file := "an account in " + r.AccountsFrom
	switch {
	case slices.Contains(r.Accounts, "*"):
		return "any account"
	case len(r.Accounts) == 0 && r.AccountsFrom == "" && len(r.RequesterFolders) > 0:
		return "a member of " + anyOf(r.RequesterFolders)
	case len(r.Accounts) == 0 && r.AccountsFrom == "":
		return "anybody"
	case len(r.Accounts) == 0:
		return file
	case r.AccountsFrom == "":
		return "account " + anyOf(r.Accounts)
	}
	return "account " + anyOf(r.Accounts) + " or " + file
}

// background returns the rule's reason and owner in brackets, or "".
func background(r *policy.Rule) string {
	words := slices.DeleteFunc([]string{r.Reason, r.Owner}, func(w string) bool { return w == "" })
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// maxWords is how many words of a list are shown: some policies name thousands of accounts.
const maxWords = 4

// anyOf returns "a", "a or b", "a, b or c", and only the start of a long list.
func anyOf(words []string) string {
	if len(words) > maxWords {
		words = append(slices.Clone(words[:maxWords-1]), fmt.Sprintf("%d others", len(words)-maxWords+1))
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
