package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"peerguard/analysis"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// explainCommand shows what a policy says about a connection, and why.
type explainCommand struct {
	Event  string `arg:"" optional:"" name:"event.json" help:"An event, a report, an entry of a report, or the function's log in any form; - reads stdin."`
	Policy string `default:"policy.yaml" placeholder:"FILE" help:"The policy file; default: policy.yaml. - reads stdin."`
	At     clock  `placeholder:"TIME" help:"Judge as of this instant or day, such as 2026-11-01T00:00:00Z; default: now."`
	JSON   bool   `name:"json" help:"Print one line of JSON for each connection instead."`

	Requester       string   `group:"Instead of a file:" placeholder:"ACCOUNT" help:"The requester's account."`
	RequesterRegion string   `group:"Instead of a file:" placeholder:"REGION" help:"The region of its VPC."`
	RequesterVPC    string   `group:"Instead of a file:" name:"requester-vpc" placeholder:"VPC" help:"Its VPC."`
	RequesterCIDR   []string `group:"Instead of a file:" name:"requester-cidr" placeholder:"CIDR" help:"A CIDR of its VPC. Can be repeated."`
	RequesterPath   string   `group:"Instead of a file:" placeholder:"PATH" help:"Where the account is in the resource directory: rd-…/r-…/fd-…, or none if it is not in it."`
	Accepter        string   `group:"Instead of a file:" placeholder:"ACCOUNT" help:"The accepter's account."`
	AccepterRegion  string   `group:"Instead of a file:" placeholder:"REGION" help:"The region of its VPC."`
	AccepterVPC     string   `group:"Instead of a file:" name:"accepter-vpc" placeholder:"VPC" help:"Its VPC."`
	AccepterPath    string   `group:"Instead of a file:" placeholder:"PATH" help:"Where the account is in the resource directory, or none."`
	Connection      string   `group:"Instead of a file:" placeholder:"ID" help:"The connection's instance id; default: one that no rule names."`
}

// Help is the long text of --help.
func (*explainCommand) Help() string {
	return "Prints the verdict and, for each rule, whether it matches. If a rule does not match, it prints the first key that does not match and the connection's value. " +
		"If no rule matches, it prints the rule that would allow exactly this connection, to paste into the policy. Exits with 0 whatever the verdict.\n\n" +
		"An event is only a hint. Explain judges what its record says; the function asks the API and judges the answer.\n\n" +
		"Examples:\n\n" +
		"  go tool peerguard explain events/create-known-phisher.rejected.json\n" +
		"  go tool peerguard explain --requester 2222222222222222 --requester-cidr 10.1.0.0/16 \\\n" +
		"    --accepter 1111111111111111 --accepter-region cn-shanghai"
}

// Validate requires either a file or a connection's flags, and checks the flags' values.
func (e *explainCommand) Validate() error {
	flags := e.Requester + e.RequesterRegion + e.RequesterVPC + e.RequesterPath + e.Accepter + e.AccepterRegion + e.AccepterVPC + e.AccepterPath + e.Connection
	described := flags != "" || len(e.RequesterCIDR) > 0
	switch {
	case e.Event == "-" && e.Policy == "-":
		return errors.New("only one file can be read from stdin")
	case e.Event == "" && !described:
		return errors.New("pass an event file, or --requester and --accepter")
	case e.Event != "" && described:
		return errors.New("pass an event file or a connection's flags, not both")
	case e.Event != "":
		return nil
	case e.Requester == "" || e.Accepter == "":
		return errors.New("a connection needs both --requester and --accepter")
	}
	return e.validateFlags()
}

func (e *explainCommand) validateFlags() error {
	for _, flag := range [][2]string{{"--requester", e.Requester}, {"--accepter", e.Accepter}} {
		if !peering.ValidAccount(flag[1]) {
			return fmt.Errorf("%s %.40q is not an account id, which has at most 20 digits and nothing else", flag[0], flag[1])
		}
	}
	for _, flag := range [][2]string{{"--requester-region", e.RequesterRegion}, {"--accepter-region", e.AccepterRegion}} {
		if flag[1] != "" && !peering.ValidRegion(flag[1]) {
			return fmt.Errorf("%s %.40q is not a region id, such as cn-hangzhou", flag[0], flag[1])
		}
	}
	for _, flag := range [][2]string{{"--requester-path", e.RequesterPath}, {"--accepter-path", e.AccepterPath}} {
		if flag[1] != "" && flag[1] != string(peering.Outside) && !peering.ValidPath(flag[1]) {
			return fmt.Errorf("%s %.80q is neither a path in the resource directory, such as rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA, nor none", flag[0], flag[1])
		}
	}
	if e.Connection != "" && !peering.ValidID(e.Connection) {
		return fmt.Errorf("--connection %.80q is not an instance id, such as pcc-lnk0m24khwvtkm0001", e.Connection)
	}
	for _, cidr := range e.RequesterCIDR {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("--requester-cidr %.60q is not a CIDR, such as 10.1.0.0/16 or 2001:db8::/32", cidr)
		}
	}
	return nil
}

// Run explains each connection. A reject verdict is not a failure.
func (e *explainCommand) Run(out *console) error {
	file, err := openPolicyFile(e.Policy, out.stdin)
	if err != nil {
		return err
	}
	p, err := file.load()
	if err != nil {
		return out.refuse(err)
	}
	subjects, err := e.subjects(out.stdin)
	if hasEvent(subjects) {
		out.note("an event is only a hint: this explains its record, while the function asks the API and judges the answer")
	}
	for i, s := range subjects {
		if i > 0 && !e.JSON {
			fprintf(out.stdout, "\n")
		}
		if failed := e.explain(out, file, p, s, len(subjects) == 1); failed != nil {
			return errors.Join(err, failed)
		}
	}
	return err
}

// subjects returns the connections to explain. If only some can be read, it returns those and an error.
func (e *explainCommand) subjects(stdin io.Reader) ([]subject, error) {
	if e.Event != "" {
		return readSubjectFile(e.Event, stdin)
	}
	return []subject{{connection: peering.Connection{
		ID: e.Connection,
		Requester: peering.Side{
			Account: peering.Account(e.Requester), Region: e.RequesterRegion, VPC: e.RequesterVPC, CIDRs: e.RequesterCIDR, Path: peering.Path(e.RequesterPath),
		},
		Accepter: peering.Side{Account: peering.Account(e.Accepter), Region: e.AccepterRegion, VPC: e.AccepterVPC, Path: peering.Path(e.AccepterPath)},
	}}}, nil
}

// explain explains a connection. One that is alone is worth the time that a comparison of policies takes.
func (e *explainCommand) explain(out *console, file policyFile, p *policy.Policy, s subject, alone bool) error {
	x := explanation{InstanceID: s.connection.ID, Requester: s.connection.Requester, Accepter: s.connection.Accepter, Ignored: s.ignored}
	if s.ignored == "" {
		x.Explanation = new(p.Explain(&s.connection, e.At.now()))
		for i := range x.Rules {
			x.Rules[i].File = file.path(x.Rules[i].File)
		}
		x.propose(p, &s.connection)
		if alone {
			if err := x.compare(p, e.At.now()); err != nil {
				return err
			}
		}
		x.noteDoubts(out, s)
	}
	if e.JSON {
		return out.printJSONLine(x)
	}
	x.show(out)
	return nil
}

// explanation is a connection and what the policy says about it, or why the function would ignore it.
type explanation struct {
	InstanceID string       `json:"instance_id,omitempty"`
	Requester  peering.Side `json:"requester,omitzero"`
	Accepter   peering.Side `json:"accepter,omitzero"`
	Ignored    string       `json:"ignored,omitempty"`
	*policy.Explanation
	Proposal string `json:"proposal,omitempty"` // the rule that would allow exactly this, as an element of the list allow

	open  []string          // keys that the proposal lacks, because the facts are not known
	opens []analysis.Change // what the policy would allow with the proposal
	at    time.Time         // as of when
}

// show prints the verdict, then a line for each rule.
func (x *explanation) show(out *console) {
	if x.Ignored != "" {
		fprintf(out.stdout, "ignored: %s\n", x.Ignored)
		return
	}
	fprintf(out.stdout, "%sfrom %s to %s\n", x.prefix(), sideInWords(x.Requester), sideInWords(x.Accepter))
	fprintf(out.stdout, "%s: %s\n", x.verdict(out), x.Reason)
	if x.Unguarded != "" {
		fprintf(out.stdout, "%s\n", x.Unguarded)
	}
	fprintf(out.stdout, "\n")
	t := out.newTable("rule", "verdict", "matches", "key", "value", "why")
	for _, r := range x.Rules {
		t.AppendRow(row(r.Rule, out.tintVerdict(r.Verdict), matches(r), r.Key, r.Value, r.Text))
	}
	last := row(policy.DefaultRule, out.tintVerdict(policy.Reject), "yes", "", "", "matches, but an earlier rule decides")
	switch x.Rule {
	case policy.DefaultRule:
		last = row(policy.DefaultRule, out.tintVerdict(policy.Reject), "decides", "", "", "no other rule matches")
	case "":
		last = row(policy.DefaultRule, out.tintVerdict(policy.Reject), "yes", "", "", "decides if no other rule matches")
	}
	t.AppendRow(last)
	t.Render()
	x.showProposal(out)
}

// verdict is the verdict and the rule that decided, if one did.
func (x *explanation) verdict(out *console) safe {
	tinted := out.tintVerdict(x.Verdict)
	if x.Rule == "" {
		return tinted
	}
	return tinted + lines(" ("+x.Rule+")")
}

// prefix is the instance id and a colon, or "" for a connection without an id.
func (x *explanation) prefix() string {
	if x.InstanceID == "" {
		return ""
	}
	return x.InstanceID + ": "
}

// sideInWords describes what is known about one side of a connection, on one line.
func sideInWords(s peering.Side) string {
	words := []string{"an unknown account"}
	if s.Account.Known() {
		words = []string{"account " + string(s.Account)}
	}
	for _, w := range append([]string{s.Region, s.VPC}, s.CIDRs...) {
		if w != "" {
			words = append(words, w)
		}
	}
	switch {
	case s.Path == peering.Outside:
		words = append(words, "outside the resource directory")
	case s.Path.Known():
		words = append(words, "in "+string(s.Path))
	}
	return strings.Join(words, " ")
}

func matches(r policy.RuleExplanation) string {
	switch {
	case r.Decides:
		return "decides"
	case r.Matches:
		return "yes"
	case len(r.Unknown) > 0:
		return "maybe"
	}
	return "no"
}

// noteDoubts prints the reasons why the function might decide differently.
func (x *explanation) noteDoubts(out *console, s subject) {
	switch {
	case !x.Requester.Account.Known():
		out.note("%sthe requester's account is not known here: pass --requester and --accepter", x.prefix())
	case x.Requester.Account == x.Accepter.Account:
		out.note("%srequester and accepter are the same account: the function ignores such a connection", x.prefix())
	}
	if x.Verdict == policy.Undecided && x.Requester.Account.Known() {
		out.note("%sfor a verdict, also pass %s", x.prefix(), x.missingFlags())
	}
	if s.reported != "" && (s.reported != x.Verdict || s.rule != x.Rule) {
		out.note("%sthe report says %s, this policy now says %s", x.prefix(), verdictAndRule(s.reported, s.rule), verdictAndRule(x.Verdict, x.Rule))
	}
}

// factFlags are the flags that tell each fact.
var factFlags = map[string]string{
	"requester account": "--requester",
	"requester folders": "--requester-path",
	"requester region":  "--requester-region",
	"requester VPC":     "--requester-vpc",
	"requester CIDRs":   "--requester-cidr",
	"accepter account":  "--accepter",
	"accepter folders":  "--accepter-path",
	"accepter region":   "--accepter-region",
	"accepter VPC":      "--accepter-vpc",
}

// missingFlags returns the flags that tell what an undecided verdict hangs on.
func (x *explanation) missingFlags() string {
	flags := make([]string, len(x.Missing))
	for i, fact := range x.Missing {
		flags[i] = factFlags[fact]
	}
	return strings.Join(flags, ", ")
}
