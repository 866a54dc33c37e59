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
	busy    []Visit
	fine    []Visit // those in which something was seen
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
			Counts:      counts,
			Connections: []Entry{},
			Partitions:  []Visit{},
			Complete:    true,
		},
	}
}

// addEntry records what happened to a connection.
func (l *ledger) addEntry(e Entry) {
	if l.inv.OnEntry != nil && !e.untouched {
		l.inv.OnEntry(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Counts[e.Outcome]++
	if slices.Contains(l.listed, e.Outcome) {
		l.entries[e.Outcome] = appendListed(l.entries[e.Outcome], e)
	}
	if e.Error != nil && (e.Outcome == Failed || l.report.Trigger == TriggerEvent) {
		l.blame(&l.report.connection, e.InstanceID, e.Error)
	}
	if e.outOfTime {
		l.report.Complete = false
	}
}

// addVisit records a partition that was visited, or left out.
func (l *ledger) addVisit(v *visit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !v.begun && !v.busy {
		l.leaveOut()
		return
	}
	one := Visit{Account: v.in.Account, Region: v.in.Region, Seen: v.seen, Busy: v.busy, Pages: v.pages}
	switch {
	case v.busy:
		l.busy = appendListed(l.busy, one)
	case v.err != nil && v.seen == 0 && failure(v.err).Code == DeadlineExceeded: // any other code is what the API answered
		l.leaveOut()
	case v.err != nil:
		one.Error = l.breakdown(v.in, v.err)
		l.broken = appendListed(l.broken, one)
	case v.seen > 0:
		l.fine = appendListed(l.fine, one)
	}
	l.report.Visited++
	if l.inv.OnVisit != nil {
		l.inv.OnVisit(one)
	}
}

// breakdown notes a partition that could not be listed. The caller holds mu.
func (l *ledger) breakdown(in peering.Partition, err error) *Error {
	f := failure(err)
	l.report.broken++
	l.report.Complete = l.report.Complete && f.Class != peering.OutOfTime
	l.blame(&l.report.partition, "listing "+string(in.Account)+" in "+in.Region, asError(f))
	return asError(f)
}

// leaveOut notes a partition that the deadline left out. The caller holds mu.
func (l *ledger) leaveOut() {
	l.report.left++
	l.report.Complete = false
}

// cutShort records what concerns no single partition and keeps the sweep from being complete.
func (l *ledger) cutShort(f *peering.Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Complete = false
	l.report.Errors = append(l.report.Errors, Problem{Code: f.Code, Message: f.Message})
}

// blame notes the first thing of its kind that went wrong, and the code of the first of all. The caller holds mu.
func (l *ledger) blame(first *string, what string, e *Error) {
	if *first == "" {
		*first = what + ": " + e.Code + ": " + e.Message
	}
	if l.report.code == "" {
		l.report.code = e.Code
	}
}

// close returns the report, with the most serious entries first, and the policy that counted last.
func (l *ledger) close() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	rules := l.inv.rules()
	l.report.Mode, l.report.Policy = rules.Mode, Applied{Digest: rules.Digest, Files: rules.Files}
	if hasFolders(rules) {
		l.report.Directory = l.inv.membership.organisation()
	}
	for _, o := range l.listed {
		l.report.Connections = append(l.report.Connections, l.entries[o]...)
	}
	l.report.Connections = head(l.report.Connections)
	l.report.Partitions = head(append(l.report.Partitions, slices.Concat(l.broken, l.busy, l.fine)...))
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
