package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/events"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/simulator"
)

// demoCommand plays events in a simulated cloud, through the handler that is deployed.
type demoCommand struct {
	All bool `help:"Play every sample of events/, in place of the story."`
}

// Help is the long text of --help.
func (demoCommand) Help() string {
	return "The demo contacts nothing and needs no credentials. The cloud is the built-in simulator; the signed client, the policy and the handler are the ones that are deployed."
}

// Run tells the story, or plays all samples.
func (c demoCommand) Run(ctx context.Context, out *console) error {
	if c.All {
		return playSamples(ctx, out)
	}
	return tell(ctx, out)
}

// playSamples plays the events, then a sweep, and fails if a sample does not end as its file name says.
func playSamples(ctx context.Context, out *console) error {
	samples, err := events.Cases()
	if err != nil {
		return err
	}
	s, err := newScene("seed.json")
	if err != nil {
		return err
	}
	fprintf(out.stdout, "A simulated cloud with %d connections of account %s, and the policy of events/simulator/policy.yaml.\n\n", len(s.cloud.Items()), simulator.SeedAccepter)
	announced, timers := split(samples)
	acts := s.playAll(ctx, announced)
	s.showEvents(out, acts)
	fprintf(out.stdout, "\nThen the timer fires, and a sweep finds what no event announced:\n\n")
	for _, sample := range timers {
		sweep := s.play(ctx, sample)
		s.showSweep(out, sweep)
		acts = append(acts, sweep)
	}
	return summarise(out, acts)
}

// split separates the samples of events from those of timers, which must come after them. The timer that sweeps
// everything comes first.
func split(samples []events.Case) (announced, timers []events.Case) {
	for _, sample := range samples {
		switch {
		case sample.Outcomes[0] != events.Sweep:
			announced = append(announced, sample)
		case sample.Name == "timer":
			timers = slices.Insert(timers, 0, sample)
		default:
			timers = append(timers, sample)
		}
	}
	return announced, timers
}

// showEvents prints a line for each connection that an event led to.
func (s *scene) showEvents(out *console, acts []act) {
	t := out.newTable("event", "requester", "verdict", "outcome", "state", "why")
	for _, a := range acts {
		switch {
		case a.report == nil:
			t.AppendRow(row(a.sample.Name, "", "", out.tint(text.FgRed, events.Invalid), "", a.err.Error()))
			continue
		case len(a.report.Connections) == 0:
			t.AppendRow(row(a.sample.Name, "", "", out.tintOutcome(guard.Ignored), "", a.report.Ignored))
		}
		for _, e := range a.report.Connections {
			t.AppendRow(s.row(out, a, a.sample.Name, e))
		}
	}
	t.Render()
}

// showSweep prints what a sweep found.
func (s *scene) showSweep(out *console, a act) {
	if a.report == nil {
		return
	}
	t := out.newTable(a.sample.Name, "requester", "verdict", "outcome", "state", "why")
	for _, e := range a.report.Connections {
		t.AppendRow(s.row(out, a, e.InstanceID, e))
	}
	t.Render()
	for _, p := range a.report.Partitions {
		fprintf(out.stdout, " looked at %s of account %s in %s\n", count(p.Seen, "connection"), p.Account, p.Region)
	}
	fprintf(out.stdout, "\n")
}

func (s *scene) row(out *console, a act, name string, e guard.Entry) table.Row {
	return row(name, e.Requester.Account, verdictAndRule(e.Decision, e.Rule), out.tintOutcome(e.Outcome), s.change(a, e), why(e))
}

// change is the state of the connection before and after the act.
func (s *scene) change(a act, e guard.Entry) string {
	before, known := a.before[e.InstanceID]
	now, _ := s.cloud.Item(e.InstanceID)
	switch {
	case !known:
		return "none"
	case before == now.Status:
		return string(before)
	}
	return fmt.Sprintf("%s → %s", before, now.Status)
}

// summarise prints the counts, and fails if an act did not end as its sample says.
func summarise(out *console, acts []act) error {
	counts := map[string]int{}
	failed := false
	for _, a := range acts {
		outcomes := a.outcomes()
		for _, o := range outcomes {
			counts[o]++
		}
		if !a.expected(outcomes) {
			out.note("%s ended as %s", a.sample.File, strings.Join(outcomes, "+"))
			failed = true
		}
	}
	fprintf(out.stdout, "%d invocations: %s.\n", len(acts), tally(counts))
	if failed {
		return errFinding
	}
	fprintf(out.stdout, "Each ended as its file name says.\n")
	return nil
}

// outcomes are those of the report, and of the error where something could not be read.
func (a act) outcomes() (words []string) {
	if failed, ok := errors.AsType[*fc.Error](a.err); ok && failed.Type == fc.InvalidEvent {
		words = append(words, events.Invalid)
	}
	switch {
	case a.report == nil && len(words) == 0:
		return []string{string(guard.Failed)}
	case a.report == nil:
		return words
	case a.report.Trigger == guard.TriggerSweep && a.err == nil:
		return append(words, events.Sweep)
	case a.report.Ignored != "" && len(a.report.Connections) == 0:
		return append(words, string(guard.Ignored))
	}
	for _, e := range a.report.Connections {
		words = append(words, string(e.Outcome))
	}
	return words
}

// expected reports whether these are the outcomes in the sample's name. A report does not list the elements of an array
// that are not about peering: if others are listed, the ignored ones cannot be counted.
func (a act) expected(outcomes []string) bool {
	ignored := func(o string) bool { return o == string(guard.Ignored) }
	got, want := slices.Sorted(slices.Values(outcomes)), slices.Sorted(slices.Values(a.sample.Outcomes))
	if len(want) > 1 && slices.ContainsFunc(want, ignored) {
		got, want = slices.DeleteFunc(got, ignored), slices.DeleteFunc(want, ignored)
	}
	return slices.Equal(got, want)
}
