package main

import (
	"fmt"
	"slices"
	"time"

	"peerguard/analysis"
	"peerguard/function/policy"
)

// proof is a statement of a file of tests, and whether it holds.
type proof struct {
	policy.Position
	name    string
	expect  policy.Verdict
	failure string // why it does not hold; "" if it does
	nothing bool   // it is about no connection at all, so that it holds

	got     policy.Verdict // on the counterexample; "" if there is none
	rule    string         // that decides there
	example *witness
	inWords string // the example
}

// prove finds out whether the statements hold, and takes the rules that they exercise off the list of the others.
func (s *suite) prove(p *policy.Policy, tests *policy.Tests, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	for i := range tests.Prove {
		statement := &tests.Prove[i]
		found, err := analysis.Prove(p, statement, now)
		if err != nil {
			return err
		}
		s.proofs = append(s.proofs, newProof(statement, found, now))
		s.unexercised = slices.DeleteFunc(s.unexercised, func(r policy.RulePlace) bool { return slices.Contains(found.Rules, r.Rule) })
	}
	return nil
}

func newProof(statement *policy.Statement, found *analysis.Proof, now time.Time) proof {
	p := proof{Position: statement.Position, name: statement.Name, expect: statement.Expect, nothing: len(found.Rules) == 0}
	if found.Against == nil {
		return p
	}
	w := newWitness(&found.Witness)
	p.got, p.rule, p.example, p.inWords = found.Against.Verdict, found.Against.Name, &w, w.inWords(now)
	p.failure = fmt.Sprintf("expected %s on every connection, but rule %s %ss one %s", p.expect, p.rule, p.got, p.inWords)
	return p
}

// why says in a table why a statement holds or does not.
func (p *proof) why() string {
	switch {
	case p.nothing:
		return "it is about no connection at all"
	case p.failure == "":
		return "holds for every connection, now and at any later time"
	}
	return p.inWords
}

// proofJSON is a proof in test --json.
type proofJSON struct {
	Name    string         `json:"name"`
	File    string         `json:"file"`
	Line    int            `json:"line"`
	Passed  bool           `json:"passed"`
	Witness *witness       `json:"witness,omitempty"` // the counterexample
	Got     policy.Verdict `json:"got,omitempty"`     // on it
	Rule    string         `json:"rule,omitempty"`    // that decides on it
}

func (p *proof) json() proofJSON {
	return proofJSON{p.name, p.File, p.Line, p.failure == "", p.example, p.got, p.rule}
}
