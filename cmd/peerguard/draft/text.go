package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"peerguard/cmd/peerguard/plain"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Policy returns the text of the policy.
func (d *Draft) Policy() string {
	var b strings.Builder
	for _, line := range d.facts.Provenance {
		b.WriteString(comment("", line))
	}
	b.WriteString("version: 1\nmode: dry-run\n\n")
	b.WriteString(directoryText(d.facts.Directory) + guardText(&d.facts.Guard))
	if len(d.rules) == 0 {
		b.WriteString("allow: []\n")
	} else {
		b.WriteString("allow:\n")
	}
	for i := range d.rules {
		r := &d.rules[i]
		for _, c := range r.from {
			b.WriteString(comment("  ", inWords(&c)))
		}
		b.WriteString(r.YAML("  ") + "\n")
	}
	b.WriteString(d.pendingText())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// pendingText returns the pending requests as comments: a reviewer allows one by moving its rule to the list allow.
func (d *Draft) pendingText() string {
	if len(d.pending) == 0 {
		return ""
	}
	text := comment("  ", "Pending requests, which this policy rejects. To allow one, remove the # in front of its rule.") + "\n"
	for i, c := range d.pending {
		r := For(fmt.Sprintf("pending-%d", i+1), c)
		r.Until = d.until()
		text += comment("  ", inWords(&c)) + r.YAML("  # ") + "\n"
	}
	return text
}

func (d *Draft) until() string { return d.facts.At.Add(lifetime).UTC().Format(time.DateOnly) }

// Tests returns the text of the policy's tests: a case for each connection, as of the day of the draft.
func (d *Draft) Tests() string {
	var b strings.Builder
	b.WriteString(comment("", "What policy.yaml must decide about the connections that it was drafted from."))
	b.WriteString("version: 1\npolicy: policy.yaml\n\ncases:\n")
	for _, c := range d.active {
		b.WriteString(d.testCase(&c, policy.Allow))
	}
	for _, c := range d.pending {
		b.WriteString(d.testCase(&c, policy.Reject))
	}
	if len(d.active)+len(d.pending) == 0 { // a file without cases tests nothing
		stranger := peering.Connection{ID: "pcc-stranger", Requester: peering.Side{Account: "9999999999999999"}, Accepter: peering.Side{Account: "1111111111111111"}}
		b.WriteString(d.testCase(&stranger, policy.Reject))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// testCase returns a case. The rule that decides is not always the one that the connection is the source of: where a fact is
// unknown, an earlier rule may match as well.
func (d *Draft) testCase(c *peering.Connection, expect policy.Verdict) string {
	return Case(c.ID, c, d.facts.At.UTC().Truncate(day), expect, d.policy.Decide(c, d.facts.At).Rule) + "\n"
}

const day = 24 * time.Hour

// Case returns a case of policy tests as an element of the list cases: what a policy must decide about a connection at a time,
// and by which rule.
func Case(name string, c *peering.Connection, at time.Time, expect policy.Verdict, rule string) string {
	text := fmt.Sprintf("  - name: %s\n    requester: %s\n    accepter: %s\n", word(name), sideText(&c.Requester), sideText(&c.Accepter))
	if c.ID != "" {
		text += "    connection: " + c.ID + "\n"
	}
	instant := at.UTC().Format(time.RFC3339Nano)
	if at.Equal(at.UTC().Truncate(day)) {
		instant = at.UTC().Format(time.DateOnly)
	}
	return text + fmt.Sprintf("    at: %s\n    expect: %s\n    rule: %s\n", instant, expect, word(rule))
}

// word returns a text in quotes of YAML unless it means itself without them: an id, such as those that Draft makes names of.
func word(text string) string {
	if before, _, hyphen := strings.Cut(text, "-"); text == policy.DefaultRule || hyphen && peering.MadeOf(peering.Letters, before, len(before)) && peering.MadeOf(peering.Letters+peering.Digits+"-", text, len(text)) {
		return text
	}
	return quote(text)
}

func sideText(s *peering.Side) string {
	var parts []string
	add := func(key, value string) {
		if value != "" {
			parts = append(parts, key+": "+value)
		}
	}
	add("account", quote(string(s.Account)))
	add("region", s.Region)
	add("vpc", s.VPC)
	if len(s.CIDRs) > 0 {
		add("cidrs", flow(s.CIDRs))
	}
	add("path", string(s.Path))
	return "{" + strings.Join(parts, ", ") + "}"
}

func directoryText(d *policy.Directory) string {
	if d == nil {
		return ""
	}
	text := "directory:\n  id: " + d.ID + "\n"
	if d.Role != "" {
		text += "  role: " + d.Role + "\n"
	}
	return text + "\n"
}

func guardText(g *policy.Guard) string {
	regions := "all"
	if g.Regions != nil {
		regions = flow(g.Regions)
	}
	text := "guard:\n  regions: " + regions + "\n"
	if len(g.Roles)+len(g.Folders) > 0 {
		text += "  accounts:\n"
	}
	for _, a := range slices.Sorted(maps.Keys(g.Roles)) {
		text += "    - role: " + g.Roles[a].ARN + "\n" + externalID(g.Roles[a].ExternalID)
	}
	for _, f := range g.Folders {
		text += "    - folder: " + f.Folder + "\n      role_name: " + quote(f.RoleName) + "\n" + externalID(f.ExternalID)
		if len(f.Except) > 0 {
			except := make([]string, len(f.Except))
			for i, a := range f.Except {
				except[i] = string(a)
			}
			text += "      except: " + flow(except) + "\n"
		}
	}
	if g.MaxRequesters > 0 {
		text += fmt.Sprintf("  max_requesters: %d\n", g.MaxRequesters)
	}
	return text + "\n"
}

func externalID(id string) string {
	if id == "" {
		return ""
	}
	return "      external_id: " + quote(id) + "\n"
}

// inWords describes a connection. Its name is somebody else's text.
func inWords(c *peering.Connection) string {
	words := fmt.Sprintf("%s, %s: %s to %s", c.ID, c.Status, sideInWords(&c.Requester), sideInWords(&c.Accepter))
	if c.Name != "" {
		words += fmt.Sprintf(", called %q by its requester", c.Name)
	}
	if c.Status.Pending() && c.Expires != "" {
		words += ", expires " + c.Expires
	}
	return words
}

func sideInWords(s *peering.Side) string {
	words := slices.Concat([]string{string(s.Account)}, region(s), vpc(s), cidrs(s))
	return strings.Join(words, " ")
}

// comment returns a line of a comment, whatever the text is.
func comment(indent, text string) string {
	return strings.TrimRight(indent+"# "+plain.Text(text), " ") + "\n"
}
