package event

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// object holds the members of a JSON object that this package reads, one level deep. Reading level by level instead of into
// structs keeps names exact (encoding/json matches the names of struct fields in any case) and keeps an oddity in one place
// from spoiling the rest. The nil object has no members.
type object map[name]json.RawMessage

// name is the name of a member that this package reads. All others are read as "", so that an object never holds more than
// known does, whatever a sender writes.
type name string

// known has every name that this package looks up, whatever the level.
var known = map[name]bool{
	// the envelope
	"id": true, "specversion": true, "type": true, "source": true, "data": true,
	// what a queue or a failure destination wraps an event in, besides data
	"body": true, "messageBody": true, "value": true, "event": true, "requestPayload": true,
	// the record
	"eventName": true, "errorCode": true, "acsRegion": true, "recipientAccountId": true,
	"requestParameters": true, "requestParameterJson": true, "responseElements": true, "userIdentity": true,
	// the record's parameters, answer and caller
	"InstanceId": true, "AcceptingAliUid": true, "AcceptingRegionId": true, "accountId": true,
	// the timer event
	"triggerTime": true, "triggerName": true, "payload": true,
}

// UnmarshalText keeps known names only.
func (n *name) UnmarshalText(text []byte) error {
	if known[name(text)] {
		*n = name(text)
	}
	return nil
}

// asObject returns the object that raw holds, nil if it holds anything else. If a name occurs twice, the last one wins.
func asObject(raw []byte) object {
	var o object
	if kindOf(raw) != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// has reports whether the member is there and not null.
func (o object) has(n name) bool { return o[n] != nil && kindOf(o[n]) != 'n' }

// object returns the object that a member holds, as it is or as JSON text; nil if there is none.
func (o object) object(n name) object {
	inner, valid := embedded(o[n])
	if !valid {
		return nil
	}
	return asObject(inner)
}

// text returns the string that a member holds, or the literal text of a number, which no float has touched; "" for
// everything else.
func (o object) text(n name) string { return asText(o[n]) }

// asText is object.text for a value.
func asText(raw json.RawMessage) string {
	switch kindOf(raw) {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case '0':
		return string(raw)
	}
	return ""
}

// take removes a member and returns it.
func (o object) take(n name) json.RawMessage {
	raw := o[n]
	delete(o, n)
	return raw
}

// embedded returns the JSON inside a string and whether it is valid. Any other value is returned unchanged: it has been
// checked already.
func embedded(raw json.RawMessage) (inner json.RawMessage, valid bool) {
	if kindOf(raw) != '"' {
		return raw, true
	}
	var u unquoted
	if json.Unmarshal(raw, &u) != nil {
		return nil, false
	}
	return json.RawMessage(u), json.Valid(u)
}

// unquoted is the text of a JSON string as bytes. To read it as a string would copy a large one once more.
type unquoted []byte

// UnmarshalText keeps the text.
func (u *unquoted) UnmarshalText(text []byte) error {
	*u = bytes.Clone(text)
	return nil
}

// blanks is the white space of JSON.
const blanks = " \t\r\n"

// kindOf returns the first byte of a JSON value, which tells its kind: { [ " t f n. It returns '0' for any number, and the
// byte 0 if there is no value.
func kindOf(raw []byte) byte {
	raw = bytes.TrimLeft(raw, blanks)
	if len(raw) == 0 {
		return 0
	}
	if raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' {
		return '0'
	}
	return raw[0]
}

// quoteLimit is how many bytes of a payload an error shows: enough to recognise it, too few to leak it.
const quoteLimit = 40

// quote returns the beginning of a payload, quoted and on one line.
func quote[T ~string | ~[]byte](payload T) string {
	if len(payload) <= quoteLimit {
		return strconv.Quote(string(payload))
	}
	cut := quoteLimit
	for cut > quoteLimit-utf8.UTFMax && !utf8.RuneStart(payload[cut]) {
		cut--
	}
	return strconv.Quote(string(payload[:cut])) + "…"
}

// bounded returns a short and plain text unchanged, and any other quoted.
func bounded(text string) string {
	quoted := quote(text)
	if quoted == `"`+text+`"` {
		return text
	}
	return quoted
}
