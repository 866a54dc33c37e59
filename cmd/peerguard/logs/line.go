package logs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Kind is what a line tells.
type Kind string

// The kinds of lines.
const (
	Began     Kind = "began"     // an invocation begins: the function prints it for the platform
	Decision  Kind = "decision"  // a connection was judged, or the entry of a report alone
	Partition Kind = "partition" // a partition could not be listed, or its list is long
	Report    Kind = "report"    // an invocation is done, or the report alone, as the invocation returned it
	Failed    Kind = "failed"    // an invocation failed, or there is trouble with the platform
	Started   Kind = "start"     // a process began
	Returned  Kind = "returned"  // the error that a failed invocation returned, alone
)

// began is what the line of an invocation's begin says before its request id.
const began = "FC Invoke Start RequestId: "

// Line is one line of the function's log.
type Line struct {
	Kind      Kind
	Time      time.Time // zero if the line does not say
	RequestID string
	TriggerID string
	Version   string
	Mode      policy.Mode // of Decision, Partition and Report
	Digest    string      // the same

	Entry  guard.Entry   // of Decision
	Visit  guard.Visit   // of Partition
	Report *guard.Report // of Report

	ErrorType string // of Failed and Returned, and of a Report whose invocation failed
	Cause     string // the same, but for Returned
	Message   string // of Failed and Returned: why
}

// kindOf returns what an object is by its keys, "" if it is not a line of the function.
func kindOf(fields map[string]json.RawMessage) Kind {
	has := func(key string) bool { return fields[key] != nil }
	var message string
	_ = json.Unmarshal(fields["message"], &message) // "" if it is missing or not a text
	switch kind := Kind(message); {
	case kind == Report && has("report"), has("connections"), has("trigger") && has("policy"):
		return Report
	case kind == Partition && has("level"), kind == Failed && has("level"), kind == Started && has("level"):
		return kind
	case has("errorMessage"):
		return Returned
	case has("instance_id"), has("requester_account"), has("accepter_account"):
		return Decision
	}
	return ""
}

// parse reads a line of a known kind.
func parse(kind Kind, raw json.RawMessage) (Line, error) {
	line := Line{Kind: kind}
	var err error
	switch kind {
	case Decision:
		err = line.readDecision(raw)
	case Report:
		err = line.readReport(raw)
	default:
		err = line.readEvent(raw)
	}
	if err != nil {
		return Line{}, fmt.Errorf("reading %s: %w", kind, err)
	}
	return line, nil
}

// head are the fields that all lines of the log have.
type head struct {
	Time      string      `json:"time"`
	RequestID string      `json:"request_id"`
	TriggerID string      `json:"trigger_id"`
	Version   string      `json:"version"`
	Mode      policy.Mode `json:"mode"`
	Digest    string      `json:"policy_digest"`
	ErrorType string      `json:"error_type"`
	Cause     string      `json:"cause_code"`
}

func (l *Line) set(h head) {
	l.Time, _ = time.Parse(time.RFC3339, h.Time) // one that cannot be read is not known
	l.RequestID, l.TriggerID, l.Version, l.Mode, l.Digest, l.ErrorType, l.Cause = h.RequestID, h.TriggerID, h.Version, h.Mode, h.Digest, h.ErrorType, h.Cause
}

// readDecision reads an entry: that of a report, or one of the log, whose nested keys are flattened.
func (l *Line) readDecision(raw json.RawMessage) error {
	var flat struct {
		head
		guard.Entry
		Owner          string          `json:"owner"`
		ErrorCode      string          `json:"error_code"`
		ErrorMessage   string          `json:"error_message"`
		ErrorRetryable bool            `json:"error_retryable"`
		FromAccount    peering.Account `json:"requester_account"`
		FromRegion     string          `json:"requester_region"`
		FromVPC        string          `json:"requester_vpc"`
		FromCIDRs      []string        `json:"requester_cidrs"`
		FromPath       peering.Path    `json:"requester_path"`
		ToAccount      peering.Account `json:"accepter_account"`
		ToRegion       string          `json:"accepter_region"`
		ToVPC          string          `json:"accepter_vpc"`
		ToCIDRs        []string        `json:"accepter_cidrs"`
		ToPath         peering.Path    `json:"accepter_path"`
	}
	if err := json.Unmarshal(raw, &flat); err != nil {
		return err
	}
	l.set(flat.head)
	l.Entry = flat.Entry
	l.Entry.Owner, l.Entry.Mode, l.Entry.Digest = flat.Owner, flat.head.Mode, flat.head.Digest
	if l.Entry.Error == nil && flat.ErrorCode != "" {
		l.Entry.Error = &guard.Error{Code: flat.ErrorCode, Message: flat.ErrorMessage, Retryable: flat.ErrorRetryable}
	}
	from := peering.Side{Account: flat.FromAccount, Region: flat.FromRegion, VPC: flat.FromVPC, CIDRs: flat.FromCIDRs, Path: flat.FromPath}
	to := peering.Side{Account: flat.ToAccount, Region: flat.ToRegion, VPC: flat.ToVPC, CIDRs: flat.ToCIDRs, Path: flat.ToPath}
	if from.Account+to.Account != "" {
		l.Entry.Requester, l.Entry.Accepter = from, to
	}
	return nil
}

// readReport reads a line that holds a report, or the report itself. The report says what its line says as well.
func (l *Line) readReport(raw json.RawMessage) error {
	var held struct {
		head
		Report *guard.Report `json:"report"`
	}
	if err := json.Unmarshal(raw, &held); err != nil {
		return err
	}
	if held.Report == nil {
		held.Report = new(guard.Report)
		if err := json.Unmarshal(raw, held.Report); err != nil {
			return err
		}
	}
	l.set(held.head)
	r := held.Report
	l.Report, l.RequestID, l.TriggerID, l.Version, l.Mode, l.Digest = r, r.RequestID, r.TriggerID, r.Version, r.Mode, r.Policy.Digest
	return nil
}

// readEvent reads a line about an invocation, a partition or a process, or the error that an invocation returned.
func (l *Line) readEvent(raw json.RawMessage) error {
	var said struct {
		head
		Account      peering.Account `json:"account"`
		Region       string          `json:"region"`
		Seen         int             `json:"seen"`
		Pages        int             `json:"pages"`
		ErrorCode    string          `json:"error_code"`
		ErrorMessage string          `json:"error_message"`
		Error        string          `json:"error"`
		Returned     string          `json:"errorMessage"`
		ReturnedType string          `json:"errorType"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return err
	}
	l.set(said.head)
	l.Message = cmp.Or(said.Error, said.Returned)
	l.ErrorType = cmp.Or(l.ErrorType, said.ReturnedType)
	if l.Kind == Partition {
		l.Visit = guard.Visit{Account: said.Account, Region: said.Region, Seen: said.Seen, Pages: said.Pages}
		if said.ErrorCode != "" {
			l.Visit.Error = &guard.Error{Code: said.ErrorCode, Message: said.ErrorMessage}
		}
	}
	return nil
}

// Entries returns the connections that a line tells of: one that was judged, or those that a report lists.
func (l *Line) Entries() []guard.Entry {
	switch l.Kind {
	case Decision:
		return []guard.Entry{l.Entry}
	case Report:
		return l.Report.Connections
	default:
		return nil
	}
}
