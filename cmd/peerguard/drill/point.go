package drill

import (
	"fmt"
	"slices"
	"strings"

	"peerguard/function/peering"
)

// settle says what the drill saw of each point that no document settles. README.md lists the same points.
func (d *Drill) settle() {
	for _, p := range []struct {
		name, question string
		seen           func() (settled bool, what string)
	}{
		{"list-by-region", "Does the accepter's list of its region show a request from another region?", d.listByRegion},
		{"first-status", "Which status does a new request have, and for how long?", d.firstStatus},
		{"second-reject", "What does a second rejection with another client token answer?", d.secondReject},
		{"dry-run-order", "Does a dry run check permission before existence?", d.dryRunOrder},
		{"token-memory", "Does the API remember a client token?", d.tokenMemory},
		{"quota-pending", "Does a pending request count against the quota of its requester?", func() (bool, string) { return d.quota(anotherWhilePending, "pending") }},
		{"quota-rejected", "Does a rejected request count against it?", func() (bool, string) { return d.quota(anotherAfterRejected, "rejected") }},
		{"event-path", "Did the function get an event of the request?", d.eventPath},
	} {
		settled, what := p.seen()
		d.record.Points = append(d.record.Points, Point{Name: p.name, Question: p.question, Settled: settled, Seen: what})
	}
}

func (d *Drill) listByRegion() (bool, string) {
	from, to := d.Requester.Side.Region, d.Accepter.Side.Region
	shown := "did not show the request"
	if at, listed := d.record.at("listed"); listed {
		shown = fmt.Sprintf("showed the request after %.1f s", at)
	} else if d.listErr != nil {
		shown += ": " + d.listErr.Error()
	}
	if from == to {
		return false, fmt.Sprintf("the list of %s %s; both VPCs are in that region, so pass another --requester-region", to, shown)
	}
	return d.listed || d.listErr == nil && d.accepterSaw.last() != "", fmt.Sprintf("the list of %s %s, which came from %s", to, shown, from)
}

func (d *Drill) firstStatus() (bool, string) {
	if len(d.requesterSaw) == 0 {
		return false, "the requester could not read the request"
	}
	return true, "the requester saw " + d.requesterSaw.String()
}

func (d *Drill) secondReject() (bool, string) {
	a, asked := d.answers[rejectAgain]
	if !asked {
		return false, "the request was not rejected"
	}
	return a.known() && !a.is(peering.Forbidden), a.String()
}

// dryRunOrder compares two dry runs by an identity without the permission: one of a connection that exists, and one of a
// connection that does not.
func (d *Drill) dryRunOrder() (bool, string) {
	there, asked := d.answers[rejectAsRequester]
	absent := d.answers[rejectAbsent]
	switch {
	case !asked:
		return false, "the drill did not get to it"
	case absent.is(peering.Forbidden):
		return true, "permission comes first: the requester may not reject, and a connection that does not exist was answered with " + absent.String()
	case there.is(peering.Forbidden) && absent.is(peering.Gone):
		return true, "existence comes first: the requester may not reject, and a connection that does not exist was answered with " + absent.String()
	case absent.is(peering.Gone):
		return false, "the requester seems to have the permission: give it the policy deploy/ram/drill-requester.json, and nothing else. Its own request was answered with " + there.String()
	}
	return false, fmt.Sprintf("its own request was answered with %s, a connection that does not exist with %s", there, absent)
}

func (d *Drill) tokenMemory() (bool, string) {
	a, asked := d.answers[deleteAgain]
	switch {
	case !asked:
		return false, "the request was not deleted with a token that could be repeated"
	case a.err == nil:
		return true, "yes: a second deletion with the token of the first was answered with success, although the connection was gone; for how long is open"
	case a.is(peering.Gone):
		return true, "no: a second deletion with the token of the first was answered with " + a.String()
	}
	return false, "a second deletion with the token of the first was answered with " + a.String()
}

// quota looks at the answer to a dry run of a second request.
func (d *Drill) quota(q question, status string) (bool, string) {
	a, asked := d.answers[q]
	if !asked {
		return false, fmt.Sprintf("the requester did not see the request %s", status)
	}
	answered := fmt.Sprintf("a dry run of a second request while this one was %s was answered with %s", status, a)
	if f := failureOf(a.err); f != nil && strings.HasPrefix(f.Code, "QuotaExceeded.") {
		return true, "yes: " + answered
	}
	return false, answered + "; it settles the point only for a requester that has one connection fewer than its quota"
}

func (d *Drill) eventPath() (bool, string) {
	if d.Log == nil {
		return false, "pass the function's log with --report"
	}
	if len(d.told) == 0 {
		return false, "no report names the request"
	}
	words := make([]string, len(d.told))
	for i, t := range d.told {
		words[i] = t.trigger() + ": " + t.Outcome
	}
	byEvent := slices.ContainsFunc(d.told, func(t Told) bool { return t.Trigger == "event" })
	if byEvent {
		return true, "yes: " + strings.Join(words, ", ")
	}
	return false, "only sweeps saw it: " + strings.Join(words, ", ") + "; route the requester's events to the function to see that path"
}

// at returns when a step was taken first, and whether it was.
func (r *Record) at(step string) (float64, bool) {
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == step })
	if i < 0 {
		return 0, false
	}
	return r.Steps[i].Seconds, true
}
