// Package drill carries out one fire drill: a second account sends one real request for a peering connection to a guarded
// account, and the drill watches what becomes of it, asks the API what no document says, and deletes what it made.
//
// It never accepts a request, and rejects none that is pending.
package drill

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/vpcpeer"
)

// Prefix begins the name of each connection that a drill makes, so that a later one finds what an earlier one left.
const Prefix = "peerguard-drill-"

// Party is an account with its VPC, and how calls are made for it.
type Party struct {
	Side   peering.Side // account, region and VPC
	Caller acs.Caller
	Client *vpcpeer.Client
}

// in returns where calls for the party are made.
func (p *Party) in() peering.Partition {
	return peering.Partition{Account: p.Side.Account, Region: p.Side.Region}
}

// Told is what a report of the function says about the request.
type Told struct {
	Trigger string // event or sweep
	ID      string // of the trigger
	Outcome string // rejected, would_reject, …
	Mode    string // of the policy that the function followed
	Digest  string // of the same policy
	Why     string // the reason, or the error
}

// Log returns what the function's reports say about a connection, oldest first, and when the newest report of all was made.
type Log func(id string) (about []Told, newest time.Time, err error)

// Drill is one drill. It is not safe for concurrent use.
type Drill struct {
	Cloud     *acs.Cloud
	Requester Party
	Accepter  Party
	Enforce   bool          // what the policy's mode promises: a rejection, or else only an entry in the log
	Digest    string        // of the policy
	Version   string        // of peerguard, for the record
	Timeout   time.Duration // for the function to deal with the request
	Log       Log           // nil: there is none
	OnStep    func(Step)    // is called after each step

	record       *Record
	started      time.Time // when the request was sent
	ids          []string  // the connections that the drill made, the request first
	unanswered   bool      // nobody knows whether the request was sent
	requesterSaw history   // the states of the request, like the next one
	accepterSaw  history
	listed       bool                // the accepter's list has shown the request
	listErr      error               // why the list could not be read last
	told         []Told              // by the log
	newest       time.Time           // report in the log
	logErr       error               // why the log could not be read last
	late         time.Time           // when the drill stops waiting for sights that do not decide
	answers      map[question]answer // by what was asked
}

// Run carries out the drill and returns what it saw. It ends when the request was dealt with, when the time is over, or when
// ctx ends, and always after it has tried to delete what it made.
func (d *Drill) Run(ctx context.Context) *Record {
	d.started, d.answers = time.Now(), map[question]answer{}
	d.record = newRecord(d)
	limited, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	err := d.send(limited)
	if err == nil {
		err = d.watch(limited)
	}
	if len(d.ids) > 0 && ctx.Err() == nil {
		d.probe(ctx)
	}
	d.judge(ctx, err)
	d.cleanUp(context.WithoutCancel(ctx))
	if len(d.ids) > 0 {
		d.settle()
	}
	return d.record
}

// patience is how long questions are asked after the function has dealt with the request, or not, and how long the drill tries
// to delete what it made.
const patience = time.Minute

// send sends the request.
func (d *Drill) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(d.Timeout, patience/2)) // a request that was sent needs its id
	defer cancel()
	id, err := d.create(ctx, newToken(), false)
	if err != nil {
		d.unanswered = unanswered(err)
		return fmt.Errorf("sending the request: %w", err)
	}
	d.ids = append(d.ids, id)
	d.record.Connection = id
	d.step("requested", "CreateVpcPeerConnection answered with "+id)
	return nil
}

// judge says whether the function did what the policy says. err is why the drill ended early, or nil.
func (d *Drill) judge(ctx context.Context, err error) {
	status := d.status()
	defer d.comparePolicies()
	switch failed, why := d.contradicted(status); {
	case ctx.Err() != nil:
		d.record.end(Interrupted, "the drill was interrupted")
	case failed:
		d.record.end(Failed, why)
	case err != nil && !errors.Is(err, errOver):
		d.record.end(Failed, err.Error())
	case !d.final():
		d.judgeLate(status)
	case d.Enforce:
		d.record.end(Passed, "the request was rejected, as the policy says")
	default:
		d.record.end(Passed, "the function would reject the request, and left it pending, as mode dry-run says")
	}
}

// comparePolicies says so if the function follows another policy than the drill.
func (d *Drill) comparePolicies() {
	other := func(t Told) bool { return t.Digest != d.Digest }
	if i := slices.IndexFunc(d.told, other); i >= 0 {
		d.record.Clues = append(d.record.Clues, fmt.Sprintf("The function follows another policy than the drill: %s in mode %s, not %s in mode %s",
			d.told[i].Digest, d.told[i].Mode, d.Digest, d.record.Mode))
	}
}

// contradicted reports whether something happened that the policy does not say, and what.
func (d *Drill) contradicted(status peering.Status) (failed bool, why string) {
	switch {
	case status.Active():
		return true, "somebody accepted the request"
	case status == peering.Rejected && !d.Enforce:
		return true, "the request was rejected, although the policy's mode is dry-run: another policy is deployed, or somebody rejected it"
	case status.Closed() && status != peering.Rejected:
		return true, fmt.Sprintf("the request became %s, which neither the function nor the drill does", status)
	}
	for _, t := range d.told {
		if !slices.Contains(d.expected(), t.Outcome) {
			return true, fmt.Sprintf("the report of %s says %s, and not %s: %s", t.trigger(), t.Outcome, d.expected()[0], t.Why)
		}
	}
	return false, ""
}

// expected returns the outcome that a report must have, and those that a report may have before or after that one: an
// invocation may fail, as long as another one succeeds.
func (d *Drill) expected() []string {
	if d.Enforce {
		return []string{"rejected", "not_ready", "failed", "closed"}
	}
	return []string{"would_reject", "not_ready", "failed", "closed"}
}

// status returns the last status that anybody saw: the accepter's, unless the requester's is one that ends the request.
func (d *Drill) status() peering.Status {
	if seen := d.requesterSaw.last(); seen.Closed() || seen.Active() || d.accepterSaw.last() == "" {
		return seen
	}
	return d.accepterSaw.last()
}

// step records a step that was just taken.
func (d *Drill) step(name, seen string) {
	s := Step{Name: name, Seconds: d.since(), Seen: seen}
	d.record.Steps = append(d.record.Steps, s)
	if d.OnStep != nil {
		d.OnStep(s)
	}
}

// since returns how many seconds ago the request was sent, to a tenth.
func (d *Drill) since() float64 { return tenths(time.Since(d.started)) }

func tenths(t time.Duration) float64 { return t.Round(100 * time.Millisecond).Seconds() }

// newToken returns a client token that nobody has used.
func newToken() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // it never fails
	return hex.EncodeToString(random)
}
