package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/events"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// newcomer is the account that joins the organisation in the story.
const newcomer = "9999999999999999"

// chapter is an invocation of the story.
type chapter struct {
	title   string
	joins   bool   // the newcomer joins the organisation before
	sample  string // the name of the sample that is played
	edit    *strings.Replacer
	about   string // the connection, if the sample does not say
	outcome guard.Outcome
}

// byNewcomer makes another event of the sample create-unknown-account: the newcomer's request number n.
func byNewcomer(n string) *strings.Replacer {
	return strings.NewReplacer("6666666666666666", newcomer, "pcc-lnk0m24khwvtkm0001", "pcc-lnk0m24khwvtkm"+n, "fab000000001", "fab00000"+n)
}

var chapters = []chapter{
	{title: "A stranger asks for a connection. The event of the request starts the function.", sample: "create-unknown-account", outcome: guard.Rejected},
	{title: "An account of the organisation asks. The policy names the organisation, not its accounts.", sample: "create-partner", outcome: guard.Allowed},
	{title: "An account asks that the policy rejects by name.", sample: "create-known-phisher", outcome: guard.Rejected},
	{title: "Somebody accepted by hand what the policy rejects: too late to reject, but not to hear of it.", sample: "accept-in-own-account", outcome: guard.Violation},
	{title: "A company that the organisation is about to buy asks, a day too early.", sample: "create-unknown-account", edit: byNewcomer("0901"), outcome: guard.Rejected},
	{title: "Its account joins the organisation, and asks again. Nobody edited the policy.", joins: true, sample: "create-unknown-account", edit: byNewcomer("0902"), outcome: guard.Allowed},
	{title: "A stranger asks the new account, far away. No event tells of it, but the timer fires.", sample: "timer", about: "pcc-lnk0m24khwvtkm0903", outcome: guard.Rejected},
}

// tell plays the story of an organisation and its newcomer.
func tell(ctx context.Context, out *console) error {
	samples, err := events.Cases()
	if err != nil {
		return err
	}
	s, err := newOrganisation(samples)
	if err != nil {
		return err
	}
	fprintf(out.stdout, "A simulated cloud, and the policy events/simulator/organisation.yaml: it guards every account of\n"+
		"the organisation rd-3G0000 in every region, and allows each to connect to the others.\n")
	for i, c := range chapters {
		fprintf(out.stdout, "\n%d. %s\n", i+1, c.title)
		if c.joins {
			s.join(newcomer)
		}
		if !s.show(out, c, s.perform(ctx, c, samples)) {
			out.note("chapter %d did not end as %s", i+1, c.outcome)
			return errFinding
		}
	}
	fprintf(out.stdout, "\nEach invocation ended as the policy says. To play every sample of events/: peerguard demo --all\n")
	return nil
}

// newOrganisation returns the cloud of the story: the directory, the newcomer's connections, and those of the samples.
func newOrganisation(samples []events.Case) (*scene, error) {
	s, err := newScene("organisation.json")
	if err != nil {
		return nil, err
	}
	all, err := readSeed("seed.json")
	if err != nil {
		return nil, err
	}
	for _, item := range all.Connections {
		if slices.ContainsFunc(samples, func(c events.Case) bool {
			return isPlayed(c.Name) && strings.Contains(string(c.Payload), item.InstanceID)
		}) {
			s.cloud.Put(item)
		}
	}
	s.cloud.AddRole(roleIn("4444444444444444"))
	s.cloud.AddRole(roleIn("5555555555555555"))
	return s, nil
}

func isPlayed(sample string) bool {
	return slices.ContainsFunc(chapters, func(c chapter) bool { return c.sample == sample })
}

// roleIn is the role that a new member gets by itself: deploy/ says how.
func roleIn(account peering.Account) simulator.Role {
	return simulator.Role{ARN: "acs:ram::" + string(account) + ":role/peerguard", TrustedAccounts: []peering.Account{simulator.SeedAccepter}}
}

func (s *scene) join(account peering.Account) {
	s.cloud.PutMember(simulator.Member{Account: account, Path: "rd-3G0000/r-AAAAAA/fd-PARTNERS01"})
	s.cloud.AddRole(roleIn(account))
}

// perform plays a chapter in an instance that has just started: one that runs keeps what it knows of the directory for minutes,
// and the story does not wait.
func (s *scene) perform(ctx context.Context, c chapter, samples []events.Case) act {
	i := slices.IndexFunc(samples, func(sample events.Case) bool { return sample.Name == c.sample })
	sample := samples[i]
	if c.edit != nil {
		sample.Payload = []byte(c.edit.Replace(string(sample.Payload)))
	}
	s.enforce = newHandler(s.cloud, policy.NewSource(events.World(), "organisation.yaml").Load)
	return s.play(ctx, sample)
}

// show prints what happened, and reports whether it is what the chapter is about.
func (s *scene) show(out *console, c chapter, a act) bool {
	if a.report == nil || a.err != nil {
		fprintf(out.stdout, "   %s\n", fmt.Sprint(a.err))
		return false
	}
	if a.report.Trigger == guard.TriggerSweep {
		fprintf(out.stdout, "   The sweep lists %s: each account in each region.\n", count(a.report.Visited, "partition"))
	}
	i := slices.IndexFunc(a.report.Connections, func(e guard.Entry) bool { return c.about == "" || e.InstanceID == c.about })
	if i < 0 {
		return false
	}
	e := a.report.Connections[i]
	fprintf(out.stdout, "   %s asks %s in %s: %s (%s)\n", e.Requester.Account, e.Accepter.Account, e.Accepter.Region, out.tintOutcome(e.Outcome), s.change(a, e))
	for line := range strings.Lines(text.WrapSoft(why(e), 96)) {
		fprintf(out.stdout, "   %s\n", strings.TrimRight(line, " \n"))
	}
	return e.Outcome == c.outcome
}
