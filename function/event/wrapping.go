package event

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
)

// Queues and failure destinations hand an event back inside an envelope of their own:
//
//	EventBridge from MNS, RocketMQ, Kafka: {"id":…,"specversion":…,"data":{"messageBody" or "body" or "value":"{…}"}}
//	EventBridge from Simple Log Service:   {"id":…,"specversion":…,"data":{"event":"{…}"}}, a record without envelope
//	a failure destination:                 {"requestContext":{…},"requestPayload":"{…}"}, and that wrapped again
//
// Their shapes: https://github.com/aliyun/fc-runtime-go-sdk/tree/main/events and
// https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/result-callback

// wrappers are the members that may hold an event, as an object, an array or JSON text.
var wrappers = []name{"data", "body", "messageBody", "value", "event", "requestPayload"}

// maxWrappings is how many envelopes around an event are taken off.
const maxWrappings = 3

// place says where in a payload a value lies.
type place struct {
	under     name   // the member that holds it, "" at the top and in an array there
	wrappings int    // how many envelopes are around it
	id        string // of the innermost of them that has one
}

// inside returns the place of a member of an object that lies here. A member of an envelope's data is in that envelope,
// not in a further one.
func (p place) inside(member name, id string) place {
	if p.under != "data" || member == "data" {
		p.wrappings++
	}
	return place{under: member, wrappings: p.wrappings, id: cmp.Or(id, p.id)}
}

// recordID returns the id of a record that lies here without an envelope of its own. Only Simple Log Service delivers
// records in this way; elsewhere a peering call without an id is an error.
func (p place) recordID() string {
	if p.under == "event" {
		return p.id
	}
	return ""
}

// read takes what a value holds and reports whether it is, or holds, an event, a timer event, or an array with one.
func (b *batch) read(raw json.RawMessage, at place) (found bool) {
	switch kindOf(raw) {
	case '[':
		return b.readArray(raw, at)
	case '{':
		return b.readObject(asObject(raw), at)
	}
	return false
}

func (b *batch) readObject(o object, at place) (found bool) {
	o.open()
	data := asObject(o["data"])
	switch delivered := o.isDelivered(); {
	case data.isRecord():
		b.addEvent(o.text("id"), data)
	case at.under != "" && o.isRecord():
		b.addEvent(at.recordID(), o)
	case !delivered && o.isTimer():
		b.addTimer(o)
	case b.unwrap(o, data, at): // what is inside comes first
	case delivered:
		b.addEvent(o.text("id"), data)
	default:
		return false
	}
	return true
}

// open replaces the JSON texts that may hold an event by what they hold.
func (o object) open() {
	for _, member := range wrappers {
		if inner, valid := embedded(o[member]); valid && inner != nil {
			o[member] = inner
		}
	}
}

// unwrap reads what the members of an envelope hold, of which data is an object already. It takes each out of the envelope
// first: of a large event, only one wrapping must be in memory.
func (b *batch) unwrap(o, data object, at place) (found bool) {
	id := o.text("id")
	for _, member := range wrappers {
		inside, kind := at.inside(member, id), kindOf(o[member])
		switch {
		case kind != '{' && kind != '[' || inside.wrappings > maxWrappings:
			found = b.refuse(member, o[member]) || found
		case member == "data" && data != nil:
			delete(o, member)
			found = b.readObject(data, inside) || found
		default:
			found = b.readPart(o.take(member), inside) || found
		}
	}
	return found
}

// readPart reads a part of an envelope. An array in it counts only if it holds an event: it may be about anything.
func (b *batch) readPart(raw json.RawMessage, at place) (found bool) {
	before := *b
	if found = b.read(raw, at); !found {
		*b = before
	}
	return found
}

// refuse notes that a part of an envelope cannot be read and names a peering call. It may be cut off or wrapped too often, and
// must not pass for an event about something else.
func (b *batch) refuse(member name, raw json.RawMessage) (found bool) {
	if !bytes.Contains(raw, []byte(createConnection)) && !bytes.Contains(raw, []byte(acceptConnection)) {
		return false
	}
	b.fail(fmt.Errorf("%s names a peering call, but holds no event that can be read: %s", member, quote(raw)))
	return true
}
