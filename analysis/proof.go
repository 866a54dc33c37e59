package analysis

import (
	"slices"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Proof says whether a statement about a policy holds.
type Proof struct {
	Against *policy.Match // a rule with the other verdict that decides on a connection of the statement; nil if it holds
	Witness Witness       // that connection
	Rules   []string      // names of the rules that decide on connections of the statement; none if it is about none
}

// Prove finds out whether a statement holds for every connection between two accounts from a time on. An error is a bug.
func Prove(p *policy.Policy, statement *policy.Statement, at time.Time) (*Proof, error) {
	s, rules := newSpace(at, []*policy.Policy{p}, append(statement.Except(), statement.Subject())...)
	except, subject := rules[1][:len(rules[1])-1], rules[1][len(rules[1])-1]
	proof := &Proof{}
	for i, r := range rules[0] {
		match, avoid := []*rule{subject, r}, slices.Concat(except, rules[0][:i], s.self)
		q := s.find(match, avoid, s.latest(match))
		if q == nil {
			continue
		}
		proof.Rules = append(proof.Rules, r.Name)
		if r.Verdict == statement.Expect || proof.Against != nil {
			continue
		}
		w, err := s.witness(q, avoid, func(c *peering.Connection, at time.Time) bool {
			return statement.Concerns(c) && p.Decide(c, at).Rule == r.Name
		})
		if err != nil {
			return nil, err
		}
		proof.Against, proof.Witness = r.Match, w
	}
	return proof, nil
}
