package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
)

// errOver ends the watch when the time is over.
var errOver = errors.New("the time is over")

// grace is how long the drill waits for sights that do not decide, after it has seen the one that does.
const grace = 15 * time.Second

// history is which status a connection had when, as one party saw it.
type history []sight

// sight is a status, and how many seconds after the request it was seen first.
type sight struct {
	status peering.Status
	at     float64
}

// last returns the status that was seen last, "" before any.
func (h history) last() peering.Status {
	if len(h) == 0 {
		return ""
	}
	return h[len(h)-1].status
}

// String tells the history: "Creating from 0.1 s, Accepting from 2.2 s".
func (h history) String() string {
	words := make([]string, len(h))
	for i, s := range h {
		words[i] = fmt.Sprintf("%s from %.1f s", s.status, s.at)
	}
	return strings.Join(words, ", ")
}

// watch looks at the request until it was dealt with.
func (d *Drill) watch(ctx context.Context) error {
	for {
		if err := d.look(ctx); err != nil {
			return err
		}
		if d.dealtWith() {
			return nil
		}
		if !sleep(ctx, d.pause()) {
			return errOver
		}
	}
}

// pause is how long the drill waits between two looks. It grows, so that the times are exact to a twentieth.
func (d *Drill) pause() time.Duration {
	return min(2*time.Second, max(200*time.Millisecond, time.Since(d.started)/20))
}

func sleep(ctx context.Context, t time.Duration) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// look looks once at everything that may have changed.
func (d *Drill) look(ctx context.Context) error {
	if err := d.see(ctx, &d.Accepter, &d.accepterSaw); err != nil {
		return err
	}
	if err := d.see(ctx, &d.Requester, &d.requesterSaw); err != nil {
		return err
	}
	if d.requesterSaw.last().Pending() {
		d.tryAnother(ctx, anotherWhilePending)
	}
	if err := d.list(ctx); err != nil {
		return err
	}
	d.readLog()
	return nil
}

// see reads the request as one party, and notes a status that is new. A request can take a while to be visible.
func (d *Drill) see(ctx context.Context, p *Party, seen *history) error {
	c, err := p.Client.Get(ctx, p.in(), d.ids[0])
	switch class := classOf(err); {
	case err == nil:
	case class == peering.OutOfTime:
		return errOver
	case class == peering.Gone && len(*seen) == 0:
		return nil
	case class == peering.Gone:
		c.Status = peering.Deleted
	default:
		return fmt.Errorf("reading the request as account %s: %w", p.Side.Account, err)
	}
	if c.Status == seen.last() {
		return nil
	}
	*seen = append(*seen, sight{c.Status, d.since()})
	d.changed(p, c.Status)
	return nil
}

// changed records the step that a status is.
func (d *Drill) changed(p *Party, now peering.Status) {
	byRequester := p == &d.Requester
	switch {
	case now.Pending() && byRequester:
		d.step("pending", "the requester sees Accepting")
	case now == peering.Rejected && byRequester:
		d.step("seen-rejected", "the requester sees Rejected")
	case now == peering.Rejected:
		d.step("rejected", "the accepter sees Rejected")
	}
}

// list looks for the request in the accepter's list of its region.
func (d *Drill) list(ctx context.Context) error {
	if d.listed {
		return nil
	}
	var status peering.Status
	err := each(ctx, &d.Accepter, func(c *peering.Connection) {
		if c.ID == d.ids[0] {
			d.listed, status = true, c.Status
		}
	})
	d.listErr = err
	switch {
	case classOf(err) == peering.OutOfTime:
		return errOver
	case classOf(err) == peering.Forbidden:
		return fmt.Errorf("listing the accepter's connections: %w", err)
	case d.listed:
		d.step("listed", fmt.Sprintf("the accepter's list of %s shows it as %s", d.Accepter.Side.Region, status))
	}
	return nil
}

// readLog reads what the function's reports say. A file that cannot be read now may be readable later.
func (d *Drill) readLog() {
	if d.Log == nil {
		return
	}
	var told []Told
	if told, d.newest, d.logErr = d.Log(d.ids[0]); d.logErr != nil {
		return
	}
	known := slices.ContainsFunc(d.told, Told.final)
	d.told = told
	if i := slices.IndexFunc(told, Told.final); i >= 0 && !known {
		d.step("reported", fmt.Sprintf("the report of %s says %s", told[i].trigger(), told[i].Outcome))
	}
}

// final reports whether the report tells what became of the request.
func (t Told) final() bool { return t.Outcome != "not_ready" && t.Outcome != "failed" }

// trigger names what started the invocation. The id of a sweep begins with the name of its timer.
func (t Told) trigger() string { return t.Trigger + " " + t.ID }

// dealtWith reports whether there is nothing left to wait for.
func (d *Drill) dealtWith() bool {
	if failed, _ := d.contradicted(d.status()); failed {
		return true
	}
	if !d.final() {
		return false
	}
	if d.late.IsZero() {
		d.late = time.Now().Add(grace)
	}
	complete := d.listed && d.requesterSaw.last() == d.accepterSaw.last() && (d.Log == nil || slices.ContainsFunc(d.told, Told.final))
	return complete || time.Now().After(d.late)
}

// final reports whether the function has done what it was expected to do.
func (d *Drill) final() bool {
	if d.Enforce {
		return d.status() == peering.Rejected
	}
	wouldReject := func(t Told) bool { return t.Outcome == "would_reject" }
	return d.status().Pending() && slices.ContainsFunc(d.told, wouldReject)
}
