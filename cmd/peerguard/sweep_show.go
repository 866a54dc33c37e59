package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// headings say in words what each outcome of a sweep means, the most serious first.
var headings = []struct {
	outcome guard.Outcome
	means   string
}{
	{guard.Failed, "unresolved"},
	{guard.Violation, "connected, although the policy rejects it"},
	{guard.NotReady, "still being created"},
	{guard.Rejected, "rejected by this sweep"},
	{guard.WouldReject, "pending; --enforce would reject it"},
	{guard.Allowed, "the policy allows it"},
	{guard.Closed, "rejected, expired or deleted earlier"},
	{guard.Ignored, "not the guard's business"},
}

// showReport prints connections by outcome, then partitions that could not be looked at, then the counts.
func showReport(out *console, report *guard.Report, entries []guard.Entry) {
	for _, h := range headings {
		group := only(entries, h.outcome)
		if len(group) == 0 {
			continue
		}
		fmt.Fprintf(out.stdout, "%s (%d): %s\n", out.paint(string(h.outcome)), report.Counts[h.outcome], h.means)
		showConnections(out, group)
		if hidden := report.Counts[h.outcome] - len(group); hidden > 0 {
			fmt.Fprintf(out.stdout, " … and %d more, see --all\n", hidden)
		}
		fmt.Fprintln(out.stdout)
	}
	for _, p := range report.Partitions {
		if p.Error != nil {
			fmt.Fprintf(out.stdout, "%s to look at account %s in %s: %s: %s\n", out.paint(string(guard.Failed)), p.Account, p.Region, p.Error.Code, p.Error.Message)
		}
	}
	fmt.Fprintln(out.stdout, total(report))
}

func only(entries []guard.Entry, outcome guard.Outcome) []guard.Entry {
	var group []guard.Entry
	for _, e := range entries {
		if e.Outcome == outcome {
			group = append(group, e)
		}
	}
	slices.SortStableFunc(group, func(a, b guard.Entry) int { return strings.Compare(a.InstanceID, b.InstanceID) })
	return group
}

func showConnections(out *console, entries []guard.Entry) {
	t := newTable(out, "connection", "requester", "accepter", "why")
	t.SetColumnConfigs([]table.ColumnConfig{{Name: "why", WidthMax: 48, WidthMaxEnforcer: text.WrapSoft}})
	t.SuppressTrailingSpaces()
	for _, e := range entries {
		t.AppendRow(table.Row{plain(e.InstanceID), endOf(e.Requester), endOf(e.Accepter), plain(why(e))})
	}
	t.Render()
}

// endOf is one end of a connection, on three lines: whose, where, and with which addresses.
func endOf(s peering.Side) string {
	lines := []string{string(s.Account), plain(s.Region + " " + s.VPC)}
	if len(s.CIDRs) > 0 {
		lines = append(lines, plain(strings.Join(s.CIDRs, " ")))
	}
	return strings.Join(lines, "\n")
}

// total is the last line: everything that was seen, and how much of the scope that was.
func total(report *guard.Report) string {
	counts := map[string]int{}
	seen := 0
	for outcome, n := range report.Counts {
		seen += n
		if n > 0 {
			counts[string(outcome)] = n
		}
	}
	line := fmt.Sprintf("%s in %s", count(seen, "connection"), count(len(report.Partitions), "partition"))
	if seen > 0 {
		line += ": " + tally(counts)
	}
	if !report.Complete {
		line += "; the sweep is not complete"
	}
	return line + "."
}

// count gives a number and a word in the right form.
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
