package policy

import "slices"

// Rule is a rule as it was read, for people. What decides is [Policy.Decide].
type Rule struct {
	Name             string   `json:"name"`
	Verdict          Verdict  `json:"verdict"`
	Accounts         []string `json:"accounts,omitempty"` // written in the policy file itself, "*" among them
	AccountsFrom     string   `json:"accounts_from,omitempty"`
	AccountsInFile   int      `json:"accounts_in_file,omitempty"` // how many ids AccountsFrom holds
	RequesterRegions []string `json:"requester_regions,omitempty"`
	RequesterVPCs    []string `json:"requester_vpcs,omitempty"`
	RequesterCIDRs   []string `json:"requester_cidrs,omitempty"`
	AccepterAccounts []string `json:"accepter_accounts,omitempty"`
	AccepterRegions  []string `json:"accepter_regions,omitempty"`
	AccepterVPCs     []string `json:"accepter_vpcs,omitempty"`
	Until            string   `json:"until,omitempty"` // as written
	Owner            string   `json:"owner,omitempty"`
	Reason           string   `json:"reason,omitempty"`
}

// Rules gives the rules in the order in which they are tried.
func (p *Policy) Rules() []Rule {
	rules := make([]Rule, len(p.rules))
	for i := range p.rules {
		rules[i] = p.rules[i].summary(p.name)
	}
	return rules
}

func (r *rule) summary(file string) Rule {
	s := Rule{
		Name: r.name, Verdict: r.verdict, AccountsFrom: r.accountsFrom,
		RequesterRegions: slices.Clone(r.requesterRegions.words),
		RequesterVPCs:    slices.Clone(r.requesterVPCs.words),
		RequesterCIDRs:   slices.Clone(r.requesterCIDRs.words),
		AccepterAccounts: slices.Clone(r.accepterAccounts.words),
		AccepterRegions:  slices.Clone(r.accepterRegions.words),
		AccepterVPCs:     slices.Clone(r.accepterVPCs.words),
		Until:            r.until, Owner: r.owner, Reason: r.reason,
	}
	if r.wildcard != nil {
		s.Accounts = append(s.Accounts, "*")
	}
	for _, e := range r.accounts {
		if e.at.File == file {
			s.Accounts = append(s.Accounts, string(e.account))
		} else {
			s.AccountsInFile++
		}
	}
	return s
}
