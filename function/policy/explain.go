package policy

import (
	"slices"
	"time"

	"peerguard/function/peering"
)

// Explanation is a decision, and what each rule of the policy contributed to it.
type Explanation struct {
	Verdict Verdict           `json:"verdict"`
	Rule    string            `json:"rule"`
	Reason  string            `json:"reason"`
	Rules   []RuleExplanation `json:"rules"` // in the order in which they are tried, without the default rule
}

// RuleExplanation says whether one rule matches, and why not.
type RuleExplanation struct {
	Position
	Rule    string   `json:"rule"`
	Verdict Verdict  `json:"verdict"` // of the rule, if it decides
	Matches bool     `json:"matches"`
	Decides bool     `json:"decides"`         // it is the first that matches
	Key     string   `json:"key,omitempty"`   // the first key that does not match
	Value   string   `json:"value,omitempty"` // the connection's value for the key; for until, the rule's own value
	Wants   []string `json:"wants,omitempty"` // the rule's values for the key; left out for accounts, of which there can be many
	Text    string   `json:"text"`            // all of this in words
}

// Explain tries every rule in turn, without the index that [Policy.Decide] uses. Its verdict, rule and reason are the same as
// those of Decide.
func (p *Policy) Explain(c *peering.Connection, at time.Time) Explanation {
	d := Decision{Verdict: Reject, Rule: DefaultRule, account: c.Requester.Account}
	rules := make([]RuleExplanation, 0, len(p.rules))
	for i := range p.rules {
		r := &p.rules[i]
		m := r.explain(c, at)
		decides := m.key == none && d.by == nil
		switch {
		case decides:
			d.Verdict, d.Rule, d.by = r.verdict, r.name, r
		case m.key != none && m.nearer(d.near):
			d.near = m
		}
		rules = append(rules, m.explanation(decides))
	}
	return Explanation{Verdict: d.Verdict, Rule: d.Rule, Reason: d.Reason(), Rules: rules}
}

func (r *rule) explain(c *peering.Connection, at time.Time) miss {
	if !r.names(c.Requester.Account) {
		return miss{r, accounts, string(c.Requester.Account)}
	}
	k, value := r.mismatch(c, at)
	return miss{r, k, value}
}

// names reports whether the rule is about the account.
func (r *rule) names(account peering.Account) bool {
	return r.anyAccount() || r.wildcard != nil ||
		slices.ContainsFunc(r.accounts, func(e entry) bool { return e.account == account })
}

func (m miss) explanation(decides bool) RuleExplanation {
	r := m.rule
	e := RuleExplanation{Position: r.at, Rule: r.name, Verdict: r.verdict, Decides: decides}
	if m.key == none {
		e.Matches, e.Text = true, "matches, but an earlier rule has decided"
		if decides {
			e.Text = "matches and decides"
		}
		return e
	}
	e.Key, e.Value, e.Wants, e.Text = m.key.String(), m.value, r.wants(m.key), m.describe()
	return e
}

// wants returns the values of a key of the rule, except for accounts.
func (r *rule) wants(k key) []string {
	switch k {
	case requesterRegions:
		return r.requesterRegions.words
	case requesterVPCs:
		return r.requesterVPCs.words
	case requesterCIDRs:
		return r.requesterCIDRs.words
	case accepterAccounts:
		return r.accepterAccounts.words
	case accepterRegions:
		return r.accepterRegions.words
	case accepterVPCs:
		return r.accepterVPCs.words
	case none, accounts, until: // nothing to show, too many to show, and already in Value
	}
	return nil
}

// Rule is a rule as the file has it, for people to read. [Policy.Decide] is what decides.
type Rule struct {
	Name             string   `json:"name"`
	Verdict          Verdict  `json:"verdict"`
	Accounts         []string `json:"accounts,omitempty"` // those in the policy file itself, including "*"
	AccountsFrom     string   `json:"accounts_from,omitempty"`
	AccountsInFile   int      `json:"accounts_in_file,omitempty"` // the number of ids in AccountsFrom
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

// Rules returns the rules in the order in which they are tried.
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
