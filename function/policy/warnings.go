package policy

import (
	"fmt"
	"math"
	"slices"
	"time"

	"peerguard/function/peering"
)

// WarningCode says what kind of warning it is.
type WarningCode string

// The kinds of warnings.
const (
	RuleExpired       WarningCode = "rule-expired"       // its until is in the past
	RuleExpires       WarningCode = "rule-expires"       // its until is within 30 days
	RuleUnreachable   WarningCode = "rule-unreachable"   // an earlier rule covers it
	RuleUnnecessary   WarningCode = "rule-unnecessary"   // a later rule with the same verdict covers it, or several rules together
	AccountRejected   WarningCode = "account-rejected"   // an account of an allow rule is in a reject rule as well
	AccountsAll       WarningCode = "accounts-all"       // "*" and no other key that says what the rule matches
	AccountsRedundant WarningCode = "accounts-redundant" // account ids next to "*"
	AccountImpossible WarningCode = "account-impossible" // an account id that the API cannot have
	AccountsRounded   WarningCode = "accounts-rounded"   // a list of account ids that a spreadsheet has probably rounded
	ValueRepeated     WarningCode = "value-repeated"     // a value that is in its list already
	AccepterUnguarded WarningCode = "accepter-unguarded" // an accepter of an allow rule that is not guarded
	RegionUnguarded   WarningCode = "region-unguarded"   // a region of the accepter in an allow rule that is not guarded
	RegionUnknown     WarningCode = "region-unknown"     // a region that this release does not know
)

// Warning is something in a policy that is allowed but probably a mistake.
type Warning struct {
	Position
	Message string      `json:"message"`
	Code    WarningCode `json:"code"`

	doc *document
}

// String returns file:line:column: message.
func (w Warning) String() string { return w.Position.String() + ": " + w.Message }

// Snippet returns the line of the file and a caret below it, like [Error.Snippet].
func (w Warning) Snippet() string { return snippet(w.Position, w.doc) }

// soon is how long before the end of a rule there is a warning.
const soon = 30 * 24 * time.Hour

// Warnings returns what the policy's author should look at, sorted by position. At the time at, these are rules that have
// expired or will within 30 days, rules that can never match because an earlier one covers them, rules that make no difference
// because a later one covers them, and accounts that are in both a reject and an allow rule. At any time, these are rules for every account without another key, account ids next to
// "*", ids that the API cannot have or that a spreadsheet has rounded, values that are in a list twice, unknown regions, and
// accepters and regions that are not guarded.
func (p *Policy) Warnings(at time.Time) []Warning {
	ws := slices.Clone(p.warnings)
	warn := func(code WarningCode, where Position, format string, args ...any) {
		ws = append(ws, p.Warning(code, where, fmt.Sprintf(format, args...)))
	}
	for i := range p.rules {
		r := &p.rules[i]
		r.warnUntil(at, warn)
		r.warnAll(warn)
		if r.wildcard != nil && len(r.accounts) > 0 {
			warn(AccountsRedundant, r.wildcard.at, `rule %s matches every account: the ids next to "*" have no effect`, r.name)
		}
		if r.expired(at) {
			continue
		}
		switch first, later := p.covering(i, at); {
		case first != nil:
			warn(RuleUnreachable, r.at, "rule %s can never match: rule %s on line %d covers all of it", r.name, first.name, first.at.Line)
		case later != nil:
			warn(RuleUnnecessary, r.at, "rule %s is unnecessary: rule %s on line %d covers all of it", r.name, later.name, later.at.Line)
		}
		p.warnRejected(r, at, warn)
	}
	slices.SortStableFunc(ws, func(a, b Warning) int { return a.compare(b.Position, p.name) })
	return ws
}

// Warning returns a warning about a place in the policy's files, for what others find out about a policy.
func (p *Policy) Warning(code WarningCode, where Position, message string) Warning {
	return Warning{where, message, code, p.texts[where.File]}
}

type warner func(code WarningCode, where Position, format string, args ...any)

func (r *rule) warnUntil(at time.Time, warn warner) {
	switch left := r.end.Sub(at); {
	case r.until == "":
	case r.expired(at):
		warn(RuleExpired, r.untilAt, "rule %s expired on %s: it no longer matches", r.name, r.until)
	case left <= soon:
		warn(RuleExpires, r.untilAt, "rule %s expires on %s, in %s", r.name, r.until, days(left))
	}
}

// warnAll warns about a rule that matches every connection: nothing is left for the rules after it.
func (r *rule) warnAll(warn warner) {
	switch {
	case r.wildcard == nil || r.keys != 0:
	case r.verdict == Allow:
		warn(AccountsAll, r.wildcard.at, "rule %s allows every account to reach every VPC: add another key, such as accepter_vpcs", r.name)
	default:
		warn(AccountsAll, r.wildcard.at, "rule %s rejects every request: no allow rule can match", r.name)
	}
}

// days returns a duration in words, as whole days, rounded up.
func days(d time.Duration) string {
	n := int(math.Ceil(d.Hours() / 24))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// warnRejected warns about accounts of an allow rule that a reject rule also names.
func (p *Policy) warnRejected(r *rule, at time.Time, warn warner) {
	if r.verdict != Allow {
		return
	}
	for _, e := range r.accounts {
		for _, i := range p.index[e.account] {
			first := &p.rules[i]
			if first.verdict == Reject && !first.expired(at) {
				warn(AccountRejected, e.at, "account %s is in rule %s and in reject rule %s on line %d, which comes first",
					e.account, r.name, first.name, first.at.Line)
				break
			}
		}
	}
}

// covering returns the first rule before the i-th that matches everything that the i-th matches, or else the first one after it
// that does and has the same verdict; nil if there is none. Of two rules that match the same, the second is the one that is
// covered.
func (p *Policy) covering(i int, at time.Time) (earlier, later *rule) {
	r := &p.rules[i]
	var account peering.Account // a rule can only cover this one if it matches its first account and connection
	if r.wildcard == nil && len(r.accounts) > 0 {
		account = r.accounts[0].account
	}
	connection := ""
	if !r.connections.empty() {
		connection = r.connections.words[0]
	}
	for j, other := range p.candidates(account, connection) {
		switch {
		case int(j) == i || other.expired(at) || !p.covers(j, r):
		case int(j) < i:
			return other, nil
		case other.verdict == r.verdict && !p.covers(int32(i), other):
			return nil, other
		}
	}
	return nil, nil
}

// covers reports whether the j-th rule matches every connection that r matches, for as long as r does.
func (p *Policy) covers(j int32, r *rule) bool {
	first := &p.rules[j]
	return first.connections.covers(r.connections) &&
		first.requesterFolders.covers(r.requesterFolders) &&
		first.requesterRegions.covers(r.requesterRegions) &&
		first.requesterVPCs.covers(r.requesterVPCs) &&
		first.requesterCIDRs.covers(r.requesterCIDRs) &&
		first.accepterAccounts.covers(r.accepterAccounts) &&
		first.accepterFolders.covers(r.accepterFolders) &&
		first.accepterRegions.covers(r.accepterRegions) &&
		first.accepterVPCs.covers(r.accepterVPCs) &&
		(first.until == "" || r.until != "" && !first.end.Before(r.end)) &&
		p.coversAccounts(j, r) // the longest list
}

func (p *Policy) coversAccounts(j int32, r *rule) bool {
	first := &p.rules[j]
	switch {
	case first.everyAccount():
		return true
	case r.everyAccount():
		return false
	}
	for _, e := range r.accounts {
		if _, found := slices.BinarySearch(p.index[e.account], j); !found {
			return false
		}
	}
	return true
}

// covers reports whether a key with the words of s matches everything that one with the words of t matches.
func (s *set) covers(t set) bool {
	if s.empty() {
		return true
	}
	return !t.empty() && !slices.ContainsFunc(t.words, func(w string) bool { return !s.has(w) })
}

// covers reports whether a key with the CIDRs of l matches everything that one with those of m matches. That is so if each of
// m is inside one of l, both for a reject rule, which matches on overlap, and for an allow rule, which matches on containment.
func (l *prefixes) covers(m prefixes) bool {
	if l.empty() {
		return true
	}
	if m.empty() {
		return false
	}
	for _, p := range m.sorted {
		if !l.contain(p) {
			return false
		}
	}
	return true
}
