package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/policy"
)

// checkCommand looks a policy over before it is trusted.
type checkCommand struct {
	Policy string `arg:"" optional:"" default:"policy.yaml" help:"The policy file; default: policy.yaml."`
	At     clock  `placeholder:"TIME" help:"Warn as of this day or instant, such as 2026-11-01; default: now."`
	JSON   bool   `name:"json" help:"Print {\"errors\":[…],\"warnings\":[…],\"rules\":[…]} instead."`
}

// Help is the long text of --help.
func (*checkCommand) Help() string {
	return "Prints every error of the policy and of the files that it names as file:line:column: message. Without an error it prints the warnings, and for each rule what it does. " +
		"Warnings are rules that have expired or will within 30 days, rules that can never match because an earlier one covers them, and accounts that are both in a reject and in an allow rule.\n\n" +
		"Exits with 1 when there is an error, and with 0 when there are warnings only.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard check policy.yaml"
}

// checked is all that check finds out.
type checked struct {
	Errors   policy.Errors    `json:"errors"`
	Warnings []policy.Warning `json:"warnings"`
	Rules    []ruleInWords    `json:"rules"` // in the order in which they are tried; none when there is an error

	mode policy.Mode
}

// Run checks the policy, and fails when it has an error.
func (c *checkCommand) Run(out *console) error {
	found, err := check(newPolicyFile(c.Policy), c.At.now())
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(out.stdout, found)
	} else {
		found.show(out, c.Policy)
	}
	if err == nil && len(found.Errors) > 0 {
		return errFinding
	}
	return err
}

func check(file policyFile, at time.Time) (*checked, error) {
	found := &checked{Errors: policy.Errors{}, Warnings: []policy.Warning{}, Rules: []ruleInWords{}}
	p, err := file.load()
	if errs, ok := errors.AsType[policy.Errors](err); ok {
		found.Errors = errs
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	for _, w := range p.Warnings(at) {
		w.File = file.path(w.File)
		found.Warnings = append(found.Warnings, w)
	}
	found.mode = p.Mode
	found.Rules = rulesInWords(p)
	return found, nil
}

// show prints the findings for a reader.
func (c *checked) show(out *console, path string) {
	for _, e := range c.Errors {
		out.finding(e.Position, e.Message, e.Snippet(), text.FgRed)
	}
	for _, w := range c.Warnings {
		out.finding(w.Position, out.tint(text.FgYellow, "warning")+": "+w.Message, w.Snippet(), text.FgYellow)
	}
	if n := len(c.Errors); n > 0 {
		fmt.Fprintf(out.stderr, "peerguard: %s in %s\n", count(n, "error"), path)
		return
	}
	if n := len(c.Warnings); n > 0 {
		fmt.Fprintf(out.stderr, "peerguard: %s, no error in %s\n", count(n, "warning"), path)
	}
	c.showRules(out, path)
}

// showRules prints a line for each rule, in the order in which they are tried.
func (c *checked) showRules(out *console, path string) {
	effect := map[policy.Mode]string{policy.DryRun: "nothing is rejected, only reported", policy.Enforce: "requests are rejected"}[c.mode]
	fmt.Fprintf(out.stdout, "%s: mode %s (%s), %s. The first rule that matches decides:\n\n", path, c.mode, effect, count(len(c.Rules), "rule"))
	t := newTable(out, "rule", "what it does")
	for _, r := range c.Rules {
		t.AppendRow(table.Row{r.Name, out.tintVerdict(r.Verdict) + strings.TrimPrefix(r.Text, string(r.Verdict))})
	}
	t.AppendRow(table.Row{policy.DefaultRule, out.tintVerdict(policy.Reject) + " all other requests"})
	t.SuppressTrailingSpaces()
	t.Render()
}

func (out *console) tintVerdict(v policy.Verdict) string {
	if v == policy.Allow {
		return out.tint(text.FgGreen, string(v))
	}
	return out.tint(text.FgRed, string(v))
}

// printJSON prints a result for machines.
func printJSON(w io.Writer, result any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("writing result: %w", err)
	}
	return nil
}
