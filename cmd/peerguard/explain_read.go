package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// subject is a connection to explain, or why there is none.
type subject struct {
	connection peering.Connection
	event      bool           // the facts are an event's
	ignored    string         // why the function would not look at it; then there is no connection
	said       policy.Verdict // what a report says of it, "" where nothing does
	rule       string         // that decided, as the report says
}

func hasEvent(subjects []subject) bool {
	return slices.ContainsFunc(subjects, func(s subject) bool { return s.event && s.ignored == "" })
}

// readSubjects reads events, reports, entries of reports and lines of the function's log, one after another, and arrays
// of them. Beside an error it gives what could be read.
func readSubjects(data []byte) ([]subject, error) {
	var subjects []subject
	var errs []error
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return subjects, errors.Join(append(errs, fmt.Errorf("reading JSON: %w", err))...)
		}
		found, err := readValue(raw)
		subjects = append(subjects, found...)
		errs = append(errs, err)
	}
	if len(subjects) == 0 && errors.Join(errs...) == nil {
		errs = append(errs, errors.New("there is no connection in it"))
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
		if json.Unmarshal(element, &text) == nil { // queues hand events over as texts
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

// readObject reads whatever the object's keys say that it is.
func readObject(raw json.RawMessage) ([]subject, error) {
	switch keys := keysOf(raw); {
	case keys["connections"] != nil:
		return readConnections(raw)
	case keys["report"] != nil:
		return readConnections(keys["report"])
	case keys["requester_account"] != nil || keys["accepter_account"] != nil:
		return readDecision(raw)
	case keys["instance_id"] != nil:
		return readEntry(raw)
	}
	return readEvent(raw)
}

// keysOf gives the keys of an object and what they hold, none for anything else.
func keysOf(raw json.RawMessage) (keys map[string]json.RawMessage) {
	if json.Unmarshal(raw, &keys) != nil {
		return nil
	}
	return keys
}

func readConnections(raw json.RawMessage) ([]subject, error) {
	var report guard.Report
	if err := json.Unmarshal(raw, &report); err != nil {
		return nil, fmt.Errorf("reading report: %w", err)
	}
	if len(report.Connections) == 0 {
		why := "the report names no connection"
		if report.Ignored != "" {
			why = report.Ignored
		}
		return []subject{{ignored: plain(why)}}, nil
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

func reported(e guard.Entry) subject {
	s := subject{said: policy.Verdict(plain(string(e.Decision))), rule: plain(e.Rule)}
	s.connection = peering.Connection{ID: plain(e.InstanceID), Requester: checkedSide(e.Requester), Accepter: checkedSide(e.Accepter)}
	return s
}

// readDecision reads a line of the log, which is an entry with its keys flattened.
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

// checkedSide leaves out what is no account or region, and what would play with the terminal: anybody can write an event.
func checkedSide(s peering.Side) peering.Side {
	if !peering.ValidAccount(string(s.Account)) {
		s.Account = ""
	}
	if !peering.ValidRegion(s.Region) {
		s.Region = ""
	}
	s.VPC = plain(s.VPC)
	s.CIDRs = slices.Clone(s.CIDRs)
	for i := range s.CIDRs {
		s.CIDRs[i] = plain(s.CIDRs[i])
	}
	return s
}

// plain replaces what no id has. It leaves nothing out: an id must not turn into another.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
