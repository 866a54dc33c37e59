package policy

import (
	"fmt"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Decision is the verdict on one connection and the rule that gave it. It refers to nothing that can change.
type Decision struct {
	Verdict Verdict
	Rule    string // name of the rule that decided, or [DefaultRule]

	by      *rule // nil for the default rule
	account peering.Account
	near    miss // of the default rule: the allow rule that came nearest
}

// Owner returns who is responsible for the rule that decided, as its author wrote it; "" if nobody wrote it, or for the
// default rule.
func (d Decision) Owner() string {
	if d.by == nil {
		return ""
	}
	return d.by.owner
}

// miss is the first key of a rule that did not match, and the value that the connection has there.
type miss struct {
	rule  *rule
	key   key
	value string
}

// key is a key of a rule that can fail to match, in the order in which they are looked at.
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

// Decide gives the verdict of the first rule that matches: reject rules, then allow rules, each in file order, then the
// default, which rejects. It is total, has no side effect and, but for CIDRs that cannot be read, allocates nothing;
// its cost does not depend on how many accounts the policy names.
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

// nearer reports whether m says more than n about why an account is not allowed: that of a rule that names it, rather
// than everyone, and then that of the rule of which more keys matched.
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

// mismatch gives the first key, accounts aside, that does not match, and the connection's value there.
func (r *rule) mismatch(c *peering.Connection, at time.Time) (key, string) {
	q, a := &c.Requester, &c.Accepter
	switch {
	case r.wildcard != nil && !q.Account.Known():
		return accounts, ""
	case !r.requesterRegions.empty() && !r.requesterRegions.has(q.Region):
		return requesterRegions, q.Region
	case !r.requesterVPCs.empty() && !r.requesterVPCs.has(q.VPC):
		return requesterVPCs, q.VPC
	}
	if !r.requesterCIDRs.empty() {
		if value, ok := r.matchCIDRs(q.CIDRs); !ok {
			return requesterCIDRs, value
		}
	}
	switch {
	case !r.accepterAccounts.empty() && !r.accepterAccounts.has(string(a.Account)):
		return accepterAccounts, string(a.Account)
	case !r.accepterRegions.empty() && !r.accepterRegions.has(a.Region):
		return accepterRegions, a.Region
	case !r.accepterVPCs.empty() && !r.accepterVPCs.has(a.VPC):
		return accepterVPCs, a.VPC
	case r.expired(at):
		return until, r.until
	}
	return none, ""
}

// matchCIDRs reports whether the CIDRs of the requester's VPC match: of an allow rule when there are some and each lies
// inside one of the rule's, of a reject rule when any overlaps one of the rule's. Else it gives the first that did not.
func (r *rule) matchCIDRs(cidrs []string) (string, bool) {
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

// keyNames are the keys as a policy file writes them.
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

// String gives the key as a policy file writes it; empty for none.
func (k key) String() string { return keyNames[k] }

// subject gives what a key looks at, in words: "requester region" for requester_regions.
func (k key) subject() string {
	words := strings.NewReplacer("_", " ", "vpc", "VPC", "cidr", "CIDR").Replace(k.String())
	return strings.TrimSuffix(words, "s")
}

// Reason says in one line why, in an operator's words. It is built when it is asked for.
func (d Decision) Reason() string {
	switch {
	case d.by != nil:
		return d.by.decided(d)
	case !d.account.Known():
		return "the requester's account is unknown"
	case d.near.rule == nil:
		return fmt.Sprintf("no allow rule names account %s", d.account)
	case d.near.key == until:
		return fmt.Sprintf("rule %s %s", d.near.rule.name, d.near.text())
	}
	names := "account " + string(d.account)
	if d.near.rule.wildcard != nil {
		names = "every account"
	}
	return fmt.Sprintf("rule %s names %s, but %s", d.near.rule.name, names, d.near.text())
}

// decided says which rule it was, and why there is such a rule where its author wrote that down.
func (r *rule) decided(d Decision) string {
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

// text says what did not match.
func (m miss) text() string {
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
	return m.cidr()
}

func (m miss) cidr() string {
	if _, ok := parseCIDR(m.value); !ok {
		return fmt.Sprintf("requester CIDR %q cannot be read", m.value)
	}
	if m.rule.verdict == Reject {
		return fmt.Sprintf("requester CIDR %s overlaps none of its requester_cidrs", m.value)
	}
	return fmt.Sprintf("requester CIDR %s lies outside its requester_cidrs", m.value)
}
