package guard

import (
	"slices"
	"sync"

	"peerguard/function/peering"
)

// ledger collects what happens into a report. Its memory does not grow with the number of connections.
// It is safe for concurrent use.
type ledger struct {
	inv    *Invocation
	listed []Outcome // those whose entries the report lists, the most serious first

	mu      sync.Mutex
	report  Report
	entries map[Outcome][]Entry
	broken  []Visit
	fine    []Visit
}

func newLedger(inv *Invocation, trigger Trigger) *ledger {
	counts := map[Outcome]int{}
	for _, o := range Outcomes() {
		counts[o] = 0
	}
	return &ledger{
		inv:     inv,
		listed:  trigger.listed(),
		entries: map[Outcome][]Entry{},
		report: Report{
			Trigger:     trigger,
			TriggerID:   inv.TriggerID,
			RequestID:   inv.RequestID,
			Version:     inv.Version,
			Mode:        inv.Policy.Mode,
			Policy:      Applied{Digest: inv.Policy.Digest, Files: inv.Policy.Files},
			Counts:      counts,
			Connections: []Entry{},
			Partitions:  []Visit{},
			Complete:    true,
		},
	}
}

// addEntry records a connection that has been judged.
func (l *ledger) addEntry(e Entry) {
	if l.inv.OnEntry != nil {
		l.inv.OnEntry(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Counts[e.Outcome]++
	if kept := l.entries[e.Outcome]; len(kept) < maxListed && slices.Contains(l.listed, e.Outcome) {
		l.entries[e.Outcome] = append(kept, e)
	}
	if e.Error != nil && (e.Outcome == Failed || l.report.Trigger == TriggerEvent) {
		l.blame(e.InstanceID, e.Error)
	}
	if e.outOfTime {
		l.report.Complete = false
	}
}

// addVisit records a partition that has been listed, or could not be.
func (l *ledger) addVisit(in peering.Partition, seen int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := Visit{Account: in.Account, Region: in.Region, Seen: seen}
	if err == nil {
		l.fine = appendListed(l.fine, v)
	} else {
		f := failure(err)
		v.Error = asError(f)
		l.broken = appendListed(l.broken, v)
		l.report.broken++
		l.report.Complete = l.report.Complete && f.Class != peering.OutOfTime
		l.blame("listing "+string(in.Account)+" in "+in.Region, v.Error)
	}
	l.report.Visited++
	if l.inv.OnVisit != nil {
		l.inv.OnVisit(v)
	}
}

// leaveOut records a partition that the deadline left out.
func (l *ledger) leaveOut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.left++
	l.report.Complete = false
	if l.report.cause == "" {
		l.report.cause = codeDeadline + ": the invocation's deadline came first"
	}
}

// cutShort records why the whole sweep is not complete. It takes precedence over the causes of single connections.
func (l *ledger) cutShort(code, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Complete = false
	l.report.cause = code + ": " + message
}

// blame notes the first thing that went wrong. The caller holds mu.
func (l *ledger) blame(what string, e *Error) {
	if l.report.cause == "" {
		l.report.cause = what + ": " + e.Code + ": " + e.Message
	}
}

// close returns the report, with the most serious entries first.
func (l *ledger) close() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.listed {
		l.report.Connections = append(l.report.Connections, l.entries[o]...)
	}
	l.report.Connections = head(l.report.Connections)
	l.report.Partitions = head(append(append(l.report.Partitions, l.broken...), l.fine...))
	return &l.report
}

// appendListed appends to a list that never gets longer than a report shows.
func appendListed[T any](list []T, one T) []T {
	if len(list) < maxListed {
		list = append(list, one)
	}
	return list
}

func head[T any](list []T) []T { return list[:min(len(list), maxListed)] }
