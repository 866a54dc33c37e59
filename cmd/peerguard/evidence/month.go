package evidence

import (
	"slices"
	"time"

	"peerguard/function/guard"
)

// Month is a calendar month in UTC.
type Month struct {
	Name   string // such as 2026-11, or "" for rows without a time
	Counts map[guard.Outcome]int
	Cases  []Case // the most serious first, then by time
}

// Case is one connection in a month, as long as the same rule of the same policy decided and with the same outcome. Sweeps
// meet a connection once a minute, until it is gone.
type Case struct {
	Row   // the first
	Last  time.Time
	Times int // invocations
}

// caseKey tells cases apart. Each rejection is one.
type caseKey struct {
	instance, rule, digest, version, request string
	outcome                                  guard.Outcome
}

// Months returns the rows by month, the oldest first; those without a time come last.
func (e *Evidence) Months() []Month {
	var months []Month
	var cases map[caseKey]int
	for _, row := range e.Rows {
		name := ""
		if !row.Time.IsZero() {
			name = row.Time.UTC().Format("2006-01")
		}
		if len(months) == 0 || months[len(months)-1].Name != name {
			months = append(months, Month{Name: name, Counts: map[guard.Outcome]int{}})
			cases = map[caseKey]int{}
		}
		m := &months[len(months)-1]
		m.Counts[row.Outcome]++
		m.add(row, cases)
	}
	for i := range months {
		slices.SortStableFunc(months[i].Cases, func(a, b Case) int {
			return slices.Index(outcomes, a.Outcome) - slices.Index(outcomes, b.Outcome)
		})
	}
	return months
}

func (m *Month) add(row Row, known map[caseKey]int) {
	key := caseKey{instance: row.InstanceID, rule: row.Rule, digest: row.Digest, version: row.Version, outcome: row.Outcome}
	if row.Outcome == guard.Rejected {
		key.request = row.RequestID + " " + row.TriggerID
	}
	i, ok := known[key]
	if !ok {
		i = len(m.Cases)
		known[key] = i
		m.Cases = append(m.Cases, Case{Row: row})
	}
	m.Cases[i].Last = row.Time
	m.Cases[i].Times++
}
