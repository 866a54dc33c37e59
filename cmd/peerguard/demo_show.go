package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/events"
	"peerguard/function/guard"
	"peerguard/simulator"
)

// showEvents prints a line for each connection that an event led to.
func showEvents(out *console, cloud *simulator.Cloud, acts []act) {
	t := newTable(out, "event", "requester", "verdict", "done", "state", "why")
	for _, a := range acts {
		switch {
		case a.report == nil:
			t.AppendRow(table.Row{a.sample.Name, "", "", out.paint(events.Invalid), "", a.err.Error()})
			continue
		case len(a.report.Connections) == 0:
			t.AppendRow(table.Row{a.sample.Name, "", "", out.paint(string(guard.Ignored)), "", a.report.Ignored})
		}
		for _, e := range a.report.Connections {
			t.AppendRow(row(out, cloud, a, a.sample.Name, e))
		}
	}
	t.Render()
}

// showSweep prints what a sweep found.
func showSweep(out *console, cloud *simulator.Cloud, a act) {
	if a.report == nil {
		return
	}
	t := newTable(out, a.sample.Name, "requester", "verdict", "done", "state", "why")
	for _, e := range a.report.Connections {
		t.AppendRow(row(out, cloud, a, e.InstanceID, e))
	}
	t.Render()
	for _, p := range a.report.Partitions {
		fmt.Fprintf(out.stdout, " looked at %d connections of account %s in %s\n", p.Seen, p.Account, p.Region)
	}
	fmt.Fprintln(out.stdout)
}

func row(out *console, cloud *simulator.Cloud, a act, name string, e guard.Entry) table.Row {
	return table.Row{name, e.Requester.Account, verdict(e), out.paint(string(e.Outcome)), state(cloud, a, e), why(e)}
}

// summarise prints the counts, and fails when an invocation did not end as its sample says.
func summarise(out *console, acts []act) error {
	counts := map[string]int{}
	var wrong []string
	for _, a := range acts {
		got := a.outcomes()
		for _, o := range got {
			counts[o]++
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(a.sample.Outcomes))) {
			wrong = append(wrong, fmt.Sprintf("%s ended as %s", a.sample.File, strings.Join(got, "+")))
		}
	}
	fmt.Fprintf(out.stdout, "%d invocations: %s.\n", len(acts), tally(counts))
	for _, w := range wrong {
		fmt.Fprintln(out.stderr, "peerguard:", w)
	}
	if len(wrong) > 0 {
		return errFinding
	}
	fmt.Fprintln(out.stdout, "All ended as the name of their file says.")
	return nil
}

// outcomes are the words that the sample's name would carry.
func (a act) outcomes() (words []string) {
	switch {
	case a.report == nil:
		return []string{events.Invalid}
	case a.report.Trigger == guard.TriggerSweep && a.err == nil:
		return []string{events.Sweep}
	}
	for _, e := range a.report.Connections {
		words = append(words, string(e.Outcome))
	}
	for len(words) < len(a.sample.Outcomes) { // elements that are none of the guard's business, or cannot be read
		if a.err != nil {
			words = append(words, events.Invalid)
		} else {
			words = append(words, string(guard.Ignored))
		}
	}
	return words
}

func tally(counts map[string]int) string {
	words := make([]string, 0, len(counts))
	for word, n := range counts {
		words = append(words, fmt.Sprintf("%d %s", n, word))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func verdict(e guard.Entry) string {
	if e.Decision == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s)", e.Decision, e.Rule)
}

func state(cloud *simulator.Cloud, a act, e guard.Entry) string {
	before, known := a.before[e.InstanceID]
	now, _ := cloud.Item(e.InstanceID)
	switch {
	case !known:
		return "none"
	case before == now.Status:
		return string(before)
	}
	return fmt.Sprintf("%s → %s", before, now.Status)
}

func why(e guard.Entry) string {
	if e.Error != nil {
		return e.Error.Code + ": " + e.Error.Message
	}
	return e.Reason
}

func newTable(out *console, header ...string) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(out.stdout)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	row := make(table.Row, len(header))
	for i, h := range header {
		row[i] = h
	}
	t.AppendHeader(row)
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "why", WidthMax: 60, WidthMaxEnforcer: text.WrapSoft}})
	return t
}

// paint colours an outcome on a terminal.
func (out *console) paint(outcome string) string {
	colours := map[string]text.Color{
		string(guard.Rejected): text.FgGreen, string(guard.Allowed): text.FgCyan, string(guard.WouldReject): text.FgYellow,
		string(guard.Violation): text.FgRed, string(guard.Failed): text.FgRed, events.Invalid: text.FgRed, string(guard.NotReady): text.FgYellow,
	}
	colour, known := colours[outcome]
	if !out.colour || !known {
		return outcome
	}
	return "\x1b[" + fmt.Sprint(int(colour)) + "m" + outcome + "\x1b[0m"
}
