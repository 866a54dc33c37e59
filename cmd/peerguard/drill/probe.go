package drill

import (
	"context"
	"strings"

	"peerguard/function/peering"
)

// question is something that the drill asks the API about.
type question int

const (
	anotherWhilePending  question = iota // a dry run of the same request, while the request is pending
	anotherAfterRejected                 // the same, after it was rejected
	rejectAgain                          // a second rejection by the accepter, with another client token
	rejectAsAccepter                     // a dry run of a rejection by the accepter, of a request that nobody has rejected
	rejectAsRequester                    // a dry run of a rejection by the requester, who must not be permitted to
	rejectAbsent                         // the same, of a connection that does not exist
	deleteAgain                          // a second deletion with the client token of the first
)

// answer is what the API said to a question.
type answer struct{ err error }

// known reports whether the API answered, and not something before it.
func (a answer) known() bool { return a.err == nil || !unanswered(a.err) }

// is reports whether the answer is a failure of a class.
func (a answer) is(class peering.Class) bool { return a.err != nil && classOf(a.err) == class }

// String is the answer in words.
func (a answer) String() string {
	switch {
	case a.err == nil:
		return "success"
	case a.is(peering.DryRunPassed):
		return "DryRunOperation: it would have been done"
	}
	return strings.TrimSuffix(a.err.Error(), ".")
}

// probe asks the API what the documents do not say. No call changes anything: what is not a dry run is refused, because it
// is a rejection of a request that both sides have seen rejected.
func (d *Drill) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id := d.ids[0]
	switch {
	case d.requesterSaw.last() == peering.Rejected && d.accepterSaw.last() == peering.Rejected:
		d.tryAnother(ctx, anotherAfterRejected)
		d.reject(ctx, rejectAgain, &d.Accepter, id, false)
	case d.status().Pending():
		d.reject(ctx, rejectAsAccepter, &d.Accepter, id, true)
	}
	d.reject(ctx, rejectAsRequester, &d.Requester, id, true)
	d.reject(ctx, rejectAbsent, &d.Requester, "pcc-"+newToken()[:20], true)
}

// reject asks what a rejection by a party is answered with.
func (d *Drill) reject(ctx context.Context, q question, by *Party, id string, dryRun bool) {
	_, err := by.Client.Reject(ctx, by.in(), peering.Rejection{ID: id, ClientToken: newToken(), DryRun: dryRun})
	d.answers[q] = answer{err}
}

// tryAnother asks what a dry run of a second request between the same VPCs is answered with, once.
func (d *Drill) tryAnother(ctx context.Context, q question) {
	if _, asked := d.answers[q]; asked {
		return
	}
	id, err := d.create(ctx, newToken(), true)
	if err == nil {
		d.ids = append(d.ids, id) // a dry run that made a connection after all
	}
	d.answers[q] = answer{err}
}
