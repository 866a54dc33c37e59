package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// lifetime is how long a drafted rule matches. Until then somebody finds out whose the connection is.
const lifetime = 90 * 24 * time.Hour

// Facts are what a policy is drafted from.
type Facts struct {
	Guard       policy.Guard
	Directory   *policy.Directory    // nil if there is none
	Connections []peering.Connection // those that are active, pending or being created count
	Fold        bool                 // one rule for each folder of the directory, for those requesters whose Path is in one
	At          time.Time
	Provenance  []string // where the connections come from: a line of a comment each
}

// Draft is a policy that allows what is connected, and nothing that is pending.
type Draft struct {
	facts           Facts
	rules           []Rule
	active, pending []peering.Connection // by requester and id
	policy          *policy.Policy       // the draft itself, as the function reads it
}

// New drafts a policy. An error is a mistake of this package: it has written a policy that cannot be read.
func New(facts Facts) (*Draft, error) {
	d := &Draft{facts: facts}
	for _, c := range facts.Connections {
		c.Requester, c.Accepter = presentable(c.Requester), presentable(c.Accepter)
		switch {
		case c.Status.Active():
			d.active = append(d.active, c)
		case c.Status.Pending(), c.Status == peering.Creating:
			d.pending = append(d.pending, c)
		}
	}
	for _, list := range [][]peering.Connection{d.active, d.pending} {
		slices.SortFunc(list, func(a, b peering.Connection) int {
			return cmp.Or(cmp.Compare(a.Requester.Account, b.Requester.Account), cmp.Compare(a.ID, b.ID))
		})
	}
	err := d.narrow()
	return d, err
}

// width is how much one rule allows.
type width int

// From wide to narrow: each is used where the one before it would allow a pending request.
const (
	oneFolder width = iota
	oneRequester
	onePair       // of VPCs
	theConnection // by their ids
)

// narrow chooses the rules: as few as there can be without one that may allow a pending request.
func (d *Draft) narrow() error {
	widths := map[peering.Account]width{}
	for changed := true; changed; {
		d.rules = d.rulesOf(widths)
		var err error
		if d.policy, err = policy.Parse(d.Policy()); err != nil {
			return fmt.Errorf("reading the drafted policy: %w", err)
		}
		changed = false
		for i := range d.pending {
			for _, r := range d.policy.Explain(&d.pending[i], d.facts.At).Rules {
				if r.Matches || len(r.Unknown) > 0 {
					changed = d.tighten(r.Rule, widths) || changed
				}
			}
		}
	}
	return nil
}

// tighten makes the rules for the requesters of a rule narrower, and reports whether that is possible.
func (d *Draft) tighten(name string, widths map[peering.Account]width) (changed bool) {
	for _, r := range d.rules {
		if r.Name != name {
			continue
		}
		for _, c := range r.from {
			if a := c.Requester.Account; widths[a] == r.width && r.width < theConnection {
				widths[a], changed = r.width+1, true
			}
		}
	}
	return changed
}

// rulesOf returns the rules for all active connections, each as wide as it may be for its requesters.
func (d *Draft) rulesOf(widths map[peering.Account]width) (rules []Rule) {
	places := map[string]int{} // in rules
	numbers := map[peering.Account]int{}
	for _, c := range d.active {
		a := c.Requester.Account
		r := Rule{width: widths[a], Until: d.until()}
		if r.width == oneFolder {
			if r.folder = d.folder(&c); r.folder == "" {
				r.width, widths[a] = oneRequester, oneRequester
			}
		}
		place, ok := places[r.group(&c)]
		if !ok {
			place = len(rules)
			places[r.group(&c)] = place
			numbers[a]++
			r.Name = r.name(a, numbers[a])
			rules = append(rules, r)
		}
		rules[place].from = append(rules[place].from, c)
	}
	return rules
}

// group returns a text that is the same for all connections of one rule.
func (r *Rule) group(c *peering.Connection) string {
	switch r.width {
	case oneFolder:
		return r.folder
	case oneRequester:
		return string(c.Requester.Account)
	default:
		return strings.Join([]string{
			string(c.Requester.Account), c.Requester.Region, c.Requester.VPC, string(c.Accepter.Account), c.Accepter.Region, c.Accepter.VPC,
		}, " ")
	}
}

func (r *Rule) name(a peering.Account, number int) string {
	switch r.width {
	case oneFolder:
		return "folder-" + r.folder
	case oneRequester:
		return "account-" + string(a)
	default:
		return fmt.Sprintf("account-%s-%d", a, number)
	}
}

// folder returns the folder that a requester is in, or "" if it is in none, or in the root folder, which is everybody.
func (d *Draft) folder(c *peering.Connection) string {
	path := string(c.Requester.Path)
	last := path[strings.LastIndex(path, "/")+1:]
	if !d.facts.Fold || !strings.HasPrefix(last, "fd-") {
		return ""
	}
	return last
}
