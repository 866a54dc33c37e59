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
	Rule    string // name of the rule that decided, or [DefaultRule]; "" if the verdict is Undecided

	by      *rule  // that decided; nil for the default rule, and if undecided
	doubt   *doubt // nil if the rule that decided matches for sure
	account peering.Account
	path    peering.Path
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

// miss is the first key of a rule that does not match, and the connection's value for it.
type miss struct {
	rule  *rule
	key   key
	value string
}

// Decide returns the verdict of the first rule that matches a connection at a time: reject rules first, then allow rules,
// each in file order, and last the default rule, which rejects.
//
// A fact that is missing from the connection is unknown: a region, a VPC or an account that is empty, or no CIDRs. A CIDR
// that cannot be read matches no allow rule, and is an unknown fact to a reject rule. If every way of filling in what is
// unknown leads to the same verdict, Decide returns it, by the first rule that can match. Else the verdict is [Undecided].
//
// Decide has no side effect. If nothing is unknown, its cost does not depend on how many accounts the policy names, and it
// allocates nothing unless a CIDR cannot be read.
func (p *Policy) Decide(c *peering.Connection, at time.Time) Decision {
	account := c.Requester.Account
	if !account.Known() {
		return p.weigh(c, at)
	}
	d := Decision{Verdict: Reject, Rule: DefaultRule, account: account, path: c.Requester.Path}
	for _, r := range p.candidates(account, c.ID) {
		k, value := r.mismatch(c, at)
		if k == none {
			if r.open(c) != 0 {
				return p.weigh(c, at)
			}
			return Decision{Verdict: r.verdict, Rule: r.name, by: r, account: account, path: c.Requester.Path}
		}
		if m := (miss{rule: r, key: k, value: value}); m.nearer(d.near) {
			d.near = m
		}
	}
	return d
}

// nearer reports whether m explains better than n why an account is not allowed. A rule that does not name the account, a
// folder of it or the connection explains nothing. One that does beats one for everyone, and then the rule of which more keys
// matched wins.
func (m miss) nearer(n miss) bool {
	switch {
	case m.rule.verdict != Allow || m.key == accounts || m.key <= requesterFolders && m.rule.everyAccount():
		return false
	case n.rule == nil:
		return true
	case (m.rule.wildcard == nil) != (n.rule.wildcard == nil):
		return m.rule.wildcard == nil
	}
	return m.key > n.key
}

// mismatch returns the first key that does not match, and the connection's value for it. A key whose fact is unknown may
// match. The rule names the requester's account, is for any account, or the account is unknown.
func (r *rule) mismatch(c *peering.Connection, at time.Time) (key, string) {
	q, a := &c.Requester, &c.Accepter
	switch {
	case !r.connections.empty() && !r.connections.has(c.ID):
		return connections, c.ID
	case !r.requesterFolders.fitsPath(q.Path):
		return requesterFolders, string(q.Path)
	case !r.requesterRegions.fits(q.Region):
		return requesterRegions, q.Region
	case !r.requesterVPCs.fits(q.VPC):
		return requesterVPCs, q.VPC
	}
	if value, ok := r.fitCIDRs(q.CIDRs); !ok {
		return requesterCIDRs, value
	}
	switch {
	case !r.accepterAccounts.fits(string(a.Account)):
		return accepterAccounts, string(a.Account)
	case !r.accepterFolders.fitsPath(a.Path):
		return accepterFolders, string(a.Path)
	case !r.accepterRegions.fits(a.Region):
		return accepterRegions, a.Region
	case !r.accepterVPCs.fits(a.VPC):
		return accepterVPCs, a.VPC
	case r.expired(at):
		return until, r.until
	}
	return none, ""
}

// fitCIDRs reports whether the CIDRs of the requester's VPC match, or may do so. For an allow rule each must be inside one of
// the rule's. For a reject rule any of them must overlap one of the rule's. If they do not match, fitCIDRs returns the first
// that is at fault.
func (r *rule) fitCIDRs(cidrs []string) (string, bool) {
	if r.requesterCIDRs.empty() || len(cidrs) == 0 {
		return "", true
	}
	unreadable := false
	for _, text := range cidrs {
		p, ok := parseCIDR(text)
		switch {
		case r.verdict == Allow && (!ok || !r.requesterCIDRs.contain(p)):
			return text, false
		case r.verdict == Reject && ok && r.requesterCIDRs.overlap(p):
			return "", true
		}
		unreadable = unreadable || !ok
	}
	return cidrs[0], r.verdict == Allow || unreadable
}

// Reason returns why the verdict is what it is, as one line for an operator. It is built on each call.
func (d Decision) Reason() string {
	near := d.near.rule
	switch {
	case d.Verdict == Undecided:
		return d.undecided()
	case d.by != nil:
		return d.matched()
	case !d.account.Known():
		return "no allow rule can match, whatever the requester account is"
	case near == nil:
		return fmt.Sprintf("no allow rule names account %s%s", d.account, d.orFolder())
	case d.near.key == until:
		return fmt.Sprintf("rule %s %s", near.name, d.near.describe())
	}
	return fmt.Sprintf("rule %s names %s, but %s", near.name, d.named(near), d.near.describe())
}

// named says by what a rule that is near names the requester.
func (d Decision) named(near *rule) string {
	switch {
	case near.wildcard != nil:
		return "every account"
	case len(near.accounts) > 0:
		return "account " + string(d.account)
	case near.requesterFolders.empty():
		return "the connection"
	case d.path.Known():
		return "folder " + near.requesterFolders.folderOf(d.path)
	}
	return "folders"
}

// orFolder continues the sentence that no rule names the account: nor is there one for a folder that it is in, if that is
// known.
func (d Decision) orFolder() string {
	switch {
	case !d.path.Known():
		return ""
	case d.path == peering.Outside:
		return ", which is not in the resource directory"
	}
	return " or a folder that it is in: " + string(d.path)
}

// requester says who asks, and in which folder of the rule that decided it is.
func (d Decision) requester() string {
	if !d.account.Known() {
		return "an unknown account"
	}
	who := "account " + string(d.account)
	if folder := d.by.requesterFolders.folderOf(d.path); folder != "" {
		who += ", " + member(folder, d.path)
	}
	return who
}

// member says that an account is in a folder.
func member(folder string, path peering.Path) string {
	return fmt.Sprintf("a member of %s: %s", folder, path)
}

// matched says which rule decided, with the reason that its author wrote down.
func (d Decision) matched() string {
	r := d.by
	reason := ""
	if r.reason != "" {
		reason = " (" + r.reason + ")"
	}
	if d.doubt == nil {
		return fmt.Sprintf("rule %s %ss %s%s", r.name, r.verdict, d.requester(), reason)
	}
	return fmt.Sprintf("rule %s%s, or one after it, %ss %s, although %s", r.name, reason, r.verdict, d.requester(), unknown(d.doubt.open))
}

// describe says what did not match.
func (m miss) describe() string {
	switch m.key {
	case until:
		return "expired on " + m.value
	case requesterCIDRs:
		return m.describeCIDR()
	case requesterFolders, accepterFolders:
		return m.describePath()
	case connections:
		return strings.TrimSuffix("the connection "+m.value, " ") + " is not one of its connections"
	case accounts:
		return fmt.Sprintf("account %s is not one of its accounts", m.value)
	default:
		return fmt.Sprintf("%s %s is not one of its %s", m.key.fact(), m.value, m.key)
	}
}

func (m miss) describePath() string {
	side, _, _ := strings.Cut(m.key.fact(), " ")
	if peering.Path(m.value) == peering.Outside {
		return fmt.Sprintf("the %s is not in the resource directory", side)
	}
	return fmt.Sprintf("the %s is in none of its %s: %s", side, m.key, m.value)
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
