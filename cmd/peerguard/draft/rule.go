// Package draft writes policies as text: a rule for a connection, and a whole policy for what is connected now. What it writes
// is as narrow as the facts are.
package draft

import (
	"net/netip"
	"slices"
	"strings"

	"peerguard/cmd/peerguard/plain"
	"peerguard/function/peering"
)

// Rule is an allow rule for some connections. It has a key for each fact that is known about all of them.
type Rule struct {
	Name  string
	Until string // the last day on which the rule matches, 2006-01-02; "" if it never ends

	from   []peering.Connection
	width  width
	folder string // of the requesters, if the width is oneFolder
}

// For returns the rule that allows exactly what a connection is. A new request for the same has another instance id, so the
// rule does not name it.
func For(name string, c peering.Connection) Rule {
	c.Requester, c.Accepter = presentable(c.Requester), presentable(c.Accepter)
	return Rule{Name: name, width: oneRequester, from: []peering.Connection{c}}
}

// YAML returns the rule as an element of the list allow, each line after a prefix.
func (r *Rule) YAML(prefix string) string {
	lines := []string{"- name: " + r.Name}
	for _, k := range r.keys() {
		if len(k.values) > 0 {
			lines = append(lines, "  "+k.name+": "+flow(k.values))
		}
	}
	if r.Until != "" {
		lines = append(lines, "  until: "+r.Until)
	}
	return prefix + strings.Join(lines, "\n"+prefix) + "\n"
}

// Open returns the keys that the rule lacks because a fact is unknown: it matches whatever the fact is.
func (r *Rule) Open() (names []string) {
	for _, k := range r.keys() {
		if len(k.values) == 0 {
			names = append(names, k.name)
		}
	}
	return names
}

// key is a key of a rule. It has no values if a fact is unknown.
type key struct {
	name   string
	values []string
}

func (r *Rule) keys() []key {
	requester := key{"accounts", r.values(requesterFact(account))}
	if r.width == oneFolder {
		requester = key{"requester_folders", []string{r.folder}}
	}
	keys := []key{requester}
	if r.width == theConnection {
		keys = append(keys, key{"connections", r.values(func(c *peering.Connection) []string { return []string{c.ID} })})
	}
	return append(keys,
		key{"requester_regions", r.values(requesterFact(region))},
		key{"requester_vpcs", r.values(requesterFact(vpc))},
		key{"requester_cidrs", r.values(requesterFact(cidrs))},
		key{"accepter_accounts", r.values(accepterFact(account))},
		key{"accepter_regions", r.values(accepterFact(region))},
		key{"accepter_vpcs", r.values(accepterFact(vpc))},
	)
}

// values returns what a fact is for all connections, sorted, or nothing if it is unknown for one of them.
func (r *Rule) values(fact func(*peering.Connection) []string) (values []string) {
	for i := range r.from {
		v := fact(&r.from[i])
		if len(v) == 0 {
			return nil
		}
		values = append(values, v...)
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func requesterFact(fact func(*peering.Side) []string) func(*peering.Connection) []string {
	return func(c *peering.Connection) []string { return fact(&c.Requester) }
}

func accepterFact(fact func(*peering.Side) []string) func(*peering.Connection) []string {
	return func(c *peering.Connection) []string { return fact(&c.Accepter) }
}

func account(s *peering.Side) []string { return known(string(s.Account)) }

func region(s *peering.Side) []string { return known(s.Region) }

func vpc(s *peering.Side) []string { return known(s.VPC) }

func cidrs(s *peering.Side) []string { return s.CIDRs }

func known(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// presentable returns a side without the facts that a policy cannot hold, because they do not have the form of an id. CIDRs lose
// their host bits; if one cannot be read, none is known.
func presentable(s peering.Side) peering.Side {
	if !peering.ValidAccount(string(s.Account)) {
		s.Account = ""
	}
	if !peering.ValidRegion(s.Region) {
		s.Region = ""
	}
	if !peering.ValidVPC(s.VPC) {
		s.VPC = ""
	}
	if s.Path != peering.Outside && !peering.ValidPath(string(s.Path)) {
		s.Path = ""
	}
	networks := make([]string, len(s.CIDRs))
	for i, text := range s.CIDRs {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Addr().Is4In6() {
			networks = nil
			break
		}
		networks[i] = p.Masked().String()
	}
	s.CIDRs = networks
	return s
}

// flow returns values as a list of YAML on one line. Numbers become text.
func flow(values []string) string {
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = v
		if strings.Contains(v, ":") || peering.MadeOf(peering.Digits, v, len(v)) {
			shown[i] = quote(v)
		}
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

// quote returns a text in quotes of YAML, on one line.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(plain.Text(text)) + `"`
}
