package main

import (
	"encoding/json"
	"errors"
	"slices"

	"peerguard/function/event"
	"peerguard/function/peering"
)

// readEvent reads an event as the function does, and then what its record says of the connection.
func readEvent(raw json.RawMessage) ([]subject, error) {
	input, err := event.Parse(raw)
	if err != nil {
		return nil, err
	}
	events, ok := input.(*event.Events)
	switch {
	case !ok:
		return nil, errors.New("a timer event names no connection: explain wants an event, a report or one of its connections")
	case events.Err != nil:
		return nil, events.Err
	case len(events.Hints) != 1:
		return []subject{{event: true, ignored: events.Ignored}}, nil
	}
	return []subject{{event: true, connection: recorded(raw, events.Hints[0])}}, nil
}

// recorded gives the connection as far as an event tells. Only a Create says who asks: its caller.
func recorded(raw json.RawMessage, hint event.Hint) peering.Connection {
	envelope := tree(raw)
	record := envelope.under("data")
	sent := record.under("requestParameters")
	c := peering.Connection{ID: hint.InstanceID, Accepter: peering.Side{Region: hint.Region, VPC: sent.text("AcceptingVpcId")}}
	if len(hint.Accepters) > 0 {
		c.Accepter.Account = hint.Accepters[0]
	}
	if record.text("eventName") == "CreateVpcPeerConnection" {
		c.Requester = peering.Side{
			Account: peering.Account(first(peering.ValidAccount, record.under("userIdentity").text("accountId"), record.text("recipientAccountId"), envelope.text("aliyunoriginalaccountid"))),
			Region:  first(peering.ValidRegion, sent.text("RegionId"), record.text("acsRegion")),
			VPC:     sent.text("VpcId"),
		}
	}
	c.Requester, c.Accepter = checkedSide(c.Requester), checkedSide(c.Accepter)
	return c
}

func first(valid func(string) bool, words ...string) string {
	if i := slices.IndexFunc(words, valid); i >= 0 {
		return words[i]
	}
	return ""
}

// object is one level of a JSON object, whose ids may be texts or numbers.
type object map[string]json.RawMessage

func tree(raw json.RawMessage) object { return keysOf(raw) }

func (o object) under(key string) object { return keysOf(o[key]) }

// text gives a text, or the digits of a number, which no float has touched.
func (o object) text(key string) string {
	var text string
	var digits json.Number
	switch raw := o[key]; {
	case json.Unmarshal(raw, &text) == nil:
		return text
	case json.Unmarshal(raw, &digits) == nil:
		return digits.String()
	}
	return ""
}
