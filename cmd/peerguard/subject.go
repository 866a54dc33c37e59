package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"peerguard/cmd/peerguard/plain"
	"peerguard/function/event"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// subject is a connection to explain, or the reason why there is none.
type subject struct {
	connection peering.Connection
	event      bool           // the connection is what an event says
	ignored    string         // why the function would ignore it; then there is no connection
	reported   policy.Verdict // the verdict in a report; "" if it was not read from one
	rule       string         // the rule in a report
}

func hasEvent(subjects []subject) bool {
	return slices.ContainsFunc(subjects, func(s subject) bool { return s.event && s.ignored == "" })
}

func readSubjectFile(path string) ([]subject, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading event: %w", err)
	}
	subjects, err := readSubjects(data)
	if err != nil {
		return subjects, fmt.Errorf("%s: %w", path, err)
	}
	return subjects, nil
}

// readSubjects reads a sequence of events, reports, entries of reports and lines of the function's log, and arrays of
// them, as jsonValues finds them. If only some can be read, it returns those and an error.
func readSubjects(data []byte) ([]subject, error) {
	var subjects []subject
	var errs []error
	for raw, err := range jsonValues(data) {
		if err != nil {
			return subjects, errors.Join(append(errs, err)...)
		}
		found, err := readValue(raw)
		subjects = append(subjects, found...)
		errs = append(errs, err)
	}
	if len(subjects) == 0 && errors.Join(errs...) == nil {
		if len(bytes.TrimSpace(data)) == 0 {
			return nil, errors.New("no connection found")
		}
		return readEvent(data) // which says what is wrong with a file without objects
	}
	return subjects, errors.Join(errs...)
}

// readValue reads one value, or each element of an array.
func readValue(raw json.RawMessage) ([]subject, error) {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil || len(elements) == 0 {
		return readObject(raw)
	}
	var subjects []subject
	var errs []error
	for i, element := range elements {
		var text string
		if json.Unmarshal(element, &text) == nil { // queues deliver events as strings
			element = json.RawMessage(text)
		}
		found, err := readObject(element)
		if err != nil {
			errs = append(errs, fmt.Errorf("element %d: %w", i, err))
		}
		subjects = append(subjects, found...)
	}
	return subjects, errors.Join(errs...)
}

// readObject reads an object, whose keys tell what it is.
func readObject(raw json.RawMessage) ([]subject, error) {
	switch o := newObject(raw); {
	case o["connections"] != nil:
		return readReport(raw)
	case o["report"] != nil:
		return readReport(o["report"])
	case o["requester_account"] != nil || o["accepter_account"] != nil:
		return readDecision(raw)
	case o["instance_id"] != nil:
		return readEntry(raw)
	}
	return readEvent(raw)
}

func readReport(raw json.RawMessage) ([]subject, error) {
	var report guard.Report
	if err := json.Unmarshal(raw, &report); err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	if len(report.Connections) == 0 {
		ignored := "the report lists no connections"
		if report.Ignored != "" {
			ignored = report.Ignored
		}
		return []subject{{ignored: plain.Text(ignored)}}, nil
	}
	subjects := make([]subject, len(report.Connections))
	for i, entry := range report.Connections {
		subjects[i] = reported(entry)
	}
	return subjects, nil
}

func readEntry(raw json.RawMessage) ([]subject, error) {
	var entry guard.Entry
	if err := json.Unmarshal(raw, &entry); err != nil {
		return nil, fmt.Errorf("reading entry of a report: %w", err)
	}
	return []subject{reported(entry)}, nil
}

// readDecision reads a line of the log: an entry whose nested keys are flattened.
func readDecision(raw json.RawMessage) ([]subject, error) {
	var line struct {
		guard.Entry
		RequesterAccount peering.Account `json:"requester_account"`
		RequesterRegion  string          `json:"requester_region"`
		RequesterVPC     string          `json:"requester_vpc"`
		RequesterCIDRs   []string        `json:"requester_cidrs"`
		AccepterAccount  peering.Account `json:"accepter_account"`
		AccepterRegion   string          `json:"accepter_region"`
		AccepterVPC      string          `json:"accepter_vpc"`
		AccepterCIDRs    []string        `json:"accepter_cidrs"`
	}
	if err := json.Unmarshal(raw, &line); err != nil {
		return nil, fmt.Errorf("reading line of the log: %w", err)
	}
	line.Requester = peering.Side{Account: line.RequesterAccount, Region: line.RequesterRegion, VPC: line.RequesterVPC, CIDRs: line.RequesterCIDRs}
	line.Accepter = peering.Side{Account: line.AccepterAccount, Region: line.AccepterRegion, VPC: line.AccepterVPC, CIDRs: line.AccepterCIDRs}
	return []subject{reported(line.Entry)}, nil
}

func reported(e guard.Entry) subject {
	return subject{
		reported:   policy.Verdict(plain.Text(string(e.Decision))),
		rule:       plain.Text(e.Rule),
		connection: peering.Connection{ID: plain.Text(e.InstanceID), Requester: cleanSide(e.Requester), Accepter: cleanSide(e.Accepter)},
	}
}

// cleanSide leaves out invalid accounts and regions, and makes the rest safe to print: anybody can send an event.
func cleanSide(s peering.Side) peering.Side {
	if !peering.ValidAccount(string(s.Account)) {
		s.Account = ""
	}
	if !peering.ValidRegion(s.Region) {
		s.Region = ""
	}
	if s.Path != peering.Outside && !peering.ValidPath(string(s.Path)) {
		s.Path = ""
	}
	s.VPC = plain.Text(s.VPC)
	s.CIDRs = slices.Clone(s.CIDRs)
	for i := range s.CIDRs {
		s.CIDRs[i] = plain.Text(s.CIDRs[i])
	}
	return s
}

// readEvent reads an event as the function does, and then what its record says about the connection.
func readEvent(raw json.RawMessage) ([]subject, error) {
	input, err := event.Parse(raw)
	if err != nil {
		return nil, err
	}
	events, ok := input.(*event.Events)
	switch {
	case !ok:
		return nil, errors.New("a timer event does not name a connection: pass an event, a report or an entry of a report")
	case events.Err != nil:
		return nil, events.Err
	case len(events.Hints) != 1:
		return []subject{{event: true, ignored: events.Ignored}}, nil
	}
	return []subject{{event: true, connection: recorded(raw, events.Hints[0])}}, nil
}

// recorded returns the connection as far as an event describes it. Only a Create says who requests: its caller.
func recorded(raw json.RawMessage, hint event.Hint) peering.Connection {
	envelope := newObject(raw)
	record := envelope.object("data")
	sent := record.object("requestParameters")
	c := peering.Connection{ID: hint.InstanceID, Accepter: peering.Side{Region: hint.Region, VPC: sent.str("AcceptingVpcId")}}
	if len(hint.Accepters) > 0 {
		c.Accepter.Account = hint.Accepters[0]
	}
	if record.str("eventName") == "CreateVpcPeerConnection" {
		c.Requester = peering.Side{
			Account: peering.Account(firstValid(peering.ValidAccount, record.object("userIdentity").str("accountId"), record.str("recipientAccountId"), envelope.str("aliyunoriginalaccountid"))),
			Region:  firstValid(peering.ValidRegion, sent.str("RegionId"), record.str("acsRegion")),
			VPC:     sent.str("VpcId"),
		}
	}
	c.Requester, c.Accepter = cleanSide(c.Requester), cleanSide(c.Accepter)
	return c
}

func firstValid(valid func(string) bool, words ...string) string {
	if i := slices.IndexFunc(words, valid); i >= 0 {
		return words[i]
	}
	return ""
}

// object is one level of a JSON object.
type object map[string]json.RawMessage

// newObject returns an empty object for anything that is not one.
func newObject(raw json.RawMessage) (o object) {
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

func (o object) object(key string) object { return newObject(o[key]) }

// str returns a string, or the digits of a number: ids can be either, and a float would round them.
func (o object) str(key string) string {
	var s string
	var digits json.Number
	switch raw := o[key]; {
	case json.Unmarshal(raw, &s) == nil:
		return s
	case json.Unmarshal(raw, &digits) == nil:
		return digits.String()
	}
	return ""
}
