package policy

import (
	"fmt"
	"strings"
)

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
