package main

import (
	"fmt"
	"slices"
	"strings"

	"peerguard/function/policy"
)

// ruleInWords is a rule, and what it does.
type ruleInWords struct {
	policy.Rule
	Text string `json:"text"`
}

// rulesInWords gives the rules of a policy, in the order in which they are tried.
func rulesInWords(p *policy.Policy) []ruleInWords {
	words := []ruleInWords{}
	for _, r := range p.Rules() {
		words = append(words, ruleInWords{r, describe(&r)})
	}
	return words
}

// describe says what the rule does to which requests.
func describe(r *policy.Rule) string {
	parts := []string{fmt.Sprintf("%s requests of %s", r.Verdict, who(r))}
	add := func(preposition string, words []string) {
		if len(words) > 0 {
			parts = append(parts, preposition+" "+anyOf(words))
		}
	}
	cidrs := map[policy.Verdict]string{
		policy.Allow:  "with every CIDR inside",
		policy.Reject: "with a CIDR that overlaps",
	}
	add("from", r.RequesterRegions)
	add("from", r.RequesterVPCs)
	add(cidrs[r.Verdict], r.RequesterCIDRs)
	add("to account", r.AccepterAccounts)
	add("to", r.AccepterRegions)
	add("to", r.AccepterVPCs)
	if r.Until != "" {
		parts = append(parts, "until "+r.Until)
	}
	return strings.Join(parts, ", ") + background(r)
}

// who names the requesters.
func who(r *policy.Rule) string {
	file := "an account in " + r.AccountsFrom
	switch {
	case slices.Contains(r.Accounts, "*"):
		return "any account"
	case len(r.Accounts) == 0 && r.AccountsFrom == "":
		return "anybody"
	case len(r.Accounts) == 0:
		return file
	case r.AccountsFrom == "":
		return "account " + anyOf(r.Accounts)
	}
	return "account " + anyOf(r.Accounts) + ", or of " + file
}

// background is what the rule's author wrote down for the reader.
func background(r *policy.Rule) string {
	words := slices.DeleteFunc([]string{r.Reason, r.Owner}, func(w string) bool { return w == "" })
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// shown is how many words of a list are shown: some policies name thousands of accounts.
const shown = 4

// anyOf gives "a", "a or b", "a, b or c", and of a long list the beginning.
func anyOf(words []string) string {
	if len(words) > shown {
		words = append(slices.Clone(words[:shown-1]), fmt.Sprintf("%d others", len(words)-shown+1))
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
