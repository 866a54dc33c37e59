package main

import (
	"fmt"
	"strings"
	"time"

	"peerguard/cmd/peerguard/evidence"
)

// maxGaps is how many gaps of a kind are shown.
const maxGaps = 20

// showEvidence prints what logs show by month, and then what they do not.
func (out *console) showEvidence(e *evidence.Evidence) {
	fprintf(out.stdout, "Evidence for %s (%s)\n\n", evidence.Control, evidence.ControlMeans)
	fprintf(out.stdout, "logs     %s\n", between(e.First, e.Last))
	if asked := e.Asked.InWords(); asked != "" {
		fprintf(out.stdout, "asked    %s\n", asked)
	}
	fprintf(out.stdout, "work     %s, of which %s\n", count(e.Invocations, "invocation"), count(e.Sweeps, "sweep"))
	for _, p := range e.Policies {
		fprintf(out.stdout, "policy   %s\n         mode %s, %s\n", p.Digest, p.Mode, between(p.First, p.Last))
	}
	if len(e.Versions) > 0 {
		fprintf(out.stdout, "version  %s\n", strings.Join(e.Versions, ", "))
	}
	for _, m := range e.Months() {
		out.showMonth(&m)
	}
	if len(e.Rows) == 0 {
		fprintf(out.stdout, "\nNothing was rejected or would have been, nothing is a violation, and nothing failed.\n")
	}
	out.showGaps(e)
}

func (out *console) showMonth(m *evidence.Month) {
	counts := map[string]int{}
	for outcome, n := range m.Counts {
		counts[string(outcome)] = n
	}
	name := m.Name
	if name == "" {
		name = "without a time"
	}
	fprintf(out.stdout, "\n%s: %s, in %s\n", name, tally(counts), count(len(m.Cases), "case"))
	for i := range m.Cases {
		out.showCase(&m.Cases[i])
	}
}

func (out *console) showCase(c *evidence.Case) {
	when := between(c.Time, c.Last)
	if c.Times > 1 {
		when += ", " + count(c.Times, "time")
	}
	fprintf(out.stdout, "\n%s %s %s\n", out.tint(outcomes[c.Outcome].colour, fmt.Sprintf("%-12s", c.Outcome)), c.InstanceID, when)
	for _, l := range [][2]string{
		{"requester", sideInWords(c.Requester)},
		{"accepter", sideInWords(c.Accepter)},
		{"rule", c.Rule},
		{"owner", c.Owner},
		{"why", why(c.Entry)},
		{"policy", c.Digest},
		{"mode", string(c.Mode)},
		{"version", c.Version},
		{"invocation", strings.TrimSpace(c.RequestID + " " + c.TriggerID)},
		{"API request", c.APIRequestID},
		{"client token", c.ClientToken},
	} {
		if l[1] != "" {
			fprintf(out.stdout, "  %-12s %s\n", l[0], l[1])
		}
	}
}

// between returns the time from one instant to another in words.
func between(first, last time.Time) string {
	switch {
	case first.IsZero():
		return "at an unknown time"
	case first.Equal(last):
		return evidence.Instant(first)
	}
	return evidence.Instant(first) + " to " + evidence.Instant(last)
}

// showGaps prints what the logs do not cover.
func (out *console) showGaps(e *evidence.Evidence) {
	fprintf(out.stdout, "\nNot covered\n")
	for _, sentence := range e.Uncovered(maxGaps) {
		fprintf(out.stdout, "  %s\n", sentence)
	}
}
