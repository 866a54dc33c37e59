// Package event reads what Function Compute hands to an invocation: CloudEvents that EventBridge delivers, arrays of them,
// timer events, and any of these inside the envelopes of queues. It says which connections to look at. It decides nothing and
// believes nothing that an event says about a connection: anyone who may put events on a bus can forge them.
//
// The shapes follow public documents:
//   - the envelope: https://www.alibabacloud.com/help/en/eventbridge/user-guide/event-overview
//   - the ActionTrail record in data: https://www.alibabacloud.com/help/doc-detail/28819.html
//   - the timer event: https://www.alibabacloud.com/help/en/functioncompute/fc/formats-of-event-for-different-triggers-1
//
// Keys are matched exactly, unknown ones are tolerated, ids may be strings or numbers, and no time is ever parsed: the
// platform writes several forms of it, not all of them valid.
package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"peerguard/function/peering"
)

// Input is what an invocation is asked to do: *Events or *Sweep.
type Input interface{ input() }

func (*Events) input() {}
func (*Sweep) input()  {}

// Events is one CloudEvents event, or several.
type Events struct {
	TriggerID string // the first event's id, with " (+N)" for N more; "" if no event has one
	Hints     []Hint // the connections to look at, in the order of the events, each as often as events name it
	Ignored   string // why there is nothing to do, if every event could be read and none is a peering event
	Err       error  // what else could not be read, on one line; the Hints are valid all the same
}

// Hint names a connection that is worth a look, and where to ask for it.
type Hint struct {
	ID         string // of the event, never empty
	InstanceID string // of the connection, valid as peering.ValidID says
	// Accepters are the accounts that the event names as accepter, the likeliest first. Each has the form of an account
	// id. The list may be empty, and its accounts need not be guarded.
	Accepters []peering.Account
	// AccepterUnreadable says that the event names an accepter in a form that cannot be read, such as 4.44E15. If nobody else
	// knows the connection either, it may belong to any guarded account.
	AccepterUnreadable bool
	Region             string // the accepter's, as far as the event tells; "" if it names no valid one
}

// ClientToken returns the token that makes every delivery of the event one effect.
func (h Hint) ClientToken() string { return peering.EventToken(h.ID) }

// largePayload is the size from which on payloads are read one at a time. EventBridge delivers up to 256 KiB.
const largePayload = 256 << 10

// readingLarge is held while a large payload is read. That takes a few times the payload's size in memory, which must not
// add up over the invocations that run at the same time.
var readingLarge sync.Mutex

// Parse reads the payload of an invocation. It fails if the payload is not JSON, has none of the known shapes, or is a
// peering event that does not say which connection it is about. The error is one line and quotes a few dozen bytes of the
// payload at most. An array fails as a whole only if it is empty or has more than 10,000 elements; see Events.Err.
func Parse(payload []byte) (Input, error) {
	if len(payload) >= largePayload {
		readingLarge.Lock()
		defer readingLarge.Unlock()
	}
	input, err := parse(payload)
	if err != nil {
		return nil, fmt.Errorf("reading event: %w", err)
	}
	return input, nil
}

func parse(payload []byte) (Input, error) {
	if err := checkJSON(payload); err != nil {
		return nil, err
	}
	var b batch
	if !b.read(payload, place{}) && !b.array {
		return nil, fmt.Errorf("not a CloudEvents event, an array of them, or a timer event: %s", quote(payload))
	}
	return b.input()
}

func checkJSON(payload []byte) error {
	switch {
	case len(bytes.TrimSpace(payload)) == 0:
		return errors.New("it is empty")
	case !utf8.Valid(payload):
		return fmt.Errorf("not valid UTF-8: %s", quote(payload))
	case json.Valid(payload):
		return nil
	}
	err := json.Unmarshal(payload, new(json.RawMessage)) // says what json.Valid does not: why
	return fmt.Errorf("not JSON: %w: %s", err, quote(payload))
}
