package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/analysis"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// difference is how two policies differ. It is what diff --json prints.
type difference struct {
	Equal  bool         `json:"equal"` // in their verdicts
	Opens  []cause      `json:"opens"`
	Closes []cause      `json:"closes"`
	Reach  []string     `json:"reach"`
	Live   []liveChange `json:"live,omitzero"` // with --report

	older, newer comparedPolicy
	at           time.Time
	reach        []reachChange
	seen         int // connections in the report
}

// cause is two rules that decide differently, with a connection that they decide on.
type cause struct {
	Old      ruling  `json:"old"`
	New      ruling  `json:"new"`
	Witness  witness `json:"witness"`
	Accounts int     `json:"accounts,omitempty"` // of those that the rules name

	change analysis.Change
}

type ruling struct {
	Decision policy.Verdict `json:"decision"`
	Rule     string         `json:"rule"`
	At       string         `json:"at,omitempty"` // file:line; "" for the default rule
}

type witness struct {
	Requester  peering.Side `json:"requester"`
	Accepter   peering.Side `json:"accepter"`
	InstanceID string       `json:"instance_id,omitempty"`
	At         time.Time    `json:"at"`
}

// liveChange is a connection whose verdict changes.
type liveChange struct {
	InstanceID string         `json:"instance_id"`
	Old        policy.Verdict `json:"old"`
	New        policy.Verdict `json:"new"`
}

func newDifference(older, newer comparedPolicy, found *analysis.Comparison, at time.Time) *difference {
	d := &difference{
		Equal: len(found.Opens)+len(found.Closes) == 0, Opens: []cause{}, Closes: []cause{}, Reach: []string{},
		older: older, newer: newer, at: at, reach: reach(older.rules, newer.rules),
	}
	for _, c := range found.Opens {
		d.Opens = append(d.Opens, d.cause(c))
	}
	for _, c := range found.Closes {
		d.Closes = append(d.Closes, d.cause(c))
	}
	for _, r := range d.reach {
		d.Reach = append(d.Reach, r.text)
	}
	return d
}

func (d *difference) cause(c analysis.Change) cause {
	return cause{newRuling(c.Old, d.older.path), newRuling(c.New, d.newer.path), newWitness(&c.Witness), c.Accounts, c}
}

func newRuling(m *policy.Match, path string) ruling {
	r := ruling{Decision: m.Verdict, Rule: m.Name}
	if m.Line > 0 {
		r.At = fmt.Sprintf("%s:%d", path, m.Line)
	}
	return r
}

func newWitness(w *analysis.Witness) witness {
	return witness{w.Requester, w.Accepter, w.ID, w.At.UTC()}
}

// fails reports whether there is a change on which the command fails: opens, any or none.
func (d *difference) fails(on string) bool {
	opens := len(d.Opens) > 0
	for _, r := range d.reach {
		opens = opens || r.opens
	}
	return on == "opens" && opens || on == "any" && (!d.Equal || len(d.reach) > 0)
}

// show prints the difference for people.
func (d *difference) show(out *console) {
	d.showCauses(out, "opens", text.FgRed, d.Opens)
	d.showCauses(out, "closes", text.FgYellow, d.Closes)
	if len(d.reach) > 0 {
		fprintf(out.stdout, "%s\n\n", out.tint(text.Bold, "reach: what the policy can do at all"))
	}
	for _, r := range d.reach {
		colour := text.Color(0)
		if r.opens {
			colour = text.FgRed
		}
		fprintf(out.stdout, "  %s\n", out.tint(colour, r.text))
	}
	if len(d.reach) > 0 {
		fprintf(out.stdout, "\n")
	}
	for _, l := range d.Live {
		fprintf(out.stdout, "%s: %s before, %s now\n", l.InstanceID, out.tintVerdict(l.Old), out.tintVerdict(l.New))
	}
	if d.Live != nil {
		fprintf(out.stdout, "%d of %s in the report: the verdict changes\n", len(d.Live), count(d.seen, "connection"))
	}
	fprintf(out.stdout, "%s\n", d.summary())
}

func (d *difference) showCauses(out *console, heading string, colour text.Color, causes []cause) {
	if len(causes) > 0 {
		fprintf(out.stdout, "%s\n\n", out.tint(colour, heading))
	}
	for i := range causes {
		c := &causes[i]
		fprintf(out.stdout, "  before: %s\n  now:    %s\n", c.Old.inWords(), c.New.inWords())
		if accounts := c.accounts(); accounts != "" {
			fprintf(out.stdout, "  for:    %s\n", accounts)
		}
		fprintf(out.stdout, "  as in:  %s\n\n", c.Witness.inWords(d.at))
	}
}

func (r ruling) inWords() string {
	words := fmt.Sprintf("%s by rule %s", r.Decision, r.Rule)
	if r.At != "" {
		words += " (" + r.At + ")"
	}
	return words
}

// accounts says how many accounts a cause is about; "" if the rules do not name accounts.
func (c *cause) accounts() string {
	if c.Accounts == 0 {
		return ""
	}
	words := thousands(c.Accounts) + " accounts"
	if c.Accounts == 1 {
		words = "1 account"
	}
	for _, m := range []*policy.Match{c.change.New, c.change.Old} {
		if m.Accounts != nil && m.AccountsFrom != "" {
			return words + " of " + m.AccountsFrom
		}
	}
	return words
}

// thousands writes a number with a comma before each three digits.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// inWords describes a witness. It says when, unless that is now.
func (w *witness) inWords(now time.Time) string {
	words := fmt.Sprintf("from %s to %s", sideInWords(w.Requester), sideInWords(w.Accepter))
	if w.InstanceID != "" {
		words = w.InstanceID + " " + words
	}
	if !w.At.Equal(now) {
		words += ", at " + w.At.Format(time.RFC3339Nano)
	}
	return words
}

// summary is the result in one sentence.
func (d *difference) summary() string {
	words := "equal in effect: both policies decide alike on every connection, now and at any later time"
	if !d.Equal {
		words = fmt.Sprintf("%s opens %s and closes %s, compared with %s", d.newer.path, causes(len(d.Opens)), causes(len(d.Closes)), d.old())
	}
	if n := len(d.reach); n > 0 {
		words += "; " + count(n, "change") + " of reach"
	}
	return words
}

func causes(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "1 way"
	}
	return thousands(n) + " ways"
}

func (d *difference) old() string {
	if d.older.path == d.newer.path {
		return "its earlier revision"
	}
	return d.older.path
}
