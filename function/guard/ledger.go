package guard

import (
	"slices"
	"sync"

	"peerguard/function/peering"
)

// ledger collects what happens into a report. Its memory does not grow with the number of connections.
// It is safe for concurrent use.
type ledger struct {
	inv *Invocation

	mu      sync.Mutex
	report  Report
	entries map[Outcome][]Entry
	broken  []Visit
	fine    []Visit
}

func newLedger(inv *Invocation, trigger Trigger, id string) *ledger {
	counts := make(map[Outcome]int, len(gravity))
	for _, o := range gravity {
		counts[o] = 0
	}
	return &ledger{
		inv:     inv,
		entries: map[Outcome][]Entry{},
		report: Report{
			Trigger:     trigger,
			TriggerID:   id,
			RequestID:   inv.RequestID,
			Mode:        inv.Policy.Mode,
			Policy:      Applied{Digest: inv.Policy.Digest, Files: inv.Policy.Files},
			Counts:      counts,
			Connections: []Entry{},
			Partitions:  []Visit{},
			Complete:    true,
		},
	}
}

// connection records a connection that has been judged.
func (l *ledger) connection(e Entry) {
	l.inv.judged(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Counts[e.Outcome]++
	if kept := l.entries[e.Outcome]; len(kept) < maxListed && slices.Contains(l.report.Trigger.listed(), e.Outcome) {
		l.entries[e.Outcome] = append(kept, e)
	}
	if e.Error != nil && (e.Outcome == Failed || l.report.Trigger == TriggerEvent) {
		l.blame(e.InstanceID, e.Error)
	}
	if e.outOfTime {
		l.report.Complete = false
	}
}

// visit records a partition that has been listed, or could not be.
func (l *ledger) visit(in peering.Partition, seen int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.visited++
	v := Visit{Account: in.Account, Region: in.Region, Seen: seen}
	if err == nil {
		if len(l.fine) < maxListed {
			l.fine = append(l.fine, v)
		}
		l.inv.visited(v)
		return
	}
	f := failure(err)
	v.Error = asError(f)
	l.inv.visited(v)
	l.report.broken++
	l.blame("listing "+string(in.Account)+" in "+in.Region, v.Error)
	if f.Class == peering.OutOfTime {
		l.report.Complete = false
	}
	if len(l.broken) < maxListed {
		l.broken = append(l.broken, v)
	}
}

// unvisited records a partition that the deadline left out.
func (l *ledger) unvisited() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.left++
	l.report.Complete = false
	if l.report.cause == "" {
		l.report.cause = codeDeadline + ": the invocation's deadline came first"
	}
}

// capped records that there was more to reject than the policy's cap.
func (l *ledger) capped(cause string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Complete = false
	l.report.cause = codeTooMany + ": " + cause
}

func (l *ledger) blame(what string, e *Error) {
	if l.report.cause == "" {
		l.report.cause = what + ": " + e.Code + ": " + e.Message
	}
}

// close gives the report, the most serious first.
func (l *ledger) close() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.report.Trigger.listed() {
		l.report.Connections = append(l.report.Connections, l.entries[o]...)
	}
	l.report.Connections = head(l.report.Connections)
	l.report.Partitions = head(append(append(l.report.Partitions, l.broken...), l.fine...))
	return &l.report
}

func head[T any](list []T) []T { return list[:min(len(list), maxListed)] }
