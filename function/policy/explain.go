package policy

import (
	"fmt"
	"slices"
	"time"

	"peerguard/function/peering"
)

// Explanation is a decision, and what each rule of the policy contributed to it.
type Explanation struct {
	Verdict Verdict  `json:"verdict"`
	Rule    string   `json:"rule"`
	Reason  string   `json:"reason"`
	Missing []string `json:"missing,omitempty"` // the facts that an undecided verdict hangs on, such as "requester region"
	// Unguarded is why no sweep looks at the accepter, whatever the verdict; empty if a sweep does or may.
	Unguarded string            `json:"unguarded,omitempty"`
	Rules     []RuleExplanation `json:"rules"` // in the order in which they are tried, without the default rule
}

// RuleExplanation says whether one rule matches, and why not.
type RuleExplanation struct {
	Position
	Rule    string   `json:"rule"`
	Verdict Verdict  `json:"verdict"` // of the rule, if it decides
	Matches bool     `json:"matches"`
	Decides bool     `json:"decides"`           // it is the first that can match, and so the verdict is its
	Unknown []string `json:"unknown,omitempty"` // the facts without which nobody can tell whether it matches
	Key     string   `json:"key,omitempty"`     // the first key that does not match, or for which the fact is unknown
	Value   string   `json:"value,omitempty"`   // the connection's value for the key; for until, the rule's own value
	Wants   []string `json:"wants,omitempty"`   // the rule's values for the key; left out for accounts, of which there can be many
	Text    string   `json:"text"`              // all of this in words
}

// Explain tries every rule in turn, without the index that [Policy.Decide] uses. Its verdict, rule and reason are the same as
// those of Decide.
func (p *Policy) Explain(c *peering.Connection, at time.Time) Explanation {
	trials := make([]trial, len(p.rules))
	for i := range p.rules {
		trials[i] = p.rules[i].explain(c, at)
	}
	d := p.resolve(c, trials)
	rules := make([]RuleExplanation, len(p.rules))
	for i, t := range trials {
		rules[i] = t.explanation(d, c)
	}
	return Explanation{
		Verdict: d.Verdict, Rule: d.Rule, Reason: d.Reason(), Missing: d.Missing(), Unguarded: p.Unguarded(&c.Accepter), Rules: rules,
	}
}

func (r *rule) explain(c *peering.Connection, at time.Time) trial {
	account := c.Requester.Account
	listed := func(e entry) bool { return e.account == account }
	if account.Known() && !r.everyAccount() && !slices.ContainsFunc(r.accounts, listed) {
		return trial{miss: miss{rule: r, key: accounts, value: string(account)}}
	}
	return r.try(c, at)
}

func (t trial) explanation(d Decision, c *peering.Connection) RuleExplanation {
	r := t.rule
	e := RuleExplanation{Position: r.at, Rule: r.name, Verdict: r.verdict, Decides: r == d.by}
	k := t.key
	switch {
	case k != none:
		e.Text = t.describe()
	case t.open != 0:
		k = t.open.first()
		e.Unknown, e.Text = t.open.facts(), "cannot tell: "+unknown(t.open)
		if e.Decides {
			e.Text += ", but it makes no difference"
		}
	case e.Decides:
		e.Matches, e.Text = true, "matches and decides"
	case d.doubt == nil:
		e.Matches, e.Text = true, "matches, but an earlier rule has decided"
	default:
		e.Matches, e.Text = true, "matches, and decides unless an earlier rule does"
	}
	if e.Matches {
		e.Text += r.memberships(c)
	}
	if k != none {
		e.Key, e.Value, e.Wants = k.String(), t.value, r.wants(k)
	}
	return e
}

// memberships says which of the rule's folders the two sides are in.
func (r *rule) memberships(c *peering.Connection) (text string) {
	for _, side := range []struct {
		name    string
		folders *set
		path    peering.Path
	}{{"requester", &r.requesterFolders, c.Requester.Path}, {"accepter", &r.accepterFolders, c.Accepter.Path}} {
		if folder := side.folders.folderOf(side.path); folder != "" {
			text += fmt.Sprintf("; the %s is %s", side.name, member(folder, side.path))
		}
	}
	return text
}

// wants returns the values of a key of the rule, except for accounts.
func (r *rule) wants(k key) []string {
	if k == requesterCIDRs {
		return r.requesterCIDRs.words
	}
	if s := r.set(k); s != nil {
		return s.words
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
	Connections      []string `json:"connections,omitempty"`
	RequesterFolders []string `json:"requester_folders,omitempty"`
	RequesterRegions []string `json:"requester_regions,omitempty"`
	RequesterVPCs    []string `json:"requester_vpcs,omitempty"`
	RequesterCIDRs   []string `json:"requester_cidrs,omitempty"`
	AccepterAccounts []string `json:"accepter_accounts,omitempty"`
	AccepterFolders  []string `json:"accepter_folders,omitempty"`
	AccepterRegions  []string `json:"accepter_regions,omitempty"`
	AccepterVPCs     []string `json:"accepter_vpcs,omitempty"`
	Until            string   `json:"until,omitempty"` // as written
	Owner            string   `json:"owner,omitempty"`
	Reason           string   `json:"reason,omitempty"`
}

// Expired reports whether the rule no longer matches at this time.
func (r *Rule) Expired(at time.Time) bool {
	end, ok := parseUntil(r.Until)
	return ok && !at.Before(end)
}

// Plus returns the policy with the rules of another one after its own, which must be allow rules with names of their own.
func (p *Policy) Plus(allow *Policy) *Policy {
	sum := *p
	sum.rules = slices.Concat(p.rules, allow.rules)
	sum.warnings = slices.Clone(p.warnings)
	sum.folders = p.folders || allow.folders
	sum.buildIndex()
	return &sum
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
		Connections:      slices.Clone(r.connections.words),
		RequesterFolders: slices.Clone(r.requesterFolders.words),
		RequesterRegions: slices.Clone(r.requesterRegions.words),
		RequesterVPCs:    slices.Clone(r.requesterVPCs.words),
		RequesterCIDRs:   slices.Clone(r.requesterCIDRs.words),
		AccepterAccounts: slices.Clone(r.accepterAccounts.words),
		AccepterFolders:  slices.Clone(r.accepterFolders.words),
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
