package policy_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// TestUnknown: combinations of rules in which a fact is unknown.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules, connection, want string
		hangsOn, missing        []string
	}{
		"allowed in one region": {"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "undecided ", []string{"a"}, []string{"requester region"}},
		"allowed in one region that another rule rejects": {"reject: [{name: r, requester_regions: [cn-hangzhou, cn-beijing]}]\nallow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"allowed in two regions, one of which another rule rejects": {"reject: [{name: r, requester_regions: [cn-hangzhou]}]\nallow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou, cn-beijing]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "undecided ", []string{"r", "a"}, []string{"requester region"}},
		"allowed by one rule if not by another": {"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou]}, {name: b, accounts: ['2222']}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "allow a", nil, nil},
		"no rule can match": {"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou], accepter_vpcs: [vpc-z]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "reject default", nil, nil},
		"every region of a pair is rejected, each by its own rule": {"reject: [{name: r, requester_regions: [cn-hangzhou]}, {name: s, requester_regions: [cn-beijing]}]\n" +
			"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou, cn-beijing]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"every pair of region and VPC is rejected": {"reject: [{name: r, requester_regions: [cn-hangzhou], accepter_vpcs: [vpc-b]}, {name: s, requester_regions: [cn-beijing]}, {name: t, accepter_vpcs: [vpc-c]}]\n" +
			"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou, cn-beijing], accepter_vpcs: [vpc-b, vpc-c]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai -", "reject r", nil, nil},
		"one pair of region and VPC is not rejected": {"reject: [{name: r, requester_regions: [cn-hangzhou], accepter_vpcs: [vpc-b]}, {name: s, requester_regions: [cn-beijing]}]\n" +
			"allow: [{name: a, accounts: ['2222'], requester_regions: [cn-hangzhou, cn-beijing], accepter_vpcs: [vpc-b, vpc-c]}]",
			"2222 - vpc-a 10.1.0.0/16 > 1111 cn-shanghai -", "undecided ", []string{"r", "s", "a"}, []string{"requester region", "accepter VPC"}},
		"every address of the allowed CIDR is rejected": {"reject: [{name: r, requester_cidrs: [10.0.0.0/9]}, {name: s, requester_cidrs: [10.128.0.0/9]}]\nallow: [{name: a, accounts: ['2222'], requester_cidrs: [10.0.0.0/8]}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"one address of the allowed CIDR is not rejected": {"reject: [{name: r, requester_cidrs: [10.0.0.0/9]}, {name: s, requester_cidrs: [10.128.0.0/10, 10.192.0.0/11]}]\nallow: [{name: a, accounts: ['2222'], requester_cidrs: [10.0.0.0/8]}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "undecided ", []string{"r", "s", "a"}, []string{"requester CIDRs"}},
		"every address is rejected": {"reject: [{name: r, requester_cidrs: [0.0.0.0/1, 128.0.0.0/1]}, {name: s, requester_cidrs: ['::/0']}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"every IPv4 address is rejected": {"reject: [{name: r, requester_cidrs: [0.0.0.0/0]}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "undecided ", []string{"r"}, []string{"requester CIDRs"}},
		"every address is rejected, those of IPv4 in their own form alone": {"reject: [{name: r, requester_cidrs: [0.0.0.0/0, " + strings.Join(notMapped(), ", ") + "]}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"every address is rejected but those right after the mapped ones": {"reject: [{name: r, requester_cidrs: [0.0.0.0/0, " + strings.Join(slices.Delete(notMapped(), 79, 80), ", ") + "]}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "undecided ", []string{"r"}, []string{"requester CIDRs"}},
		"allowed with any CIDRs": {"allow: [{name: a, accounts: ['2222'], requester_cidrs: [0.0.0.0/0, '::/0']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "allow a", nil, nil},
		"allowed with IPv4 or with IPv6 CIDRs, but not with both": {"allow: [{name: a, accounts: ['2222'], requester_cidrs: [0.0.0.0/0]}, {name: b, accounts: ['2222'], requester_cidrs: ['::/0']}]",
			"2222 cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b", "undecided ", []string{"a", "b"}, []string{"requester CIDRs"}},
		"rejected with any CIDRs": {"reject: [{name: r, requester_cidrs: [0.0.0.0/0, '::/0']}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a nonsense > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"a CIDR that cannot be read matches no allow rule": {"allow: [{name: a, accounts: ['2222'], requester_cidrs: [0.0.0.0/0, '::/0']}]",
			"2222 cn-hangzhou vpc-a 10.1.0.0/16,nonsense > 1111 cn-shanghai vpc-b", "reject default", nil, nil},
		"a CIDR that cannot be read may be rejected": {"reject: [{name: r, requester_cidrs: [10.0.0.0/8]}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a 192.168.0.0/16,nonsense > 1111 cn-shanghai vpc-b", "undecided ", []string{"r"}, []string{"requester CIDRs"}},
		"a CIDR that cannot be read beside one that is rejected": {"reject: [{name: r, requester_cidrs: [10.0.0.0/8]}]\nallow: [{name: a, accounts: ['2222']}]",
			"2222 cn-hangzhou vpc-a nonsense,10.1.0.0/16 > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"the only account that is allowed is rejected": {"reject: [{name: r, accounts: ['2222']}]\nallow: [{name: a, accounts: ['2222']}]",
			"- cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "reject r", nil, nil},
		"every account is allowed": {"allow: [{name: a, accounts: ['*']}]",
			"- cn-hangzhou vpc-a 10.1.0.0/16 > 1111 cn-shanghai vpc-b", "allow a", nil, nil},
		"nobody is allowed": {"allow: []", "- - - - > - - -", "reject default", nil, nil},
	} {
		p := load(t, head+test.rules+"\n")
		c := connection(test.connection)
		d := p.Decide(c, time.Now())
		if got := string(d.Verdict) + " " + d.Rule; got != test.want {
			t.Errorf("%s: got %s, want %s (%s)", name, got, test.want, d.Reason())
		}
		if diff := cmp.Diff([][]string{test.hangsOn, test.missing}, [][]string{d.HangsOn(), d.Missing()}); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		checkExplained(t, p, c, time.Now())
	}
}

// notMapped returns the IPv6 CIDRs, each in quotes, that together hold every address but those of ::ffff:0:0/96. The one of
// length n is at index n-1.
func notMapped() []string {
	var cidrs []string
	for bit := range 96 {
		a := netip.MustParseAddr("::ffff:0:0").As16()
		a[bit/8] ^= 0x80 >> (bit % 8)
		cidrs = append(cidrs, fmt.Sprintf("'%s'", netip.PrefixFrom(netip.AddrFrom16(a), bit+1).Masked()))
	}
	return cidrs
}

// TestUnreadableCIDRIsNamed: an allow rule that fails on a CIDR which cannot be read says so.
func TestUnreadableCIDRIsNamed(t *testing.T) {
	t.Parallel()
	p := load(t, one("requester_cidrs: [10.1.0.0/16]"))
	for _, cidr := range []string{"nonsense", "10.1.0.0", "10.1.0.0/99", "::ffff:10.1.0.0/80"} {
		d := p.Decide(connection("1 cn-hangzhou vpc-a 10.1.0.0/16,"+cidr+" > 1111 cn-shanghai vpc-b"), time.Now())
		if want := fmt.Sprintf("rule a names account 1, but requester CIDR %q cannot be read", cidr); d.Verdict != policy.Reject || d.Reason() != want {
			t.Errorf("%s: %s: %s", cidr, d.Verdict, d.Reason())
		}
	}
}

// TestTooMuchToFindOut: if the search would take too long there is no verdict, rather than a wrong one, and it ends soon.
func TestTooMuchToFindOut(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(head + "reject:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  - {name: r%d, requester_regions: [cn-a%d], requester_vpcs: [vpc-%d], accepter_regions: [cn-b%d], accepter_vpcs: [vpc-x%d]}\n", i, i, (i*7)%300, (i*11)%300, (i*13)%300)
	}
	list := func(format string) string {
		var words []string
		for i := range 300 {
			words = append(words, fmt.Sprintf(format, i))
		}
		return strings.Join(words, ", ")
	}
	fmt.Fprintf(&b, "  - {name: last, requester_regions: [%s]}\n", list("cn-a%d"))
	fmt.Fprintf(&b, "allow:\n  - {name: a, accounts: ['2222'], requester_regions: [%s], requester_vpcs: [%s], accepter_regions: [%s], accepter_vpcs: [%s]}\n",
		list("cn-a%d"), list("vpc-%d"), list("cn-b%d"), list("vpc-x%d"))
	p := load(t, b.String())
	start := time.Now()
	d := p.Decide(connection("2222 - - 10.1.0.0/16 > 1111 - -"), time.Now())
	if took := time.Since(start); d.Verdict != policy.Undecided || took > time.Second {
		t.Errorf("%s after %v", d.Verdict, took)
	}
}

// FuzzUnknown compares the verdict on a connection of which facts are unknown with those of all connections that it may be.
// In both directions: a verdict is the verdict on each of them, and if there is none, two of them differ.
func FuzzUnknown(f *testing.F) {
	seedDraws(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkUnknown(t, data) })
}

// TestUnknownIsExact does the same with random policies and connections, enough to see every verdict often.
func TestUnknownIsExact(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{13})
	seen := map[policy.Verdict]int{}
	for range 2000 {
		data := make([]byte, 500)
		_, _ = random.Read(data)
		for _, v := range checkUnknown(t, data) {
			seen[v]++
		}
	}
	if seen[policy.Allow] < 500 || seen[policy.Reject] < 500 || seen[policy.Undecided] < 500 {
		t.Errorf("verdicts: %v", seen)
	}
}

// checkUnknown draws a policy and some connections, and returns the verdicts.
func checkUnknown(t *testing.T, data []byte) (verdicts []policy.Verdict) {
	t.Helper()
	d := &draw{data}
	reject, allow := d.rules()
	p := load(t, printPolicy(reject, allow))
	for range 4 {
		c, at := d.connection(), d.time()
		for range d.below(3) {
			d.forget(c)
		}
		checkFillings(t, p, reject, allow, c, at)
		checkExplained(t, p, c, at)
		verdicts = append(verdicts, p.Decide(c, at).Verdict)
	}
	return verdicts
}

// forget makes one more fact unknown.
func (d *draw) forget(c *peering.Connection) {
	switch d.below(8) {
	case 6:
		c.Requester.Path = ""
	case 7:
		c.Accepter.Path = ""
	case 0:
		c.Requester.Region = ""
	case 1:
		c.Requester.VPC = ""
	case 2:
		c.Requester.CIDRs = nil
	case 3:
		c.Accepter.Region = ""
	case 4:
		c.Accepter.VPC = ""
	case 5:
		c.Requester.CIDRs = append(c.Requester.CIDRs, "nonsense")
	}
}

func checkFillings(t *testing.T, p *policy.Policy, reject, allow []ruleText, c *peering.Connection, at time.Time) {
	t.Helper()
	var allowed, rejected *peering.Connection
	over := func(r ruleText) bool { return r.over(at) }
	reject, allow = slices.DeleteFunc(slices.Clone(reject), over), slices.DeleteFunc(slices.Clone(allow), over)
	unread := unreadable(c.Requester.CIDRs)
	for full := range fillings(c, slices.Concat(reject, allow)) {
		matches := func(r ruleText) bool { return r.matches(full, unread) }
		switch {
		case slices.ContainsFunc(reject, func(r ruleText) bool { return r.matchesReject(full) }), !slices.ContainsFunc(allow, matches):
			rejected = full
		default:
			allowed = full
		}
		if allowed != nil && rejected != nil {
			break
		}
	}
	want := policy.Undecided
	switch {
	case allowed == nil:
		want = policy.Reject
	case rejected == nil:
		want = policy.Allow
	}
	if d := p.Decide(c, at); d.Verdict != want {
		t.Errorf("%+v\nis %s (%s), want %s: allowed as %+v, rejected as %+v\nreject %+v\nallow %+v", c, d.Verdict, d.Reason(), want, allowed, rejected, reject, allow)
	}
}

// fillings yields what the connection may be, as far as the rules can tell. Its CIDRs are then those that can be read, and
// those that stand for the others.
func fillings(c *peering.Connection, rules []ruleText) iter.Seq[*peering.Connection] {
	facts := []struct{ key, fact, other string }{
		{"accounts", string(c.Requester.Account), "9999"},
		{"requester_regions", c.Requester.Region, "zz-other"},
		{"requester_vpcs", c.Requester.VPC, "vpc-other"},
		{"accepter_accounts", string(c.Accepter.Account), "9999"},
		{"accepter_regions", c.Accepter.Region, "zz-other"},
		{"accepter_vpcs", c.Accepter.VPC, "vpc-other"},
		{"requester_folders", string(c.Requester.Path), ""},
		{"accepter_folders", string(c.Accepter.Path), ""},
	}
	lists := allCIDRs(c.Requester.CIDRs)
	values := make([]string, len(facts))
	return func(yield func(*peering.Connection) bool) {
		var fill func(i int) bool
		fill = func(i int) bool {
			if i < len(facts) {
				words := named(rules, facts[i].key, facts[i].fact, facts[i].other)
				if strings.HasSuffix(facts[i].key, "_folders") && facts[i].fact == "" {
					words = paths(words)
				}
				for _, v := range words {
					if values[i] = v; !fill(i + 1) {
						return false
					}
				}
				return true
			}
			for _, cidrs := range lists {
				if !yield(&peering.Connection{
					ID:        c.ID,
					Requester: peering.Side{Account: peering.Account(values[0]), Region: values[1], VPC: values[2], CIDRs: cidrs, Path: peering.Path(values[6])},
					Accepter:  peering.Side{Account: peering.Account(values[3]), Region: values[4], VPC: values[5], Path: peering.Path(values[7])},
				}) {
					return false
				}
			}
			return true
		}
		fill(0)
	}
}

// named returns the fact, or if it is unknown every value that a rule names, and one that none names.
func named(rules []ruleText, key, fact, other string) []string {
	if fact != "" {
		return []string{fact}
	}
	words := []string{other}
	for _, r := range rules {
		words = append(words, r.lists[key]...)
	}
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(w string) bool { return w == "*" })
}

// paths returns where an account can be: outside, or below any root in any set of the folders. The words are folders, and one
// that is empty.
func paths(words []string) []string {
	all := []string{string(peering.Outside)}
	for _, root := range append(slices.Clip(words), "r-other") {
		if !strings.HasPrefix(root, "r-") {
			continue
		}
		below := []string{"rd-a/" + root}
		for _, folder := range words {
			if strings.HasPrefix(folder, "fd-") {
				for _, path := range below {
					below = append(below, path+"/"+folder)
				}
			}
		}
		all = append(all, below...)
	}
	return all
}

// allCIDRs returns lists of CIDRs of every kind that the rules of a test can tell apart.
func allCIDRs(told []string) [][]string {
	readable := slices.DeleteFunc(slices.Clone(told), func(text string) bool { return unreadable([]string{text}) })
	if len(told) > 0 && len(readable) == len(told) {
		return [][]string{told}
	}
	var lists [][]string
	for _, text := range append(slices.Clip(blocks), "10.1.2.0/24", "10.1.200.0/24", "10.9.0.0/16", "172.16.0.0/12", "2001:db8:2::/48", "fd00::/8", "10.1.2.3/32", "8.8.8.8/32") {
		lists = append(lists, append(slices.Clip(readable), text))
	}
	return append(lists, append(slices.Clip(readable), "0.0.0.0/0", "::/0"))
}

func unreadable(cidrs []string) bool {
	return slices.ContainsFunc(cidrs, func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err != nil || p.Addr().Is4In6() && p.Bits() < 96
	})
}

// matches is what README says of an allow rule. If the connection has a CIDR that cannot be read, the rule must not look at
// CIDRs.
func (r ruleText) matches(c *peering.Connection, unreadable bool) bool {
	cidrs := r.lists["requester_cidrs"]
	inside := func(text string) bool {
		p := netip.MustParsePrefix(text)
		return slices.ContainsFunc(cidrs, func(outer string) bool {
			o := netip.MustParsePrefix(outer)
			return o.Bits() <= p.Bits() && o.Contains(p.Addr())
		})
	}
	outside := func(text string) bool { return !inside(text) }
	return r.matchesPlaces(c) && (len(cidrs) == 0 || !unreadable && !slices.ContainsFunc(c.Requester.CIDRs, outside))
}

// matchesReject is what README says of a reject rule.
func (r ruleText) matchesReject(c *peering.Connection) bool {
	cidrs := r.lists["requester_cidrs"]
	overlaps := func(text string) bool {
		return slices.ContainsFunc(cidrs, func(other string) bool { return netip.MustParsePrefix(text).Overlaps(netip.MustParsePrefix(other)) })
	}
	return r.matchesPlaces(c) && (len(cidrs) == 0 || slices.ContainsFunc(c.Requester.CIDRs, overlaps))
}

func (r ruleText) matchesPlaces(c *peering.Connection) bool {
	for _, place := range [...]struct{ key, fact string }{
		{"requester_regions", c.Requester.Region}, {"requester_vpcs", c.Requester.VPC}, {"accepter_accounts", string(c.Accepter.Account)},
		{"accepter_regions", c.Accepter.Region}, {"accepter_vpcs", c.Accepter.VPC}, {"connections", c.ID},
	} {
		if words := r.lists[place.key]; len(words) > 0 && !slices.Contains(words, place.fact) {
			return false
		}
	}
	if !r.matchesFolders("requester_folders", c.Requester.Path) || !r.matchesFolders("accepter_folders", c.Accepter.Path) {
		return false
	}
	who := r.lists["accounts"]
	return len(who) == 0 || slices.Contains(who, "*") || slices.Contains(who, string(c.Requester.Account))
}

func (r ruleText) matchesFolders(key string, path peering.Path) bool {
	above := strings.Split(string(path), "/")
	return len(r.lists[key]) == 0 || slices.ContainsFunc(r.lists[key], func(folder string) bool { return slices.Contains(above, folder) })
}

// over reports whether the rule has expired.
func (r ruleText) over(at time.Time) bool {
	if r.until == "" {
		return false
	}
	if day, err := time.Parse(time.DateOnly, r.until); err == nil {
		return !at.Before(day.AddDate(0, 0, 1))
	}
	last, err := time.Parse(time.RFC3339, r.until)
	return err != nil || at.After(last)
}

// BenchmarkUnknown judges a connection without CIDRs by a policy of a hundred rules.
func BenchmarkUnknown(b *testing.B) {
	p, err := policy.Load(fstest.MapFS{"p": {Data: []byte(inlinePolicy(10_000, "    requester_cidrs: [10.0.0.0/8]\n"))}}, "p")
	if err != nil {
		b.Fatal(err)
	}
	c := connection(accountAt(5000) + " cn-hangzhou vpc-a - > 1111 cn-shanghai vpc-b")
	for b.Loop() {
		if p.Decide(c, time.Time{}).Verdict != policy.Undecided {
			b.Fatal("decided")
		}
	}
}
