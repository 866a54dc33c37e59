package main

import (
	"fmt"
	"time"

	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

// findings returns what opens, what closes and what changes the reach, for annotations.
func (d *difference) findings() (found []finding.Finding) {
	add := func(severity finding.Severity, code string, causes []cause) {
		for i := range causes {
			c := &causes[i]
			at := c.change.New.Position
			if at.Line == 0 {
				at = policy.Position{File: d.newer.path}
			}
			at.File = d.newer.path
			message := fmt.Sprintf("%s before, now %s, as in a connection %s", c.Old.inWords(), c.New.inWords(), c.Witness.inWords(d.at))
			if accounts := c.accounts(); accounts != "" {
				message = accounts + ": " + message
			}
			found = append(found, finding.Finding{Position: at, Severity: severity, Code: code, Message: message})
		}
	}
	add(finding.Error, "policy-opens", d.Opens)
	add(finding.Note, "policy-closes", d.Closes)
	for _, r := range d.reach {
		severity := finding.Note
		if r.opens {
			severity = finding.Error
		}
		found = append(found, finding.Finding{Position: policy.Position{File: d.newer.path}, Severity: severity, Code: "reach-changes", Message: r.text})
	}
	for _, l := range d.Live {
		found = append(found, finding.Finding{
			Position: policy.Position{File: d.newer.path}, Severity: finding.Warning, Code: "connection-changes",
			Message: fmt.Sprintf("%s: %s before, %s now", l.InstanceID, l.Old, l.New),
		})
	}
	return found
}

// markdown returns a part of a comment, which says the most important things first.
func (d *difference) markdown() string {
	text := "### diff: " + finding.Text(d.summary()) + "\n\n" + causeTable("Opens", d.Opens, d.at) + causeTable("Closes", d.Closes, d.at)
	for _, r := range d.reach {
		mark := "reach"
		if r.opens {
			mark = "**reach, opens**"
		}
		text += "- " + mark + ": " + finding.Text(r.text) + "\n"
	}
	for _, l := range d.Live {
		text += fmt.Sprintf("- %s: %s before, **%s** now\n", finding.Code(l.InstanceID), l.Old, l.New)
	}
	if len(d.reach)+len(d.Live) > 0 {
		text += "\n"
	}
	return text
}

func causeTable(heading string, causes []cause, at time.Time) string {
	if len(causes) == 0 {
		return ""
	}
	text := "| **" + heading + "** | before | now | as in |\n|---|---|---|---|\n"
	for i := range causes {
		c := &causes[i]
		text += fmt.Sprintf("| %s | %s | %s | %s |\n", finding.Text(c.accounts()), c.Old.markdown(), c.New.markdown(), finding.Text(c.Witness.inWords(at)))
	}
	return text + "\n"
}

func (r ruling) markdown() string {
	words := fmt.Sprintf("%s by %s", r.Decision, finding.Text(r.Rule))
	if r.At != "" {
		words += "<br>" + finding.Code(r.At)
	}
	return words
}
