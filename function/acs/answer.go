package acs

import (
	"encoding/json"
	"errors"

	"peerguard/function/peering"
)

// Answer is what the answer to a call is decoded into: a struct that embeds a Confirmation. The SDK's own types are not
// used: they read account ids through a number and lack documented fields.
type Answer interface{ confirmed() bool }

// Confirmation is what every answer holds.
type Confirmation struct {
	RequestId Text
	Code      Text // an error that came with HTTP 200
}

// confirmed reports whether the API really answered.
func (c *Confirmation) confirmed() bool { return c.RequestId != "" && c.Code == "" }

// Text is a string that the API may also write as a number, whose digits it keeps, or as null, for none.
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
