package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerguard/analysis"
	"peerguard/cmd/peerguard/draft"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// propose writes the rule that would allow exactly this connection. There is none where a reject rule decided, which beats every
// allow rule, and none for a connection that the function ignores.
func (x *explanation) propose(p *policy.Policy, c *peering.Connection) {
	if x.Verdict != policy.Reject || x.Rule != policy.DefaultRule || !c.Requester.Account.Known() || c.Requester.Account == c.Accepter.Account {
		return
	}
	rule := draft.For(freeName(p, "account-"+string(c.Requester.Account)), *c)
	x.Proposal, x.open = rule.YAML("  "), rule.Open()
}

// freeName returns a name that no rule has yet.
func freeName(p *policy.Policy, name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(p.Rules(), func(r policy.Rule) bool { return r.Name == name })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	return free
}

// showProposal prints the rule, and what diff would say about it.
func (x *explanation) showProposal(out *console) {
	if x.Proposal == "" {
		return
	}
	if len(x.open) == 0 {
		fprintf(out.stdout, "\nTo allow exactly this, add to the list allow:\n\n")
	} else {
		fprintf(out.stdout, "\nTo allow this, and the same with any %s, which are not known here, add to the list allow:\n\n", strings.Join(x.open, ", "))
	}
	fprintf(out.stdout, "%s", lines(strings.Split(x.Proposal, "\n")...))
	for i := range x.opens {
		fprintf(out.stdout, "\nWhat diff says about it: it opens what rule %s rejects, as in a connection %s.\n", x.opens[i].Old.Name, new(newWitness(&x.opens[i].Witness)).inWords(x.at))
	}
}

// compare finds out what the policy would open with the proposal.
func (x *explanation) compare(p *policy.Policy, at time.Time) error {
	if x.Proposal == "" {
		return nil
	}
	proposed, err := policy.Parse("version: 1\nmode: dry-run\nallow:\n" + x.Proposal)
	if err != nil {
		return fmt.Errorf("reading the proposed rule: %w", err)
	}
	found, err := analysis.Compare(p, p.Plus(proposed), at)
	if err != nil {
		return err
	}
	x.opens, x.at = found.Opens, at
	return nil
}
