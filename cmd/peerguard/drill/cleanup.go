package drill

import (
	"context"
	"fmt"
	"time"

	"peerguard/function/peering"
)

// search is how long a request whose answer was lost is looked for: it can take a while to appear in a list.
const search = 5 * time.Second

// cleanUp deletes what the drill made.
func (d *Drill) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if len(d.ids) == 0 {
		d.findLost(ctx)
	}
	for i, id := range d.ids {
		token, err := d.Delete(ctx, id)
		if err != nil {
			d.record.Left = append(d.record.Left, id)
			d.record.end(Failed, fmt.Sprintf("deleting %s: %v", id, err))
			continue
		}
		d.step("deleted", id+" is deleted")
		if i == 0 {
			d.repeat(ctx, id, token)
		}
	}
}

// findLost looks for the request by its name: its answer may have been lost.
func (d *Drill) findLost(ctx context.Context) {
	for end := time.Now().Add(search); ; {
		err := each(ctx, &d.Requester, func(c *peering.Connection) {
			if d.made(c) && c.Name == d.record.Name {
				d.ids = append(d.ids, c.ID)
			}
		})
		if err != nil {
			d.record.end(Failed, fmt.Sprintf("looking for the request: %v", err))
			return
		}
		if len(d.ids) > 0 || !d.unanswered || time.Now().After(end) || !sleep(ctx, search/10) {
			break
		}
	}
	if len(d.ids) > 0 {
		d.record.Connection = d.ids[0]
		d.step("found", d.ids[0]+" has the name of the drill: the request was sent, although its answer was lost")
	}
}

// Delete deletes a connection and waits until it is gone. It returns the client token that deleted it, "" if it was gone
// before. A request that is still being created cannot be deleted, so Delete waits for that as well.
func (d *Drill) Delete(ctx context.Context, id string) (token string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		token = newToken()
		err = d.remove(ctx, id, token)
		class := classOf(err)
		switch {
		case err == nil:
			return token, d.awaitGone(ctx, id)
		case class == peering.Gone, class == peering.WrongStatus && d.isGone(ctx, id):
			return "", nil
		case class != peering.WrongStatus || !sleep(ctx, 500*time.Millisecond):
			return "", err
		}
	}
}

// awaitGone waits until a connection that was deleted is gone.
func (d *Drill) awaitGone(ctx context.Context, id string) error {
	for !d.isGone(ctx, id) {
		if !sleep(ctx, 200*time.Millisecond) {
			return fmt.Errorf("it was deleted, and is still there after %v", patience)
		}
	}
	return nil
}

// isGone reports whether the requester can no longer read a connection.
func (d *Drill) isGone(ctx context.Context, id string) bool {
	c, err := d.Requester.Client.Get(ctx, d.Requester.in(), id)
	return classOf(err) == peering.Gone || err == nil && c.Status == peering.Deleted
}

// repeat deletes the request a second time with the same client token, which shows whether the API remembers the token.
func (d *Drill) repeat(ctx context.Context, id, token string) {
	if token == "" {
		return
	}
	d.answers[deleteAgain] = answer{d.remove(ctx, id, token)}
}
