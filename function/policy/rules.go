package policy

import (
	"bytes"
	"cmp"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

const (
	accountsHint = `to match every account, write accounts: ["*"]`
	allowHint    = "to allow nobody, write allow: []"
	rejectHint   = "to have no reject rules, leave the key out"
)

// matching are the keys that say what a rule matches.
var matching = []string{
	"accounts", "accounts_from", "connections", "requester_folders", "requester_regions", "requester_vpcs", "requester_cidrs",
	"accepter_accounts", "accepter_folders", "accepter_regions", "accepter_vpcs",
}

// naming are the keys of which an allow rule needs one, so that no rule allows everybody by a slip.
var naming = []string{"accounts", "accounts_from", "requester_folders", "connections"}

// rules decodes both lists. Reject rules are tried first, even if the file has them last.
func (l *loader) rules(reject, allow *yaml.Node) {
	l.policy.rules = slices.Concat(l.ruleList(reject, Reject, rejectHint), l.ruleList(allow, Allow, allowHint))
	l.uniqueNames()
}

// uniqueNames reports duplicate names. Names are unique across both lists, and the second of two duplicates, in file order,
// is the one reported.
func (l *loader) uniqueNames() {
	slices.SortFunc(l.names, func(a, b *yaml.Node) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	lines := map[string]int{}
	for _, n := range l.names {
		if first, taken := lines[n.Value]; taken {
			l.bad(n, "duplicate rule name %q, first on line %d", n.Value, first)
		} else {
			lines[n.Value] = n.Line
		}
	}
}

func (l *loader) ruleList(n *yaml.Node, verdict Verdict, hint string) []rule {
	if n == nil || verdict == Allow && n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		return nil
	}
	var rules []rule
	l.list(n, string(verdict), hint, func(n *yaml.Node) {
		rules = append(rules, l.rule(n, verdict))
	})
	return rules
}

func (l *loader) rule(n *yaml.Node, verdict Verdict) rule {
	r := rule{verdict: verdict, at: l.position(n)}
	given := l.mapping(n, article(verdict)+" rule", slices.Concat([]field{
		{"name", "it appears in every report", func(n *yaml.Node) { r.name = l.ruleName(n) }},
		{"accounts", "", func(n *yaml.Node) { l.accounts(&r, n, "accounts") }},
		{"accounts_from", "", func(n *yaml.Node) {
			r.accounts, r.accountsFrom = append(r.accounts, l.accountsFrom(n)...), n.Value
		}},
	}, l.matchFields(&r, l.folders), []field{
		{"until", "", func(n *yaml.Node) { l.until(&r, n) }},
		{"owner", "", func(n *yaml.Node) { r.owner, _ = l.text(n, "owner") }},
		{"reason", "", func(n *yaml.Node) { r.reason, _ = l.text(n, "reason") }},
	}))
	if given != nil {
		l.complete(n, verdict, given)
	}
	return r
}

// matchFields are the keys that say what a rule matches, but for the requester's accounts.
func (d *decoder) matchFields(r *rule, folders func(n *yaml.Node, key string) []string) []field {
	return []field{
		{"connections", "", func(n *yaml.Node) { r.connections = newSet(d.words(n, "connections", checkConnection)) }},
		{"requester_folders", "", func(n *yaml.Node) { r.requesterFolders = newSet(folders(n, "requester_folders")) }},
		{"requester_regions", "", func(n *yaml.Node) { r.requesterRegions = newSet(d.regions(n, "requester_regions")) }},
		{"requester_vpcs", "", func(n *yaml.Node) { r.requesterVPCs = newSet(d.words(n, "requester_vpcs", checkVPC)) }},
		{"requester_cidrs", "", func(n *yaml.Node) { r.requesterCIDRs = d.cidrs(n) }},
		{"accepter_accounts", "", func(n *yaml.Node) { r.accepterAccounts = newSet(d.accepters(n)) }},
		{"accepter_folders", "", func(n *yaml.Node) { r.accepterFolders = newSet(folders(n, "accepter_folders")) }},
		{"accepter_regions", "", func(n *yaml.Node) { r.accepterRegions = newSet(d.regions(n, "accepter_regions")) }},
		{"accepter_vpcs", "", func(n *yaml.Node) { r.accepterVPCs = newSet(d.words(n, "accepter_vpcs", checkVPC)) }},
	}
}

func article(v Verdict) string {
	if v == Allow {
		return "an allow"
	}
	return "a reject"
}

// complete reports a rule that lacks more than its name: an allow rule must say whom it allows, a reject rule must say
// something.
func (l *loader) complete(n *yaml.Node, verdict Verdict, given keys) {
	has := func(k string) bool { _, ok := given[k]; return ok }
	switch {
	case verdict == Allow && !slices.ContainsFunc(naming, has):
		l.bad(n, `an allow rule needs the key "accounts", "accounts_from", "requester_folders" or "connections": %s`, accountsHint)
	case verdict == Reject && !slices.ContainsFunc(matching, has):
		l.bad(n, "a reject rule needs at least one key that says what it matches: %s", accountsHint)
	}
}

func (l *loader) ruleName(n *yaml.Node) string {
	name, ok := l.text(n, "name")
	if !ok {
		return ""
	}
	l.names = append(l.names, n)
	if name == DefaultRule {
		l.bad(n, "the rule name %q is reserved for the rule that rejects what no other rule decides", name)
	}
	return name
}

func (d *decoder) accounts(r *rule, n *yaml.Node, key string) {
	var list []entry
	d.list(n, key, accountsHint, func(n *yaml.Node) {
		e := entry{at: d.position(n)}
		if n.Kind == yaml.ScalarNode && n.Value == "*" {
			r.wildcard = &e
		} else if e.account = d.accountID(n); e.account != "" {
			list = append(list, e)
		}
	})
	d.doubtList(list)
	r.accounts = append(r.accounts, list...)
}

func (d *decoder) accepters(n *yaml.Node) (ids []string) {
	var list []entry
	d.list(n, "accepter_accounts", leaveOut, func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Value == "*" {
			d.bad(n, `"*" is only allowed in accounts: to match every accepter, leave accepter_accounts out`)
		} else if id := d.accountID(n); id != "" {
			if slices.Contains(ids, string(id)) {
				d.warn(d.position(n), ValueRepeated, "account %s is in this list already", id)
			}
			ids, list = append(ids, string(id)), append(list, entry{id, d.position(n)})
		}
	})
	d.doubtList(list)
	return ids
}

func (d *decoder) cidrs(n *yaml.Node) prefixes {
	words := d.words(n, "requester_cidrs", checkRuleCIDR)
	list := make([]netip.Prefix, 0, len(words))
	for _, w := range words {
		p, _ := parseCIDR(w)
		list = append(list, p)
	}
	return newPrefixes(words, list)
}

func (l *loader) until(r *rule, n *yaml.Node) {
	text, ok := l.scalar(n, "until")
	if !ok {
		return
	}
	r.until, r.untilAt = text, l.position(n)
	if r.end, ok = parseUntil(text); !ok {
		l.bad(n, "bad until %q: write the last valid day (2026-12-31) or instant (2026-12-31T18:00:00Z)", text)
	}
}

// parseUntil returns the first instant at which a rule no longer matches: the one after the last valid day or instant.
func parseUntil(text string) (end time.Time, ok bool) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	last, ok := parseInstant(text)
	return last.Add(time.Nanosecond), ok
}

// parseInstant reads an RFC 3339 date-time. UnmarshalText follows the RFC more strictly than time.Parse.
func parseInstant(text string) (at time.Time, ok bool) {
	err := at.UnmarshalText([]byte(text))
	return at, err == nil
}

// accountsFrom returns the account ids in the file that a rule names.
func (l *loader) accountsFrom(n *yaml.Node) []entry {
	name, ok := l.path(n, "accounts_from")
	if !ok {
		return nil
	}
	file := path.Join(path.Dir(l.doc.name), name)
	if list, ok := l.lists[file]; ok {
		return list
	}
	data, err := l.read(file)
	if err != nil {
		l.bad(n, "reading %s: %v", name, err)
		l.errs[len(l.errs)-1].cause = err
		return nil
	}
	if l.policy.Files == nil {
		l.policy.Files = map[string]string{}
	}
	l.policy.Files[name] = digest(data)
	l.lists[file] = l.accountList(newDocument(file, data))
	return l.lists[file]
}

// path returns the path of a file in the folder of the decoder's own, or below.
func (d *decoder) path(n *yaml.Node, key string) (string, bool) {
	name, ok := d.text(n, key)
	if ok && (!fs.ValidPath(name) || name == ".") {
		d.bad(n, "%s must be the path of a file in the same folder or below, with slashes and without .., not %q", key, name)
		return "", false
	}
	return name, ok
}

// accountList reads one account id per line. A # starts a comment.
func (l *loader) accountList(doc *document) []entry {
	d := decoder{doc: doc}
	l.policy.texts[doc.name] = doc
	var list []entry
	if d.readable() {
		list = d.accountLines()
		if len(list) == 0 && len(d.errs) == 0 {
			d.at(1, 1, "the file has no account ids: to allow nobody, write allow: [] in the policy")
		}
		d.doubtList(list)
	}
	l.others, l.warnings = append(l.others, d.errs...), append(l.warnings, d.warnings...)
	return list
}

func (d *decoder) accountLines() []entry {
	list := make([]entry, 0, d.doc.lines())
	for n := 1; n <= d.doc.lines(); n++ {
		line, _, _ := bytes.Cut(d.doc.raw(n), []byte("#"))
		text := bytes.TrimLeftFunc(line, unicode.IsSpace)
		id := bytes.TrimRightFunc(text, unicode.IsSpace)
		if len(id) == 0 {
			continue
		}
		column := 1 + utf8.RuneCount(line[:len(line)-len(text)])
		if e, ok := d.accountLine(string(id), n, column); ok {
			list = append(list, e)
		}
	}
	return list
}

func (d *decoder) accountLine(id string, line, column int) (entry, bool) {
	e := entry{peering.Account(id), Position{d.doc.name, line, column}}
	if id == "*" {
		d.at(line, column, `"*" is only allowed in the policy's accounts`)
		return e, false
	}
	if strings.ContainsAny(id, ",;'\" \t") {
		d.at(line, column, "bad account id %.60q: the file has one id a line, comments after #, and no quotes", id)
		return e, false
	}
	if complaint := checkAccount(id); complaint != "" {
		d.at(line, column, "%s", complaint)
		return e, false
	}
	d.doubtID(id, e.at)
	return e, true
}
