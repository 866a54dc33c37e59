package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// explainCommand tells what a policy says of one connection, and why.
type explainCommand struct {
	Event  string `arg:"" optional:"" name:"event.json" help:"An event, a timer's or an event's report, one of its connections, or lines of the function's log."`
	Policy string `default:"policy.yaml" placeholder:"FILE" help:"The policy file; default: policy.yaml."`
	At     clock  `placeholder:"TIME" help:"Judge as of this instant or day, such as 2026-11-01T00:00:00Z; default: now."`
	JSON   bool   `name:"json" help:"Print a JSON object for each connection instead, one a line."`

	Requester       string   `group:"Instead of a file:" placeholder:"ACCOUNT" help:"Account that asks."`
	RequesterRegion string   `group:"Instead of a file:" placeholder:"REGION" help:"Region of its VPC."`
	RequesterVPC    string   `group:"Instead of a file:" name:"requester-vpc" placeholder:"VPC" help:"Its VPC."`
	RequesterCIDR   []string `group:"Instead of a file:" name:"requester-cidr" placeholder:"CIDR" help:"A CIDR of its VPC. Can be repeated."`
	Accepter        string   `group:"Instead of a file:" placeholder:"ACCOUNT" help:"Account that is asked."`
	AccepterRegion  string   `group:"Instead of a file:" placeholder:"REGION" help:"Region of its VPC."`
	AccepterVPC     string   `group:"Instead of a file:" name:"accepter-vpc" placeholder:"VPC" help:"Its VPC."`
}

// Help is the long text of --help.
func (*explainCommand) Help() string {
	return "Prints the verdict and, rule by rule, whether it matches: of one that does not, the first key that does not match and what the connection has there. " +
		"Exits with 0 whatever the verdict.\n\n" +
		"An event is a hint only: what is explained is what its record says, while the function asks the API and judges by the answer.\n\n" +
		"Examples:\n\n" +
		"  go tool peerguard explain events/create-known-phisher.rejected.json\n" +
		"  go tool peerguard explain --requester 2222222222222222 --requester-cidr 10.1.0.0/16 \\\n" +
		"    --accepter 1111111111111111 --accepter-region cn-shanghai"
}

// Validate refuses what says neither or both of a file and a connection, and what no connection can have.
func (e *explainCommand) Validate() error {
	flags := e.Requester + e.RequesterRegion + e.RequesterVPC + e.Accepter + e.AccepterRegion + e.AccepterVPC
	described := flags != "" || len(e.RequesterCIDR) > 0
	switch {
	case e.Event == "" && !described:
		return errors.New("give an event file, or --requester and --accepter")
	case e.Event != "" && described:
		return errors.New("give an event file or a connection's flags, not both")
	case e.Event != "":
		return nil
	case e.Requester == "" || e.Accepter == "":
		return errors.New("a connection needs both --requester and --accepter")
	}
	return e.possible()
}

func (e *explainCommand) possible() error {
	for _, flag := range [][2]string{{"--requester", e.Requester}, {"--accepter", e.Accepter}} {
		if !peering.ValidAccount(flag[1]) {
			return fmt.Errorf("%s %.40q is no account id: it is written in digits only, 20 at most", flag[0], flag[1])
		}
	}
	for _, flag := range [][2]string{{"--requester-region", e.RequesterRegion}, {"--accepter-region", e.AccepterRegion}} {
		if flag[1] != "" && !peering.ValidRegion(flag[1]) {
			return fmt.Errorf("%s %.40q is no region: it is written like cn-hangzhou", flag[0], flag[1])
		}
	}
	for _, cidr := range e.RequesterCIDR {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("--requester-cidr %.60q is no CIDR: it is written like 10.1.0.0/16 or 2001:db8::/32", cidr)
		}
	}
	return nil
}

// Run explains each connection. The verdict is no failure.
func (e *explainCommand) Run(out *console) error {
	file := newPolicyFile(e.Policy)
	p, err := file.load()
	if err != nil {
		return out.refuse(err)
	}
	subjects, err := e.subjects()
	if hasEvent(subjects) {
		out.note("an event is a hint: this is what its record says, a real run asks the API and judges by the answer")
	}
	for i, s := range subjects {
		if i > 0 && !e.JSON {
			fmt.Fprintln(out.stdout)
		}
		if printed := e.explain(out, file, p, s); printed != nil {
			return errors.Join(err, printed)
		}
	}
	return err
}

// subjects are the connections to explain. Beside an error they are those that could be read.
func (e *explainCommand) subjects() ([]subject, error) {
	if e.Event == "" {
		return []subject{{connection: peering.Connection{
			Requester: peering.Side{Account: peering.Account(e.Requester), Region: e.RequesterRegion, VPC: e.RequesterVPC, CIDRs: e.RequesterCIDR},
			Accepter:  peering.Side{Account: peering.Account(e.Accepter), Region: e.AccepterRegion, VPC: e.AccepterVPC},
		}}}, nil
	}
	data, err := os.ReadFile(e.Event)
	if err != nil {
		return nil, fmt.Errorf("reading event: %w", err)
	}
	subjects, err := readSubjects(data)
	if err != nil {
		return subjects, fmt.Errorf("%s: %w", e.Event, err)
	}
	return subjects, nil
}

func (e *explainCommand) explain(out *console, file policyFile, p *policy.Policy, s subject) error {
	x := explained{InstanceID: s.connection.ID, Requester: s.connection.Requester, Accepter: s.connection.Accepter, Ignored: s.ignored}
	if s.ignored == "" {
		x.Explanation = new(p.Explain(&s.connection, e.At.now()))
		for i := range x.Rules {
			x.Rules[i].File = file.path(x.Rules[i].File)
		}
		out.doubts(s, x)
	}
	if e.JSON {
		return x.printLine(out.stdout)
	}
	x.show(out)
	return nil
}
