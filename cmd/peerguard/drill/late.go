package drill

import (
	"fmt"

	"peerguard/function/peering"
)

// judgeLate says what it means that the time is over, and the function has not done what it was expected to do.
func (d *Drill) judgeLate(status peering.Status) {
	switch {
	case !d.Enforce && status.Pending() && d.Log == nil:
		d.record.end(Passed, fmt.Sprintf("the request was still pending after %v, as mode dry-run says; only --report can show that the function saw it", d.Timeout))
	case !d.Enforce && status.Pending():
		d.record.end(Failed, fmt.Sprintf("no report says would_reject within %v", d.Timeout), d.clues()...)
	case status.Pending():
		d.record.end(Failed, fmt.Sprintf("nobody rejected the request within %v", d.Timeout), d.clues()...)
	case status == "":
		d.record.end(Failed, fmt.Sprintf("neither account could read the request within %v, so nobody could reject it", d.Timeout))
	default:
		d.record.end(Failed, fmt.Sprintf("the request was %s for %v, and such a request cannot be rejected", status, d.Timeout))
	}
}

// clues says why the function may not have done its work, the strongest reason first.
func (d *Drill) clues() []string {
	var found []string
	switch {
	case d.Log == nil:
		found = append(found, "The function seems not to run, or not with this policy: look at its log for a report that is newer than the request, and pass the log with --report")
	case d.logErr != nil:
		found = append(found, "The log could not be read: "+d.logErr.Error())
	case d.newest.IsZero():
		found = append(found, "The log holds no report with a time: the function seems not to run, or the file is not its log")
	case d.newest.Before(d.started):
		found = append(found, fmt.Sprintf("The function seems not to run: its newest report is %.0f s older than the request", d.started.Sub(d.newest).Seconds()))
	case len(d.told) == 0:
		found = append(found, fmt.Sprintf("The function runs, since it made a report %.0f s after the request, but no report names the request: "+
			"compare guard.accounts, guard.folders and guard.regions of the deployed policy, and the account and the region of the function", d.newest.Sub(d.started).Seconds()))
	}
	for _, t := range d.told {
		found = append(found, fmt.Sprintf("The report of %s says %s: %s", t.trigger(), t.Outcome, t.Why))
	}
	if d.listed {
		found = append(found, fmt.Sprintf("The accepter's list of %s shows the request, so a sweep would find it: check that the timer trigger exists, is enabled and fires within %v", d.Accepter.Side.Region, d.Timeout))
	} else {
		found = append(found, fmt.Sprintf("The accepter's list of %s did not show the request, so a sweep cannot have found it; only the event of the requester's account could", d.Accepter.Side.Region))
	}
	if a, asked := d.answers[rejectAsAccepter]; asked {
		found = append(found, "A dry run of the rejection with your credentials was answered with "+a.String())
	}
	return found
}
