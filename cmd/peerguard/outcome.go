package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// outcomes says what each outcome of a sweep means to an operator, and its colour.
var outcomes = map[guard.Outcome]struct {
	means  string
	colour text.Color
}{
	guard.Failed:      {"unresolved", text.FgRed},
	guard.Violation:   {"connected, although the policy rejects it", text.FgRed},
	guard.NotReady:    {"still being created", text.FgYellow},
	guard.Rejected:    {"rejected by this sweep", text.FgGreen},
	guard.WouldReject: {"pending; --enforce would reject it", text.FgYellow},
	guard.Allowed:     {"the policy allows it", text.FgCyan},
	guard.Closed:      {"rejected, expired or deleted earlier", 0},
	guard.Ignored:     {"outside the guard's scope", 0},
}

func (out *console) tintOutcome(o guard.Outcome) safe {
	return out.tint(outcomes[o].colour, string(o))
}

// showReport prints connections by outcome, then what could not be done, then the counts.
func (out *console) showReport(report *guard.Report, entries []guard.Entry) {
	for _, o := range guard.Outcomes() {
		group := withOutcome(entries, o)
		if len(group) == 0 {
			continue
		}
		fprintf(out.stdout, "%s (%d): %s\n", out.tintOutcome(o), report.Counts[o], outcomes[o].means)
		out.showConnections(group)
		if hidden := report.Counts[o] - len(group); hidden > 0 {
			fprintf(out.stdout, " … and %d more, see --all\n", hidden)
		}
		fprintf(out.stdout, "\n")
	}
	for _, p := range report.Partitions {
		if p.Error != nil {
			fprintf(out.stdout, "%s to list account %s in %s: %s: %s\n", out.tintOutcome(guard.Failed), p.Account, p.Region, p.Error.Code, p.Error.Message)
		}
	}
	for _, e := range report.Errors {
		fprintf(out.stdout, "%s: %s: %s\n", out.tintOutcome(guard.Failed), e.Code, e.Message)
	}
	fprintf(out.stdout, "%s\n", total(report))
}

// withOutcome returns the entries with an outcome, sorted by instance id.
func withOutcome(entries []guard.Entry, o guard.Outcome) []guard.Entry {
	group := slices.DeleteFunc(slices.Clone(entries), func(e guard.Entry) bool { return e.Outcome != o })
	slices.SortStableFunc(group, func(a, b guard.Entry) int { return cmp.Compare(a.InstanceID, b.InstanceID) })
	return group
}

func (out *console) showConnections(entries []guard.Entry) {
	t := out.newTable("connection", "requester", "accepter", "why")
	for _, e := range entries {
		t.AppendRow(row(e.InstanceID, sideLines(e.Requester), sideLines(e.Accepter), why(e)))
	}
	t.Render()
}

// sideLines describes one side of a connection on up to three lines: account, place and CIDRs.
func sideLines(s peering.Side) safe {
	texts := []string{cmp.Or(string(s.Account), "unknown account"), strings.TrimSpace(s.Region + " " + s.VPC), strings.Join(s.CIDRs, " ")}
	return lines(slices.DeleteFunc(texts, func(text string) bool { return text == "" })...)
}

// why returns the error of an entry, or the reason for its verdict.
func why(e guard.Entry) string {
	if e.Error != nil {
		return e.Error.Code + ": " + e.Error.Message
	}
	return e.Reason
}

// total is the last line: the number of connections with each outcome, and whether the sweep is complete.
func total(report *guard.Report) string {
	counts := map[string]int{}
	seen := 0
	for outcome, n := range report.Counts {
		seen += n
		if n > 0 {
			counts[string(outcome)] = n
		}
	}
	line := fmt.Sprintf("%s in %s", count(seen, "connection"), count(report.Visited, "partition"))
	if seen > 0 {
		line += ": " + tally(counts)
	}
	if !report.Complete {
		line += "; the sweep is not complete"
	}
	return line + "."
}
