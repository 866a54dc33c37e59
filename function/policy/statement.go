package policy

import (
	"path"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// Statement says what the verdict must be on every connection of a kind, from now on. Only a comparison of policies can tell
// whether that is so.
type Statement struct {
	Position
	Name   string
	Expect Verdict // Allow or Reject

	subject rule   // matches as a reject rule does
	except  []rule // likewise
}

// Subject returns what the statement is about, apart from its exceptions.
func (s *Statement) Subject() Match { return s.subject.match() }

// Except returns what the statement leaves out.
func (s *Statement) Except() []Match {
	except := make([]Match, len(s.except))
	for i := range s.except {
		except[i] = s.except[i].match()
	}
	return except
}

// Concerns reports whether the statement is about a connection of which every fact is known that it looks at.
func (s *Statement) Concerns(c *peering.Connection) bool {
	matches := func(r rule) bool {
		named := func(e entry) bool { return e.account == c.Requester.Account }
		k, _ := r.mismatch(c, time.Time{})
		return k == none && (r.everyAccount() || slices.ContainsFunc(r.accounts, named))
	}
	return matches(s.subject) && !slices.ContainsFunc(s.except, matches)
}

func (d *caseDecoder) statement(n *yaml.Node) {
	s := Statement{Position: d.position(n), subject: rule{verdict: Reject}}
	d.mapping(n, "a statement", slices.Concat([]field{
		{"name", "it appears in the results", func(n *yaml.Node) { s.Name = d.uniqueName(n, "statement") }},
		{"except", "", func(n *yaml.Node) { s.except = d.exceptions(n) }},
	}, d.subject(&s.subject), []field{
		{"expect", "write expect: allow or expect: reject", func(n *yaml.Node) { s.Expect = d.expected(n) }},
	}))
	d.tests.Prove = append(d.tests.Prove, s)
}

// subject are the keys of a set of connections.
func (d *caseDecoder) subject(r *rule) []field {
	return append([]field{
		{"requester_accounts", "", func(n *yaml.Node) { d.accounts(r, n, "requester_accounts") }},
		{"accounts_from", "", func(n *yaml.Node) { r.accounts = append(r.accounts, d.accountsFrom(n)...) }},
	}, d.matchFields(r, func(n *yaml.Node, key string) []string { return d.words(n, key, checkFolder) })...)
}

// exceptions decodes one set of connections, or a list of them.
func (d *caseDecoder) exceptions(n *yaml.Node) (except []rule) {
	one := func(n *yaml.Node) {
		r := rule{verdict: Reject}
		if given := d.mapping(n, "an exception", d.subject(&r)); given != nil && len(given) == 0 {
			d.bad(n, "an exception without keys leaves out everything: list at least one key, or leave except out")
		}
		except = append(except, r)
	}
	if n.Kind == yaml.MappingNode {
		one(n)
	} else {
		d.list(n, "except", leaveOut, one)
	}
	return except
}

// accountsFrom returns the account ids in the file that a statement names.
func (d *caseDecoder) accountsFrom(n *yaml.Node) (list []entry) {
	name, ok := d.path(n, "accounts_from")
	if !ok {
		return nil
	}
	file := path.Join(path.Dir(d.doc.name), name)
	data, err := d.read(file)
	if err != nil {
		d.bad(n, "reading %s: %v", name, err)
		d.errs[len(d.errs)-1].cause = err
		return nil
	}
	listed := decoder{doc: newDocument(file, data)}
	if listed.readable() {
		list = listed.accountLines()
	}
	d.errs = append(d.errs, listed.errs...)
	return list
}

func (d *caseDecoder) expected(n *yaml.Node) Verdict {
	word, ok := d.scalar(n, "expect")
	if v := Verdict(word); !ok || v == Allow || v == Reject {
		return v
	}
	d.bad(n, "expect must be allow or reject, not %q%s", word, suggestion(word, string(Allow), string(Reject)))
	return ""
}
