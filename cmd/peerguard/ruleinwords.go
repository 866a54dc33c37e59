package main

import (
	"fmt"
	"slices"
	"strings"

	"peerguard/function/policy"
)

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
	file := fmt.Sprintf("the %s in %s", count(r.AccountsInFile, "account"), r.AccountsFrom)
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
