package policy

import (
	"fmt"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Decision is the verdict on one connection and the rule that decided. It never changes.
type Decision struct {
	Verdict Verdict
	Rule    string // name of the rule that decided, or [DefaultRule]

	by      *rule // that decided; nil for the default rule
	account peering.Account
	near    miss // if the default rule decided: why the nearest allow rule did not match
}

// Owner returns who is responsible for the rule that decided, as its author wrote it; "" if nobody wrote it, or for the
// default rule.
func (d Decision) Owner() string {
	if d.by == nil {
		return ""
	}
	return d.by.owner
}

// ByDefault reports whether no rule matched, so that the default rule rejected.
func (d Decision) ByDefault() bool { return d.Rule == DefaultRule }

// miss is the first key of a rule that did not match, and the connection's value for it.
type miss struct {
	rule  *rule
	key   key
	value string
}

// key is a key of a rule that can fail to match. The constants are in the order in which a rule checks its keys.
type key uint8

const (
	none key = iota // all keys match
	accounts
	requesterRegions
	requesterVPCs
	requesterCIDRs
	accepterAccounts
	accepterRegions
	accepterVPCs
	until
)

// Decide returns the verdict of the first rule that matches a connection at a time: reject rules first, then allow rules,
// each in file order, and last the default rule, which rejects. A fact that is missing from the connection matches no rule
// that asks for it. Decide has no side effect and allocates nothing unless a CIDR cannot be read. Its cost does not depend
// on how many accounts the policy names.
func (p *Policy) Decide(c *peering.Connection, at time.Time) Decision {
	account := c.Requester.Account
	d := Decision{Verdict: Reject, Rule: DefaultRule, account: account}
	for _, r := range p.candidates(account) {
		k, value := r.mismatch(c, at)
		if k == none {
			return Decision{Verdict: r.verdict, Rule: r.name, by: r, account: account}
		}
		if m := (miss{rule: r, key: k, value: value}); m.nearer(d.near) {
			d.near = m
		}
	}
	return d
}

// nearer reports whether m explains better than n why an account is not allowed. A rule that names the account beats one for
// everyone, and then the rule of which more keys matched wins.
func (m miss) nearer(n miss) bool {
	switch {
	case m.rule.verdict != Allow || m.key == accounts:
		return false
	case n.rule == nil:
		return true
	case (m.rule.wildcard == nil) != (n.rule.wildcard == nil):
		return m.rule.wildcard == nil
	}
	return m.key > n.key
}

// mismatch returns the first key that does not match, and the connection's value for it. The rule names the account, or is
// for any account.
func (r *rule) mismatch(c *peering.Connection, at time.Time) (key, string) {
	q, a := &c.Requester, &c.Accepter
	switch {
	case r.wildcard != nil && !q.Account.Known():
		return accounts, ""
	case !r.requesterRegions.matches(q.Region):
		return requesterRegions, q.Region
	case !r.requesterVPCs.matches(q.VPC):
		return requesterVPCs, q.VPC
	}
	if value, ok := r.matchCIDRs(q.CIDRs); !ok {
		return requesterCIDRs, value
	}
	switch {
	case !r.accepterAccounts.matches(string(a.Account)):
		return accepterAccounts, string(a.Account)
	case !r.accepterRegions.matches(a.Region):
		return accepterRegions, a.Region
	case !r.accepterVPCs.matches(a.VPC):
		return accepterVPCs, a.VPC
	case r.expired(at):
		return until, r.until
	}
	return none, ""
}

// matchCIDRs reports whether the CIDRs of the requester's VPC match. For an allow rule there must be at least one, and each
// must be inside one of the rule's. For a reject rule any of them must overlap one of the rule's. If they do not match,
// matchCIDRs returns the first that is at fault.
func (r *rule) matchCIDRs(cidrs []string) (string, bool) {
	if r.requesterCIDRs.empty() {
		return "", true
	}
	for _, text := range cidrs {
		p, ok := parseCIDR(text)
		switch {
		case r.verdict == Allow && (!ok || !r.requesterCIDRs.contain(p)):
			return text, false
		case r.verdict == Reject && ok && r.requesterCIDRs.overlap(p):
			return "", true
		}
	}
	if len(cidrs) == 0 {
		return "", false
	}
	return cidrs[0], r.verdict == Allow
}

// keyNames are the keys as written in a policy file.
var keyNames = [...]string{
	none:             "",
	accounts:         "accounts",
	requesterRegions: "requester_regions",
	requesterVPCs:    "requester_vpcs",
	requesterCIDRs:   "requester_cidrs",
	accepterAccounts: "accepter_accounts",
	accepterRegions:  "accepter_regions",
	accepterVPCs:     "accepter_vpcs",
	until:            "until",
}

// String returns the key as written in a policy file, or "" for none.
func (k key) String() string { return keyNames[k] }

// subject returns what a key is about, in words: "requester region" for requester_regions.
func (k key) subject() string {
	words := strings.NewReplacer("_", " ", "vpc", "VPC", "cidr", "CIDR").Replace(k.String())
	return strings.TrimSuffix(words, "s")
}

// Reason returns why the rule decided, as one line for an operator. It is built on each call.
func (d Decision) Reason() string {
	switch {
	case d.by != nil:
		return d.by.matched(d)
	case !d.account.Known():
		return "the requester's account is unknown"
	case d.near.rule == nil:
		return fmt.Sprintf("no allow rule names account %s", d.account)
	case d.near.key == until:
		return fmt.Sprintf("rule %s %s", d.near.rule.name, d.near.describe())
	}
	names := "account " + string(d.account)
	if d.near.rule.wildcard != nil {
		names = "every account"
	}
	return fmt.Sprintf("rule %s names %s, but %s", d.near.rule.name, names, d.near.describe())
}

// matched says which rule decided, with the reason that its author wrote down.
func (r *rule) matched(d Decision) string {
	account := "account " + string(d.account)
	if !d.account.Known() {
		account = "an unknown account"
	}
	text := fmt.Sprintf("rule %s %ss %s", r.name, r.verdict, account)
	if r.reason != "" {
		text += " (" + r.reason + ")"
	}
	return text
}

// describe says what did not match.
func (m miss) describe() string {
	subject := m.key.subject()
	switch {
	case m.key == until:
		return "expired on " + m.value
	case m.key == accounts && m.value == "":
		return "the requester's account is unknown"
	case m.key == requesterCIDRs && m.value == "":
		return "the requester's VPC reports no CIDR"
	case m.value == "":
		return fmt.Sprintf("the %s is unknown", subject)
	case m.key != requesterCIDRs:
		return fmt.Sprintf("%s %s is not one of its %s", subject, m.value, m.key)
	}
	return m.describeCIDR()
}

func (m miss) describeCIDR() string {
	if _, ok := parseCIDR(m.value); !ok {
		return fmt.Sprintf("requester CIDR %q cannot be read", m.value)
	}
	if m.rule.verdict == Reject {
		return fmt.Sprintf("requester CIDR %s overlaps none of its requester_cidrs", m.value)
	}
	return fmt.Sprintf("requester CIDR %s lies outside its requester_cidrs", m.value)
}
