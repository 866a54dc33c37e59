package policy_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// seeds adds every policy of the corpus, good and broken. It fails if there are too few.
func seeds(f *testing.F, add func(text string)) {
	f.Helper()
	good := files(f, "testdata/good/*.yaml", "")
	broken := files(f, "testdata/broken/*.txtar", "policy.yaml")
	if len(good) < 20 || len(broken) < 60 {
		f.Fatalf("%d good and %d broken seeds", len(good), len(broken))
	}
	for _, corpus := range []map[string]string{good, broken} {
		for _, name := range slices.Sorted(maps.Keys(corpus)) {
			add(corpus[name])
		}
	}
	add(language)
}

// FuzzLoad: any bytes are either a policy or lead to mistakes with positions inside the file. Nothing panics.
func FuzzLoad(f *testing.F) {
	seeds(f, func(text string) { f.Add([]byte(text), []byte("1111\n2222 # two\n")) })
	f.Add([]byte(one("accounts_from: ids.txt")), []byte("x\r\n\x00"))
	f.Fuzz(func(t *testing.T, text, ids []byte) {
		fsys := fstest.MapFS{"policy.yaml": {Data: text}, "ids.txt": {Data: ids}, "lists/ids.txt": {Data: ids}}
		p, err := policy.Load(fsys, "policy.yaml")
		if (p == nil) == (err == nil) {
			t.Fatalf("policy %v, error %v", p, err)
		}
		if err != nil {
			checkErrors(t, fsys, err)
			return
		}
		p.Warnings(time.Now())
		checkExplained(t, p, connection("1111 cn-hangzhou vpc-a 10.1.0.0/16 > 1112 cn-shanghai vpc-b"), time.Now())
	})
}

func checkErrors(t *testing.T, fsys fstest.MapFS, err error) {
	t.Helper()
	errs, ok := errors.AsType[policy.Errors](err)
	if !ok || len(errs) == 0 {
		t.Fatalf("%T: %v", err, err)
	}
	for i, e := range errs {
		data, ok := fsys[e.File]
		if lines := 1 + strings.Count(strings.ReplaceAll(string(data.Data), "\r", "\n"), "\n"); !ok || e.Line < 1 || e.Line > lines+1 || e.Column < 1 {
			t.Errorf("%s is outside its file", e.Position)
		}
		if e.Message == "" || strings.Contains(e.Error(), "\n") {
			t.Errorf("message %q", e.Message)
		}
		if s := e.Snippet(); s != "" && strings.Count(s, "\n") != 2 {
			t.Errorf("snippet %q", s)
		}
		if i > 0 && errs[i-1].File == e.File && (errs[i-1].Line > e.Line || errs[i-1].Line == e.Line && errs[i-1].Column > e.Column) {
			t.Errorf("%s comes after %s", e.Position, errs[i-1].Position)
		}
	}
}

// FuzzLoadTests: the same for files of policy tests.
func FuzzLoadTests(f *testing.F) {
	f.Add([]byte(casesText))
	f.Add([]byte(proveText))
	for _, text := range files(f, "testdata/broken_tests/*.txtar", "policy_test.yaml") {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fsys := fstest.MapFS{"policy_test.yaml": {Data: text}}
		tests, err := policy.LoadTests(fsys, "policy_test.yaml")
		if (tests == nil) == (err == nil) {
			t.Fatalf("tests %v, error %v", tests, err)
		}
		if err != nil {
			checkErrors(t, fsys, err)
			return
		}
		if r := tests.Run(load(t, casesPolicy), time.Now()); len(r.Cases)+len(tests.Prove) == 0 || len(r.Cases) != len(tests.Cases) {
			t.Errorf("%d results of %d cases", len(r.Cases), len(tests.Cases))
		}
	})
}

// draw makes choices out of fuzzed bytes.
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
		out = append(out, from[d.below(len(from))])
	}
	return out
}

// ruleText is a rule as a test writes it.
type ruleText struct {
	name, until string
	lists       map[string][]string
}

var (
	ids     = []string{"1111", "2222", "3333", "04444", "5555"}
	regions = []string{"cn-hangzhou", "cn-shanghai", "us-east-1"}
	vpcs    = []string{"vpc-a", "vpc-b", "vpc-c"}
	blocks  = []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.128.0/17", "192.168.0.0/16", "0.0.0.0/0", "2001:db8::/32", "2001:db8:1::/48", "::/0"}
	untils  = []string{"", "", "", "2025-12-31", "2026-06-15", "2026-12-31", "2026-06-15T12:00:00Z"}
	folders = []string{"r-top", "fd-a", "fd-b", "fd-c"}
	links   = []string{"pcc-1", "pcc-2"}
	places  = []string{"none", "rd-a/r-top", "rd-a/r-top/fd-a", "rd-a/r-top/fd-a/fd-b", "rd-a/r-top/fd-d/fd-c/fd-a", "rd-a/r-else/fd-b"}
	choices = []struct {
		key  string
		from []string
	}{
		{"requester_regions", regions}, {"requester_vpcs", vpcs}, {"requester_cidrs", blocks},
		{"accepter_accounts", ids}, {"accepter_regions", regions}, {"accepter_vpcs", vpcs},
		{"requester_folders", folders}, {"accepter_folders", folders}, {"connections", links},
	}
)

func (d *draw) rule(name string) ruleText {
	r := ruleText{name: name, until: untils[d.below(len(untils))], lists: map[string][]string{"accounts": d.some(ids)}}
	if d.below(8) == 7 {
		r.lists["accounts"] = append(r.lists["accounts"], "*")
	}
	for _, c := range choices {
		if d.below(4) == 3 {
			r.lists[c.key] = d.some(c.from)
		}
	}
	return r
}

// rules draws a policy of up to five rules of each kind.
func (d *draw) rules() (reject, allow []ruleText) {
	for i := range d.below(6) {
		reject = append(reject, d.rule(fmt.Sprintf("reject-%d", i)))
		if d.below(4) == 3 {
			delete(reject[i].lists, "accounts")
			reject[i].lists["requester_cidrs"] = d.some(blocks)
		}
	}
	for i := range d.below(6) {
		allow = append(allow, d.rule(fmt.Sprintf("allow-%d", i)))
		switch d.below(6) {
		case 4:
			delete(allow[i].lists, "accounts")
			allow[i].lists["connections"] = d.some(links)
		case 5:
			delete(allow[i].lists, "accounts")
			allow[i].lists["requester_folders"] = d.some(folders)
		}
	}
	return reject, allow
}

func (d *draw) connection() *peering.Connection {
	maybe := func(from []string) string { return append(slices.Clip(from), "")[d.below(len(from)+1)] }
	side := func() peering.Side {
		s := peering.Side{Account: peering.Account(maybe(ids)), Region: maybe(regions), VPC: maybe(vpcs), Path: peering.Path(maybe(places))}
		for range d.below(3) {
			s.CIDRs = append(s.CIDRs, append(slices.Clip(blocks), "10.1.2.0/24", "10.9.0.0/16", "nonsense")[d.below(len(blocks)+3)])
		}
		return s
	}
	return &peering.Connection{ID: maybe(links), Requester: side(), Accepter: side()}
}

func (d *draw) time() time.Time {
	return []time.Time{
		time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC), time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 6, 15, 12, 0, 1, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}[d.below(4)]
}

// printPolicy writes a policy file.
func printPolicy(reject, allow []ruleText) string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\ndirectory: {id: rd-a}\n")
	if len(reject) > 0 {
		b.WriteString("reject:\n" + printRules(reject))
	}
	if len(allow) == 0 {
		return b.String() + "allow: []\n"
	}
	return b.String() + "allow:\n" + printRules(allow)
}

func printRules(rules []ruleText) string {
	var b strings.Builder
	for _, r := range rules {
		b.WriteString("  - name: " + r.name + "\n")
		for _, key := range slices.Sorted(maps.Keys(r.lists)) {
			fmt.Fprintf(&b, "    %s: [%q", key, r.lists[key][0])
			for _, word := range r.lists[key][1:] {
				fmt.Fprintf(&b, ", %q", word)
			}
			b.WriteString("]\n")
		}
		if r.until != "" {
			b.WriteString("    until: " + r.until + "\n")
		}
	}
	return b.String()
}

func seedDraws(f *testing.F) {
	f.Helper()
	for i := range 24 {
		data := make([]byte, 200)
		for j := range data {
			data[j] = byte((j*j + 1) * (i*7 + 3) >> 2)
		}
		f.Add(data)
	}
}

// FuzzRoundTrip: a policy decides the same as its rules tried one by one, and the same as a policy that is written with other
// positions, quotes and order of keys.
func FuzzRoundTrip(f *testing.F) {
	seedDraws(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &draw{data}
		reject, allow := d.rules()
		text := printPolicy(reject, allow)
		p := load(t, text)
		q := load(t, shuffled(text))
		for range 8 {
			c, at := d.connection(), d.time()
			checkExplained(t, p, c, at)
			first, second := p.Decide(c, at), q.Decide(c, at)
			if first.Verdict != second.Verdict || first.Rule != second.Rule || first.Reason() != second.Reason() {
				t.Errorf("%s\n%+v at %v: %s (%s), printed again %s (%s)", text, c, at, first.Rule, first.Reason(), second.Rule, second.Reason())
			}
		}
	})
}

// shuffled writes the same policy another way: allow before reject, ids without quotes, a comment and a blank line after
// each line, and deeper indents.
func shuffled(text string) string {
	first, allow, _ := strings.Cut(text, "allow:")
	first, reject, found := strings.Cut(first, "reject:\n")
	lines := "allow:" + allow
	if found {
		lines += "reject:\n" + reject
	}
	for _, id := range ids {
		lines = strings.ReplaceAll(lines, `"`+id+`"`, id)
	}
	lines = strings.NewReplacer("\n    ", " # comment\n\n        ", "\n  - ", "\n      - ").Replace(lines)
	return "---\n" + lines + first + "...\n"
}

// FuzzMonotone: an account added to a reject rule never makes a rejected connection allowed, and one added to an allow rule
// never makes an allowed connection rejected.
func FuzzMonotone(f *testing.F) {
	seedDraws(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &draw{data}
		reject, allow := d.rules()
		before := load(t, printPolicy(reject, allow))
		verdict, rules := policy.Allow, allow
		if d.below(2) == 1 {
			verdict, rules = policy.Reject, reject
		}
		if len(rules) == 0 {
			return
		}
		r := rules[d.below(len(rules))]
		if _, named := r.lists["accounts"]; !named {
			return // to name an account there would narrow the rule
		}
		r.lists["accounts"] = append(r.lists["accounts"], append(slices.Clip(ids), "*", "7777")[d.below(len(ids)+2)])
		after := load(t, printPolicy(reject, allow))
		for range 8 {
			c, at := d.connection(), d.time()
			was, is := before.Decide(c, at), after.Decide(c, at)
			if was.Verdict == verdict && is.Verdict != verdict {
				t.Errorf("%+v at %v was %s by %s, and with one more account in %s it is %s by %s", c, at, was.Verdict, was.Rule, r.name, is.Verdict, is.Rule)
			}
		}
	})
}
