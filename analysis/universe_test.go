package analysis_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// draw makes choices out of random bytes.
type draw struct{ data []byte }

func (d *draw) below(n int) int {
	if len(d.data) == 0 {
		return 0
	}
	b := int(d.data[0])
	d.data = d.data[1:]
	return b % n
}

func (d *draw) some(from []string) []string {
	var out []string
	for range 1 + d.below(3) {
		if w := from[d.below(len(from))]; !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// universe is small enough to look at each of its connections. Rules are drawn from the values that they may name, and
// connections have those and one that no rule names.
type universe struct {
	keys   []string            // that rules may have
	names  map[string][]string // by key: what rules may name
	values map[string][]string // by key: what connections may have
	sets   [][]string          // of CIDRs that a VPC may have
}

var (
	accounts  = []string{"1", "2", "3"}
	accepters = []string{"1", "5"}
	untils    = []string{"2026-05-01", "2026-07-01", "2026-08-01T12:00:00Z"}
	instants  = []time.Time{now, time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 8, 1, 12, 0, 0, 1, time.UTC)}
	paths     = folderSets()
	choices   = []struct {
		key           string
		names, values []string
	}{
		{"connections", []string{"pcc-1", "pcc-2"}, []string{"", "pcc-1", "pcc-2"}},
		{"requester_folders", []string{"fd-a", "fd-b", "r-x", "r-y"}, paths},
		{"requester_regions", []string{"cn-a", "cn-b"}, []string{"cn-a", "cn-b", "cn-z"}},
		{"requester_vpcs", []string{"vpc-a", "vpc-b"}, []string{"vpc-a", "vpc-b", "vpc-z"}},
		{"accepter_accounts", accepters, nil},
		{"accepter_folders", []string{"fd-a", "fd-b", "r-x", "r-y"}, paths},
		{"accepter_regions", []string{"cn-a", "cn-b"}, []string{"cn-a", "cn-b", "cn-z"}},
		{"accepter_vpcs", []string{"vpc-a", "vpc-b"}, []string{"vpc-a", "vpc-b", "vpc-z"}},
	}
	// blocks are CIDRs that rules may name, and every shape of CIDR that these can tell apart: those themselves, what holds
	// them, and what is beside them.
	blocks = [][2][]string{
		{{"10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/10"}, {"10.0.0.0/7", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/10", "10.64.0.0/10", "192.168.0.0/16"}},
		{{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0"}, {"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2001:db8::/32"}},
		{{"10.1.0.0/16", "10.3.0.0/16", "10.0.0.0/14"}, {"10.1.0.0/16", "10.3.0.0/16", "10.0.0.0/15", "10.2.0.0/15", "10.0.0.0/14", "10.0.0.0/13", "10.2.0.0/16", "192.168.0.0/16"}},
		{{"2001:db8::/32", "2001:db8:8000::/33", "10.0.0.0/8"}, {"2001:db8::/31", "2001:db8::/32", "2001:db8:8000::/33", "2001:db8::/33", "10.0.0.0/8", "10.0.0.0/7", "172.16.0.0/12"}},
	}
)

// folderSets returns a path for each set of folders, with at most one root folder.
func folderSets() []string {
	sets := []string{"none"}
	for _, root := range []string{"r-x", "r-y", "r-z"} {
		for _, below := range []string{"", "/fd-a", "/fd-b", "/fd-b/fd-z/fd-a"} {
			sets = append(sets, "rd-1/"+root+below)
		}
	}
	return sets
}

// universe draws a universe: a few of the keys, as all of them at once make too many connections.
func (d *draw) universe() *universe {
	u := &universe{names: map[string][]string{}, values: map[string][]string{}, sets: [][]string{{"10.0.0.0/16"}}}
	size := 2
	if d.below(2) == 1 {
		size = 1
		b := blocks[d.below(len(blocks))]
		u.keys, u.names["requester_cidrs"], u.sets = append(u.keys, "requester_cidrs"), b[0], subsets(b[1])
	}
	for range size {
		c := choices[d.below(len(choices))]
		if c.key == "accepter_accounts" || u.names[c.key] != nil {
			c = choices[4]
		}
		u.keys = append(u.keys, c.key)
		u.names[c.key], u.values[c.key] = c.names, c.values
	}
	return u
}

func subsets(of []string) (sets [][]string) {
	for bits := 1; bits < 1<<len(of); bits++ {
		var set []string
		for i, e := range of {
			if bits&(1<<i) != 0 {
				set = append(set, e)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// connections yields each connection between two accounts.
func (u *universe) connections() iter.Seq[*peering.Connection] {
	of := func(key, otherwise string) []string {
		if values := u.values[key]; values != nil {
			return values
		}
		return []string{otherwise}
	}
	facts := []struct {
		values []string
		set    func(c *peering.Connection, value string)
	}{
		{append(slices.Clone(accounts), "9"), func(c *peering.Connection, v string) { c.Requester.Account = peering.Account(v) }},
		{append(slices.Clone(accepters), "8"), func(c *peering.Connection, v string) { c.Accepter.Account = peering.Account(v) }},
		{of("connections", ""), func(c *peering.Connection, v string) { c.ID = v }},
		{of("requester_folders", "none"), func(c *peering.Connection, v string) { c.Requester.Path = peering.Path(v) }},
		{of("requester_regions", "cn-z"), func(c *peering.Connection, v string) { c.Requester.Region = v }},
		{of("requester_vpcs", "vpc-z"), func(c *peering.Connection, v string) { c.Requester.VPC = v }},
		{of("accepter_folders", "none"), func(c *peering.Connection, v string) { c.Accepter.Path = peering.Path(v) }},
		{of("accepter_regions", "cn-z"), func(c *peering.Connection, v string) { c.Accepter.Region = v }},
		{of("accepter_vpcs", "vpc-z"), func(c *peering.Connection, v string) { c.Accepter.VPC = v }},
	}
	return func(yield func(*peering.Connection) bool) {
		c := &peering.Connection{}
		var next func(i int) bool
		next = func(i int) bool {
			if i < len(facts) {
				return !slices.ContainsFunc(facts[i].values, func(v string) bool {
					facts[i].set(c, v)
					return !next(i + 1)
				})
			}
			if c.Requester.Account == c.Accepter.Account {
				return true
			}
			return !slices.ContainsFunc(u.sets, func(set []string) bool {
				c.Requester.CIDRs = set
				return !yield(c)
			})
		}
		next(0)
	}
}

// text is a rule of a random policy.
type text struct {
	name, until string
	lists       map[string][]string
}

func (d *draw) rule(u *universe, name string) text {
	r := text{name: name, lists: map[string][]string{}}
	if d.below(3) == 0 {
		r.until = untils[d.below(len(untils))]
	}
	if d.below(3) > 0 {
		r.lists["accounts"] = d.some(accounts)
	} else {
		r.lists["accounts"] = []string{"*"}
	}
	for _, key := range u.keys {
		if d.below(2) == 0 {
			r.lists[key] = d.some(u.names[key])
		}
	}
	return r
}

// policyText is a random policy.
type policyText struct{ reject, allow []text }

func (d *draw) policy(u *universe) (p policyText) {
	for i := range d.below(4) {
		p.reject = append(p.reject, d.rule(u, fmt.Sprint("reject-", i)))
	}
	for i := range d.below(5) {
		p.allow = append(p.allow, d.rule(u, fmt.Sprint("allow-", i)))
	}
	return p
}

// edit returns a policy with a few changes.
func (d *draw) edit(u *universe, p policyText) policyText {
	edited := policyText{slices.Clone(p.reject), slices.Clone(p.allow)}
	for range 1 + d.below(2) {
		list := &edited.allow
		if d.below(3) == 0 {
			list = &edited.reject
		}
		switch n := len(*list); {
		case n == 0 || d.below(3) == 0:
			*list = slices.Insert(*list, d.below(n+1), d.rule(u, fmt.Sprint("added-", len(edited.allow), len(edited.reject))))
		case d.below(2) == 0:
			i := d.below(n)
			*list = slices.Delete(*list, i, i+1)
		default:
			i := d.below(n)
			(*list)[i] = d.rule(u, (*list)[i].name)
		}
	}
	return edited
}

// String writes the policy as its file has it.
func (p policyText) String() string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\ndirectory: {id: rd-1}\n")
	write := func(key string, rules []text) {
		if len(rules) > 0 {
			b.WriteString(key + ":\n")
		}
		for i, r := range rules {
			fmt.Fprintf(&b, "  - {name: %s%d-%s", key, i, r.name)
			if r.until != "" {
				fmt.Fprintf(&b, ", until: %q", r.until)
			}
			for _, key := range slices.Sorted(maps.Keys(r.lists)) {
				fmt.Fprintf(&b, ", %s: [\"%s\"]", key, strings.Join(r.lists[key], `", "`))
			}
			b.WriteString("}\n")
		}
	}
	write("reject", p.reject)
	if write("allow", p.allow); len(p.allow) == 0 {
		b.WriteString("allow: []\n")
	}
	return b.String()
}

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, "policy.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}
