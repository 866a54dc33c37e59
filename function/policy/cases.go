package policy

import (
	"fmt"
	"io/fs"
	"path"
	"time"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// Tests are the cases of a file such as policy_test.yaml.
type Tests struct {
	Policy string // path of the policy file, in the same file system
	Cases  []Case // at least one
}

// Case is a connection and what the policy must say of it.
type Case struct {
	Position
	Name       string
	Connection peering.Connection
	At         time.Time // the clock for until; zero: now
	Expect     Verdict
	Rule       string // the rule that must decide; empty: any
}

// LoadTests reads a file of policy tests. The error, if any, is an [Errors]; a file without a case is one.
func LoadTests(fsys fs.FS, name string) (*Tests, error) {
	d := caseDecoder{tests: &Tests{Policy: path.Join(path.Dir(name), "policy.yaml")}, names: map[string]int{}}
	read := func(file string) ([]byte, error) {
		data, _, _, err := readFile(fsys, file)
		return data, err
	}
	if d.open(name, read) {
		d.decode()
	}
	if len(d.errs) > 0 {
		d.errs.sort(name)
		return nil, d.errs
	}
	return d.tests, nil
}

// caseDecoder makes tests of the nodes of their file.
type caseDecoder struct {
	decoder
	tests *Tests
	names map[string]int // line of each case
}

func (d *caseDecoder) decode() {
	root := d.root()
	if root == nil {
		return
	}
	d.mapping(root, "a file of policy tests", []field{
		{"version", "it is the number 1", d.version},
		{"policy", "", d.policy},
		{"cases", "without a case nothing is tested", func(n *yaml.Node) {
			d.list(n, "cases", "without a case nothing is tested", d.testCase)
		}},
	})
}

func (d *caseDecoder) policy(n *yaml.Node) {
	if file, ok := d.path(n, "policy"); ok {
		d.tests.Policy = path.Join(path.Dir(d.doc.name), file)
	}
}

func (d *caseDecoder) testCase(n *yaml.Node) {
	c := Case{Position: d.position(n)}
	d.mapping(n, "a case", []field{
		{"name", "it appears in the results", func(n *yaml.Node) { c.Name = d.caseName(n) }},
		{"requester", "the side that asks", func(n *yaml.Node) { c.Connection.Requester = d.side(n, "requester") }},
		{"accepter", "the guarded side", func(n *yaml.Node) { c.Connection.Accepter = d.side(n, "accepter") }},
		{"at", "", func(n *yaml.Node) { c.At = d.clock(n) }},
		{"expect", "allow or reject", func(n *yaml.Node) { c.Expect = d.verdict(n) }},
		{"rule", "", func(n *yaml.Node) { c.Rule, _ = d.text(n, "rule") }},
	})
	d.tests.Cases = append(d.tests.Cases, c)
}

func (d *caseDecoder) caseName(n *yaml.Node) string {
	name, ok := d.text(n, "name")
	if !ok {
		return ""
	}
	if line, taken := d.names[name]; taken {
		d.bad(n, "duplicate case name %q, first on line %d", name, line)
		return name
	}
	d.names[name] = n.Line
	return name
}

func (d *caseDecoder) side(n *yaml.Node, what string) peering.Side {
	var s peering.Side
	d.mapping(n, what, []field{
		{"account", "an account id", func(n *yaml.Node) { s.Account = d.accountID(n) }},
		{"region", "", func(n *yaml.Node) { s.Region = d.checked(n, "region", region) }},
		{"vpc", "", func(n *yaml.Node) { s.VPC = d.checked(n, "vpc", vpc) }},
		{"cidrs", "", func(n *yaml.Node) { s.CIDRs = d.words(n, "cidrs", apiCIDR) }},
	})
	return s
}

// apiCIDR checks a CIDR of a connection, which may have host bits.
func apiCIDR(text string) string {
	if _, ok := parseCIDR(text); ok {
		return ""
	}
	return fmt.Sprintf("bad CIDR %q: it is written like 10.1.0.0/16 or 2001:db8::/32", text)
}

func (d *caseDecoder) clock(n *yaml.Node) time.Time {
	text, ok := d.scalar(n, "at")
	if !ok {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	at, ok := parseInstant(text)
	if !ok {
		d.bad(n, "bad at %q: it is an instant, 2026-11-01T00:00:00Z, or a day, 2026-11-01", text)
	}
	return at
}

func (d *caseDecoder) verdict(n *yaml.Node) Verdict {
	word, ok := d.scalar(n, "expect")
	if v := Verdict(word); !ok || v == Allow || v == Reject {
		return v
	}
	d.bad(n, "expect must be allow or reject, not %q%s", word, suggestion(word, string(Allow), string(Reject)))
	return ""
}
