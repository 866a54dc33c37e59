package acs

import (
	"encoding/json"
	"errors"

	"peerguard/function/peering"
)

// Answer is what the answer to a call is decoded into: a struct that embeds a Confirmation, and whose fields have the names
// of the answer's keys. The SDK's own types are not used: they read account ids through a number and lack documented
// fields.
type Answer interface {
	confirmed() bool
	guardedBy(redactor)
}

// Confirmation is what every answer holds.
type Confirmation struct {
	RequestId Text
	Code      Text // an error that came with HTTP 200

	secrets redactor
}

// confirmed reports whether the API really answered.
func (c *Confirmation) confirmed() bool { return c.RequestId != "" && c.Code == "" }

// guardedBy says which secrets the answer must not repeat.
func (c *Confirmation) guardedBy(secrets redactor) { c.secrets = secrets }

// Clean returns a text of the answer as it may be shown: on one line of most bytes, without a secret of the exchange.
func (c *Confirmation) Clean(text Text, most int) string { return c.secrets.clean(string(text), most) }

// Fact returns a text of the answer to judge by. One that would have to be cleaned is not a fact, but unknown: "".
func (c *Confirmation) Fact(text Text) string {
	if fact := c.Clean(text, maxText); fact == string(text) {
		return fact
	}
	return ""
}

// Text is a string that the API may also write as a number, whose digits it keeps, or as null, for none. It is as the API
// wrote it: only what Clean or Fact return may be shown.
type Text string

// UnmarshalJSON refuses objects and lists.
func (t *Text) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		return json.Unmarshal(raw, (*string)(t))
	case '{', '[':
		return errors.New("neither a text nor a number")
	case 'n':
		return nil
	}
	*t = Text(raw)
	return nil
}

// Account returns the account id, or "" for anything that is not one. The API writes 0 for an owner that it does not
// know.
func (t *Text) Account() peering.Account {
	if *t == "0" || !peering.ValidAccount(string(*t)) {
		return ""
	}
	return peering.Account(*t)
}
