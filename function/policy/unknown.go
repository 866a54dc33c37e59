package policy

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

// What the verdict is if facts are unknown. A filling gives each unknown fact a value. The verdict stands if all fillings
// lead to it. A filling is allowed if some allow rule matches in it and no reject rule does, so two questions are enough: is
// there a filling that is allowed, and is there one that is not?
//
// Of the values that a fact can have, few need to be tried. A value that no rule names exists for every fact but the CIDRs,
// and with it the fewest rules match. An account can be in any set of folders, as nobody knows here which lies in which: to
// match a rule, one folder is enough. The CIDRs that match the most reject rules and the fewest allow rules are 0.0.0.0/0
// and ::/0. Those that match the fewest reject rules are single addresses.

// trial is one rule, tried on a connection.
type trial struct {
	miss        // its key is none if the rule can match
	open keySet // the keys that may match or not
}

func (r *rule) try(c *peering.Connection, at time.Time) trial {
	k, value := r.mismatch(c, at)
	t := trial{miss: miss{rule: r, key: k, value: value}}
	if k == none {
		t.open = r.open(c)
	}
	return t
}

// open returns the keys of a rule that may match or not. No other key fails to match.
func (r *rule) open(c *peering.Connection) keySet {
	open := r.keys & unknownFacts(c)
	if r.verdict == Reject && r.keys.has(requesterCIDRs) && !r.overlaps(c.Requester.CIDRs) {
		open = open.with(requesterCIDRs)
	}
	return open
}

// unknownFacts returns the keys whose facts the connection does not have.
func unknownFacts(c *peering.Connection) (keys keySet) {
	note := func(k key, unknown bool) {
		if unknown {
			keys = keys.with(k)
		}
	}
	note(accounts, !c.Requester.Account.Known())
	note(requesterFolders, !c.Requester.Path.Known())
	note(requesterRegions, c.Requester.Region == "")
	note(requesterVPCs, c.Requester.VPC == "")
	note(requesterCIDRs, len(c.Requester.CIDRs) == 0)
	note(accepterAccounts, !c.Accepter.Account.Known())
	note(accepterFolders, !c.Accepter.Path.Known())
	note(accepterRegions, c.Accepter.Region == "")
	note(accepterVPCs, c.Accepter.VPC == "")
	return keys
}

// overlaps reports whether a CIDR overlaps one of a reject rule's.
func (r *rule) overlaps(cidrs []string) bool {
	return slices.ContainsFunc(cidrs, func(text string) bool {
		p, ok := parseCIDR(text)
		return ok && r.requesterCIDRs.overlap(p)
	})
}

// weigh decides as Decide does, also if a rule may match or not.
func (p *Policy) weigh(c *peering.Connection, at time.Time) Decision {
	var trials []trial
	for r := range p.applicable(c) {
		trials = append(trials, r.try(c, at))
	}
	return p.resolve(c, trials)
}

// applicable yields the rules that can match a connection, in the order in which rules are tried: all of them if the
// requester's account is unknown.
func (p *Policy) applicable(c *peering.Connection) iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		if account := c.Requester.Account; account.Known() {
			for _, r := range p.candidates(account, c.ID) {
				if !yield(r) {
					return
				}
			}
			return
		}
		for i := range p.rules {
			if !yield(&p.rules[i]) {
				return
			}
		}
	}
}

// resolve returns the decision that the trials of all rules, in the order in which rules are tried, lead to.
func (p *Policy) resolve(c *peering.Connection, trials []trial) Decision {
	account, path := c.Requester.Account, c.Requester.Path
	d := Decision{Verdict: Reject, Rule: DefaultRule, account: account, path: path}
	var possible []trial // up to the first rule that matches in any case
	for _, t := range trials {
		if t.key != none {
			if t.nearer(d.near) {
				d.near = t.miss
			}
			continue
		}
		possible = append(possible, t)
		if t.open == 0 {
			break
		}
	}
	if len(possible) == 0 {
		return d
	}
	if allowed, rejected := p.outcomes(possible); allowed && rejected {
		open := slices.DeleteFunc(possible, func(t trial) bool { return t.open == 0 })
		return Decision{Verdict: Undecided, doubt: newDoubt(open), account: account, path: path}
	}
	first := possible[0].rule
	d = Decision{Verdict: first.verdict, Rule: first.name, by: first, account: account, path: path}
	if possible[0].open != 0 {
		d.doubt = newDoubt(possible[:1])
	}
	return d
}

// outcomes reports whether there is a filling in which the connection is allowed, and one in which it is rejected. There is
// at least one trial, and each rule in them can match.
func (p *Policy) outcomes(possible []trial) (allowed, rejected bool) {
	firstAllow := slices.IndexFunc(possible, func(t trial) bool { return t.rule.verdict == Allow })
	if firstAllow < 0 {
		return false, true
	}
	rejects, allows := possible[:firstAllow], possible[firstAllow:]
	rejected = len(rejects) > 0 || allows[len(allows)-1].open != 0
	s := search{policy: p, steps: maxSteps}
	allowed = slices.ContainsFunc(allows, func(allow trial) bool { return s.allows(allow, rejects) })
	return allowed, rejected
}

// doubt is why a verdict is not that of a rule which matches for sure.
type doubt struct {
	open  keySet   // keys whose facts are unknown
	rules []string // the names of the rules that look at them
}

func newDoubt(trials []trial) *doubt {
	d := &doubt{}
	for _, t := range trials {
		d.open |= t.open
		d.rules = append(d.rules, t.rule.name)
	}
	return d
}

// Missing returns the facts that an undecided verdict hangs on, such as "requester region"; nil if there is a verdict.
func (d Decision) Missing() []string {
	if d.Verdict != Undecided {
		return nil
	}
	return d.doubt.open.facts()
}

// HangsOn returns the names of the rules that an undecided verdict hangs on, in the order in which they are tried; nil if
// there is a verdict.
func (d Decision) HangsOn() []string {
	if d.Verdict != Undecided {
		return nil
	}
	return slices.Clone(d.doubt.rules)
}

// HangsOnMembership reports whether an undecided verdict hangs on where the requester or the accepter is in the resource
// directory.
func (d Decision) HangsOnMembership() (requester, accepter bool) {
	if d.Verdict != Undecided {
		return false, false
	}
	return d.doubt.open.has(requesterFolders), d.doubt.open.has(accepterFolders)
}

// undecided says what is missing, and which rules it matters to.
func (d Decision) undecided() string {
	rules := d.HangsOn()
	word := "rules"
	if len(rules) == 1 {
		word = "rule"
	}
	const most = 3
	if len(rules) > most+1 {
		rules = append(rules[:most], fmt.Sprintf("%d others", len(rules)-most))
	}
	return fmt.Sprintf("%s, and the verdict hangs on that: see %s %s", unknown(d.doubt.open), word, listed(rules))
}

// unknown says that the facts of some keys are not known.
func unknown(open keySet) string {
	facts := open.facts()
	verb := "are"
	if len(facts) == 1 && !strings.HasSuffix(facts[0], "s") {
		verb = "is"
	}
	return fmt.Sprintf("the %s %s unknown", listed(facts), verb)
}

// listed returns "a", "a and b", "a, b and c".
func listed(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
