package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"peerguard/cmd/peerguard/logs"
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
	at         time.Time      // of the line of a log that tells of it
}

func hasEvent(subjects []subject) bool {
	return slices.ContainsFunc(subjects, func(s subject) bool { return s.event && s.ignored == "" })
}

func readSubjectFile(path string, stdin io.Reader) ([]subject, error) {
	data, err := readInput(path, stdin)
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
// them, in every form in which a log is saved. If only some can be read, it returns those and an error.
func readSubjects(data []byte) ([]subject, error) {
	var found subjectList
	values := 0
	for raw, err := range logs.Values(data) {
		if err == nil {
			found.addValue(raw)
		}
		found.fail(err)
		values++
	}
	if values == 0 && len(bytes.TrimSpace(data)) > 0 { // a CSV table, or something else
		found.addObject(data, "")
	}
	return found.all()
}

// subjectList collects subjects. A connection that several lines of a log tell of is in it once, as the newest tells it.
type subjectList struct {
	subjects []subject
	logged   map[string]int // the index of each connection that a log tells of, by instance id
	lines    int            // of a log
	empty    string         // why a report lists no connections

	errs    []error
	strange []error // why an object is not an event; in a log there are such objects
}

func (l *subjectList) fail(err error) {
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

func (l *subjectList) all() ([]subject, error) {
	if l.lines == 0 {
		l.errs = append(l.errs, l.strange...)
	}
	switch {
	case len(l.subjects) > 0 || len(l.errs) > 0:
		return l.subjects, errors.Join(l.errs...)
	case l.empty != "":
		return []subject{{ignored: plain.Text(l.empty)}}, nil
	}
	return nil, errors.New("no connection found")
}

// addValue adds what a value is about, or each element of an array.
func (l *subjectList) addValue(raw json.RawMessage) {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil || len(elements) == 0 {
		l.addObject(raw, "")
	}
	for i, element := range elements {
		var text string
		if json.Unmarshal(element, &text) == nil { // queues deliver events as strings
			element = json.RawMessage(text)
		}
		l.addObject(element, fmt.Sprintf("element %d: ", i))
	}
}

// addObject adds what the lines of a log tell in a text, or else the event that it is.
func (l *subjectList) addObject(text []byte, place string) {
	n, err := l.addLines(text)
	l.lines += n
	switch {
	case n > 0 || err != nil && json.Valid(text):
		l.fail(err)
	default:
		subjects, err := readEvent(text)
		l.subjects = append(l.subjects, subjects...)
		if err != nil {
			l.strange = append(l.strange, fmt.Errorf("%s%w", place, err))
		}
	}
}

// addLines adds the connections that the lines of a log tell of, and returns the number of lines.
func (l *subjectList) addLines(data []byte) (n int, err error) {
	for line, err := range logs.Lines(data) {
		switch {
		case err != nil:
			return n, err
		case line.Kind == logs.Returned: // a failure destination holds it beside the event
			continue
		}
		n++
		for _, e := range line.Entries() {
			l.addEntry(e, line.Time)
		}
		if line.Kind == logs.Report && len(line.Report.Connections) == 0 {
			l.empty = cmp.Or(line.Report.Ignored, "the report lists no connections")
		}
	}
	return n, nil
}

func (l *subjectList) addEntry(e guard.Entry, at time.Time) {
	s := subject{
		reported:   policy.Verdict(plain.Text(string(e.Decision))),
		rule:       plain.Text(e.Rule),
		at:         at,
		connection: peering.Connection{ID: plain.Text(e.InstanceID), Requester: cleanSide(e.Requester), Accepter: cleanSide(e.Accepter)},
	}
	i, known := l.logged[s.connection.ID]
	switch {
	case !known:
		if l.logged == nil {
			l.logged = map[string]int{}
		}
		l.logged[s.connection.ID] = len(l.subjects)
		l.subjects = append(l.subjects, s)
	case s.at.After(l.subjects[i].at):
		l.subjects[i] = s
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
