package policy

import (
	"slices"
	"time"

	"peerguard/function/peering"
)

// Explanation is a decision, and what each rule of the policy said to it.
type Explanation struct {
	Verdict Verdict           `json:"verdict"`
	Rule    string            `json:"rule"`
	Reason  string            `json:"reason"`
	Rules   []RuleExplanation `json:"rules"` // in the order in which they are tried; the default is not among them
}

// RuleExplanation says whether one rule matches, and if not why not.
type RuleExplanation struct {
	Position
	Rule    string   `json:"rule"`
	Verdict Verdict  `json:"verdict"` // what the rule gives when it decides
	Matches bool     `json:"matches"`
	Decides bool     `json:"decides"`         // it is the first that matches
	Key     string   `json:"key,omitempty"`   // first key that does not match
	Value   string   `json:"value,omitempty"` // what the connection has there; of until, the rule's own value
	Wants   []string `json:"wants,omitempty"` // what the rule has there; left out for accounts, which can be many
	Text    string   `json:"text"`            // the above in words
}

// Explain tries every rule, one after another and without the index that [Policy.Decide] uses. Its verdict, rule and
// reason are those of Decide.
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
	e.Key, e.Value, e.Wants, e.Text = m.key.String(), m.value, r.wants(m.key), m.text()
	return e
}

// wants gives what a rule has at a key, accounts aside.
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
	case none, accounts, until: // nothing is missing; too many to show; the value itself
	}
	return nil
}

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
