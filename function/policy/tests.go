package policy

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// Tests are the cases and statements in a file such as policy_test.yaml. There is at least one.
type Tests struct {
	Policy string // path of the policy file in the same file system
	Cases  []Case
	Prove  []Statement
}

// Case is a connection and what the policy must say about it.
type Case struct {
	Position
	Name       string
	Connection peering.Connection
	At         time.Time // the clock for until; zero is now
	Expect     Verdict
	Rule       string // the rule that must decide; empty is any
}

// LoadTests reads a file of policy tests. If it has a mistake, LoadTests returns an [Errors]. A file must have a case or a
// statement.
func LoadTests(fsys fs.FS, name string) (*Tests, error) {
	d := caseDecoder{tests: &Tests{Policy: path.Join(path.Dir(name), "policy.yaml")}, names: map[string]int{}}
	d.read = func(file string) ([]byte, error) {
		data, _, _, err := readFile(fsys, file)
		return data, err
	}
	if d.open(name, d.read) {
		d.decode()
	}
	if len(d.errs) > 0 {
		d.errs.sort(name)
		return nil, d.errs
	}
	return d.tests, nil
}

// caseDecoder turns the nodes of a file of policy tests into Tests.
type caseDecoder struct {
	decoder
	read  reader
	tests *Tests
	names map[string]int // line of each case and statement
}

func (d *caseDecoder) decode() {
	root := d.root()
	if root == nil {
		return
	}
	const without = "a file without cases tests nothing"
	given := d.mapping(root, "a file of policy tests", []field{
		{"version", "write version: 1", d.version},
		{"policy", "", d.policy},
		{"cases", "", func(n *yaml.Node) { d.list(n, "cases", without, d.testCase) }},
		{"prove", "", func(n *yaml.Node) { d.list(n, "prove", leaveOut, d.statement) }},
	})
	_, cases := given["cases"]
	if _, prove := given["prove"]; given != nil && !cases && !prove {
		d.bad(root, "a file of policy tests needs the key \"cases\" or \"prove\": %s", without)
	}
}

func (d *caseDecoder) policy(n *yaml.Node) {
	if file, ok := d.path(n, "policy"); ok {
		d.tests.Policy = path.Join(path.Dir(d.doc.name), file)
	}
}

func (d *caseDecoder) testCase(n *yaml.Node) {
	c := Case{Position: d.position(n)}
	d.mapping(n, "a case", []field{
		{"name", "it appears in the results", func(n *yaml.Node) { c.Name = d.uniqueName(n, "case") }},
		{"requester", "the side that asks for the connection", func(n *yaml.Node) { c.Connection.Requester = d.side(n, "requester") }},
		{"accepter", "the guarded side", func(n *yaml.Node) { c.Connection.Accepter = d.side(n, "accepter") }},
		{"connection", "", func(n *yaml.Node) { c.Connection.ID = d.checked(n, "connection", checkConnection) }},
		{"at", "", func(n *yaml.Node) { c.At = d.clock(n) }},
		{"expect", "write expect: allow, expect: reject or expect: undecided", func(n *yaml.Node) { c.Expect = d.verdict(n) }},
		{"rule", "", func(n *yaml.Node) { c.Rule, _ = d.text(n, "rule") }},
	})
	d.tests.Cases = append(d.tests.Cases, c)
}

// uniqueName returns the name of a case or of a statement, which no other one may have.
func (d *caseDecoder) uniqueName(n *yaml.Node, what string) string {
	name, ok := d.text(n, "name")
	if !ok {
		return ""
	}
	if line, taken := d.names[name]; taken {
		d.bad(n, "duplicate %s name %q, first on line %d", what, name, line)
		return name
	}
	d.names[name] = n.Line
	return name
}

func (d *caseDecoder) side(n *yaml.Node, what string) peering.Side {
	var s peering.Side
	d.mapping(n, what, []field{
		{"account", "an account id", func(n *yaml.Node) { s.Account = d.accountID(n) }},
		{"region", "", func(n *yaml.Node) { s.Region = d.checked(n, "region", checkRegion) }},
		{"vpc", "", func(n *yaml.Node) { s.VPC = d.checked(n, "vpc", checkVPC) }},
		{"cidrs", "", func(n *yaml.Node) { s.CIDRs = d.words(n, "cidrs", checkCIDR) }},
		{"path", "", func(n *yaml.Node) { s.Path = peering.Path(d.checked(n, "path", checkPath)) }},
	})
	return s
}

func (d *caseDecoder) clock(n *yaml.Node) time.Time {
	text, ok := d.scalar(n, "at")
	if !ok {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	at, ok := parseInstant(text)
	if !ok {
		d.bad(n, "bad at %q: write an instant (2026-11-01T00:00:00Z) or a day (2026-11-01)", text)
	}
	return at
}

func (d *caseDecoder) verdict(n *yaml.Node) Verdict {
	word, ok := d.scalar(n, "expect")
	if v := Verdict(word); !ok || v == Allow || v == Reject || v == Undecided {
		return v
	}
	d.bad(n, "expect must be allow, reject or undecided, not %q%s", word, suggestion(word, string(Allow), string(Reject), string(Undecided)))
	return ""
}

// Results are what a policy says about its tests.
type Results struct {
	Cases       []CaseResult
	Unexercised []RulePlace // rules that decided no case, in the order in which they are tried
}

// RulePlace is a rule and where it is.
type RulePlace struct {
	Position
	Rule string
}

// String returns file:line and the rule.
func (r RulePlace) String() string { return fmt.Sprintf("%s:%d %s", r.File, r.Line, r.Rule) }

// CaseResult is one case with what was expected and what the policy said.
type CaseResult struct {
	Position
	Name       string
	Expect     Verdict
	ExpectRule string // empty is any
	Verdict    Verdict
	Rule       string // empty if the verdict is undecided
	Reason     string
	Failure    string // why the case fails; empty if it passes
	Unguarded  string // why no sweep looks at the accepter; empty if a sweep does or may
}

// Failed returns the number of cases that failed.
func (r *Results) Failed() int {
	n := 0
	for i := range r.Cases {
		if r.Cases[i].Failure != "" {
			n++
		}
	}
	return n
}

// OK reports whether there is a case and none failed.
func (r *Results) OK() bool { return len(r.Cases) > 0 && r.Failed() == 0 }

// Run decides each case. now is the clock of the cases that do not set one.
func (t *Tests) Run(p *Policy, now time.Time) *Results {
	results := &Results{Cases: []CaseResult{}, Unexercised: []RulePlace{}}
	exercised := map[string]bool{}
	for i := range t.Cases {
		r := t.Cases[i].run(p, now)
		exercised[r.Rule] = true
		results.Cases = append(results.Cases, r)
	}
	for i := range p.rules {
		if r := &p.rules[i]; !exercised[r.name] {
			results.Unexercised = append(results.Unexercised, RulePlace{r.at, r.name})
		}
	}
	return results
}

func (c *Case) run(p *Policy, now time.Time) CaseResult {
	if !c.At.IsZero() {
		now = c.At
	}
	d := p.Decide(&c.Connection, now)
	r := CaseResult{
		Position: c.Position, Name: c.Name, Expect: c.Expect, ExpectRule: c.Rule,
		Verdict: d.Verdict, Rule: d.Rule, Reason: d.Reason(), Unguarded: p.Unguarded(&c.Connection.Accepter),
	}
	switch {
	case c.Rule != "" && !p.has(c.Rule):
		r.Failure = fmt.Sprintf("the policy has no rule %q%s", c.Rule, suggestion(c.Rule, p.ruleNames()...))
	case c.Expect != d.Verdict && d.Verdict == Undecided:
		r.Failure = fmt.Sprintf("expected %s, got undecided: %s", c.Expect, r.Reason)
	case c.Expect != d.Verdict:
		r.Failure = fmt.Sprintf("expected %s, got %s by rule %s: %s", c.Expect, d.Verdict, d.Rule, r.Reason)
	case c.Rule != "" && d.Verdict == Undecided:
		r.Failure = fmt.Sprintf("expected rule %s, but no rule decides: %s", c.Rule, r.Reason)
	case c.Rule != "" && c.Rule != d.Rule:
		r.Failure = fmt.Sprintf("expected rule %s, but rule %s decided: %s", c.Rule, d.Rule, r.Reason)
	}
	return r
}

// ruleNames returns the names of all rules in the order in which they are tried, the default rule last.
func (p *Policy) ruleNames() []string {
	names := make([]string, 0, len(p.rules)+1)
	for i := range p.rules {
		names = append(names, p.rules[i].name)
	}
	return append(names, DefaultRule)
}

func (p *Policy) has(rule string) bool { return slices.Contains(p.ruleNames(), rule) }
