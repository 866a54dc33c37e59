package main

import (
	"cmp"
	"io"
	"slices"
	"sync"
	"time"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
)

// swept is what a sweep found: the report, and if somebody wants to see all, every connection and every partition.
type swept struct {
	scope   guard.Scope
	report  *guard.Report
	lacking *permissionRecorder

	mu     sync.Mutex
	rows   []evidence.Row
	visits []guard.Visit
}

// addEntry is a guard.Invocation.OnEntry.
func (f *swept) addEntry(e guard.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, evidence.Row{Time: time.Now(), Entry: e})
}

// addVisit is a guard.Invocation.OnVisit.
func (f *swept) addVisit(v guard.Visit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.visits = append(f.visits, v)
}

// entries returns all connections, the most serious first.
func (f *swept) entries() []guard.Entry {
	all := make([]guard.Entry, len(f.rows))
	for i := range f.rows {
		all[i] = f.rows[i].Entry
	}
	slices.SortStableFunc(all, func(a, b guard.Entry) int {
		return cmp.Or(cmp.Compare(seriousness(a), seriousness(b)), cmp.Compare(a.InstanceID, b.InstanceID))
	})
	return all
}

// seriousness is the place of an entry's outcome, 0 for the most serious one.
func seriousness(e guard.Entry) int { return slices.Index(guard.Outcomes(), e.Outcome) }

// whole returns the report with every connection that was judged and every partition that was visited.
func (f *swept) whole() *guard.Report {
	r := *f.report
	r.Connections, r.Partitions = f.entries(), slices.SortedFunc(slices.Values(f.visits), func(a, b guard.Visit) int {
		if failed := a.Error != nil; failed != (b.Error != nil) {
			if failed {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return &r
}

// table returns the rows of the CSV file.
func (f *swept) table() []evidence.Row {
	for i := range f.rows {
		row := &f.rows[i]
		row.RequestID, row.TriggerID, row.Version = f.report.RequestID, f.report.TriggerID, f.report.Version
	}
	return f.rows
}

// sweepFiles are the files that a sweep writes besides its result. Each may be nil.
type sweepFiles struct{ page, table *outFile }

// files makes the files before the sweep begins.
func (s *sweepCommand) files() (files sweepFiles, err error) {
	if files.page, err = newOutFile(s.HTML, pageFile); err != nil {
		return files, err
	}
	if files.table, err = newOutFile(s.CSV, csvFile); err != nil {
		files.discard()
	}
	return files, err
}

func (f sweepFiles) discard() {
	f.page.discard()
	f.table.discard()
}

func (f sweepFiles) publish(out *console, found *swept, account string) error {
	meta := page.Meta{Account: account, Regions: found.scope.Regions, Generated: time.Now(), Entries: found.entries()}
	err := f.page.publish(out, func(w io.Writer) error { return page.Write(w, found.report, meta) })
	if err != nil {
		return err
	}
	return f.table.publish(out, func(w io.Writer) error { return evidence.WriteCSV(w, found.table()) })
}
