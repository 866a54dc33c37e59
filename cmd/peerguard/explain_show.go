package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// explained is a connection and what the policy says of it, or why the function would not look at it.
type explained struct {
	InstanceID string       `json:"instance_id,omitempty"`
	Requester  peering.Side `json:"requester,omitzero"`
	Accepter   peering.Side `json:"accepter,omitzero"`
	Ignored    string       `json:"ignored,omitempty"`
	*policy.Explanation
}

func (x *explained) printLine(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(x); err != nil {
		return fmt.Errorf("writing result: %w", err)
	}
	return nil
}

// show prints the verdict, then a line for each rule.
func (x *explained) show(out *console) {
	if x.Ignored != "" {
		fmt.Fprintln(out.stdout, "ignored:", x.Ignored)
		return
	}
	fmt.Fprintf(out.stdout, "%s%s\n", title(x.InstanceID), ends(x.Requester, x.Accepter))
	fmt.Fprintf(out.stdout, "%s (%s): %s\n\n", out.tintVerdict(x.Verdict), x.Rule, x.Reason)
	t := newTable(out, "rule", "verdict", "matches", "key", "value", "why")
	for _, r := range x.Rules {
		t.AppendRow(table.Row{r.Rule, out.tintVerdict(r.Verdict), matches(r), r.Key, r.Value, r.Text})
	}
	last := table.Row{policy.DefaultRule, out.tintVerdict(policy.Reject), "yes", "", "", "matches, but an earlier rule has decided"}
	if x.Rule == policy.DefaultRule {
		last = table.Row{policy.DefaultRule, out.tintVerdict(policy.Reject), "decides", "", "", "no other rule matches"}
	}
	t.AppendRow(last)
	t.SuppressTrailingSpaces()
	t.Render()
}

func title(id string) string {
	if id == "" {
		return ""
	}
	return id + ": "
}

func ends(requester, accepter peering.Side) string {
	return "from " + side(requester) + " to " + side(accepter)
}

// side gives what is known of one end.
func side(s peering.Side) string {
	words := []string{"an unknown account"}
	if s.Account.Known() {
		words = []string{"account " + string(s.Account)}
	}
	for _, w := range append([]string{s.Region, s.VPC}, s.CIDRs...) {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func matches(r policy.RuleExplanation) string {
	switch {
	case r.Decides:
		return "decides"
	case r.Matches:
		return "yes"
	}
	return "no"
}

// note says something on stderr that the result alone does not.
func (out *console) note(format string, args ...any) {
	fmt.Fprintf(out.stderr, "peerguard: "+format+"\n", args...)
}

// doubts notes where a real run may come to another end, and why.
func (out *console) doubts(s subject, x explained) {
	requester, accepter := s.connection.Requester.Account, s.connection.Accepter.Account
	switch {
	case !requester.Known():
		out.note("%swho the requester is does not stand there: ask with --requester and --accepter", title(x.InstanceID))
	case requester == accepter:
		out.note("%srequester and accepter are one account: the function ignores such a connection", title(x.InstanceID))
	}
	if rule := x.missesCIDRs(); rule != "" {
		out.note("%sthe requester's CIDRs are not known here, and rule %s looks at them: ask with --requester-cidr", title(x.InstanceID), rule)
	}
	if s.said != "" && (s.said != x.Verdict || s.rule != x.Rule) {
		out.note("%sthe report says %s, this policy now says %s", title(x.InstanceID), ruled(s.said, s.rule), ruled(x.Verdict, x.Rule))
	}
}

// missesCIDRs gives the first rule that might decide if the CIDRs of the requester were known.
func (x *explained) missesCIDRs() string {
	for _, r := range x.Rules {
		if r.Decides {
			break
		}
		if r.Key == "requester_cidrs" && r.Value == "" {
			return r.Rule
		}
	}
	return ""
}
