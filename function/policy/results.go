package policy

import (
	"fmt"
	"slices"
	"time"
)

// Results are what a policy said to its tests.
type Results struct {
	Cases       []CaseResult `json:"cases"`
	Unexercised []string     `json:"unexercised"` // rules that decided no case, in file order
}

// CaseResult is one case: what was expected and what came.
type CaseResult struct {
	Position
	Name       string  `json:"name"`
	Expect     Verdict `json:"expect"`
	ExpectRule string  `json:"expect_rule,omitempty"` // empty: any
	Verdict    Verdict `json:"verdict"`
	Rule       string  `json:"rule"`
	Reason     string  `json:"reason"`
	Failure    string  `json:"failure,omitempty"` // why the case fails; empty when it passes
}

// Failed gives the number of cases that failed.
func (r *Results) Failed() int {
	n := 0
	for i := range r.Cases {
		if r.Cases[i].Failure != "" {
			n++
		}
	}
	return n
}

// OK reports whether there was a case and none failed.
func (r *Results) OK() bool { return len(r.Cases) > 0 && r.Failed() == 0 }

// Run decides each case. now is the clock of the cases that name none.
func (t *Tests) Run(p *Policy, now time.Time) *Results {
	results := &Results{Cases: []CaseResult{}, Unexercised: []string{}}
	exercised := map[string]bool{}
	for i := range t.Cases {
		r := t.Cases[i].run(p, now)
		exercised[r.Rule] = true
		results.Cases = append(results.Cases, r)
	}
	for i := range p.rules {
		if name := p.rules[i].name; !exercised[name] {
			results.Unexercised = append(results.Unexercised, name)
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
		Verdict: d.Verdict, Rule: d.Rule, Reason: d.Reason(),
	}
	switch {
	case c.Rule != "" && !p.has(c.Rule):
		r.Failure = fmt.Sprintf("the policy has no rule %q%s", c.Rule, suggestion(c.Rule, p.ruleNames()...))
	case c.Expect != d.Verdict:
		r.Failure = fmt.Sprintf("expected %s, rule %s gave %s: %s", c.Expect, d.Rule, d.Verdict, r.Reason)
	case c.Rule != "" && c.Rule != d.Rule:
		r.Failure = fmt.Sprintf("expected rule %s, rule %s decided: %s", c.Rule, d.Rule, r.Reason)
	}
	return r
}

// ruleNames gives the names of all rules in the order in which they are tried, the default last.
func (p *Policy) ruleNames() []string {
	names := make([]string, 0, len(p.rules)+1)
	for i := range p.rules {
		names = append(names, p.rules[i].name)
	}
	return append(names, DefaultRule)
}

func (p *Policy) has(rule string) bool { return slices.Contains(p.ruleNames(), rule) }
