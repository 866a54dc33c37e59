package evidence

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"peerguard/cmd/peerguard/logs"
	"peerguard/function/guard"
	"peerguard/function/policy"
)

// Period is a time from From until Until, which is not part of it. A zero end is open.
type Period struct{ From, Until time.Time }

// Holds reports whether an instant is in the period. One that is not known is in every period.
func (p Period) Holds(at time.Time) bool {
	return at.IsZero() || !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until))
}

// Evidence is what logs show of a period, and what they do not.
type Evidence struct {
	Asked       Period // what was asked for
	First, Last time.Time
	Invocations int
	Sweeps      int
	Policies    []Applied
	Versions    []string
	Rows        []Row // by time; those without a time last
	Gaps        Gaps
}

// Applied is a policy that was in force, and when the logs first and last tell of it.
type Applied struct {
	Digest      string
	Mode        policy.Mode
	First, Last time.Time
}

// Book collects the lines of logs. Its zero value is not usable: see New.
type Book struct {
	asked       Period
	rows        map[rowKey]*kept
	invocations map[invocationKey]*invocation
	policies    map[Applied]*Applied // by digest and mode
	versions    map[string]bool
	partitions  map[Unlisted]*Unlisted // by account, region and code
	hours       map[int64]*span
	unreadable  int
	now         time.Time // of the last line that says when it was written
}

// kept is a row, and whether a line of its own tells of it. That line says more than the report.
type kept struct {
	Row
	own bool
}

// New returns a Book about a period.
func New(asked Period) *Book {
	return &Book{
		asked: asked, rows: map[rowKey]*kept{}, invocations: map[invocationKey]*invocation{}, policies: map[Applied]*Applied{},
		versions: map[string]bool{}, partitions: map[Unlisted]*Unlisted{}, hours: map[int64]*span{},
	}
}

// Read adds the lines of a file, and returns how many of them are the function's.
func (b *Book) Read(data []byte) int {
	n := 0
	b.now = time.Time{}
	for line, err := range logs.Lines(data) {
		if err != nil {
			b.unreadable++
			continue
		}
		if ours(&line) {
			n++
			b.add(&line)
		}
	}
	return n
}

// ours reports whether a line is the function's own: other files hold connections as well.
func ours(line *logs.Line) bool {
	switch line.Kind {
	case logs.Decision:
		return line.Entry.Outcome != ""
	case logs.Report:
		return line.Report.Trigger != ""
	case logs.Returned:
		return false
	default:
		return true
	}
}

func (b *Book) add(line *logs.Line) {
	if !line.Time.IsZero() {
		b.now = line.Time
		b.note(line.Time)
	}
	if line.Version != "" && b.asked.Holds(line.Time) {
		b.versions[line.Version] = true
	}
	if line.Digest != "" && b.asked.Holds(line.Time) {
		b.apply(line)
	}
	b.visit(line)
	done := b.invocation(line)
	for _, e := range line.Entries() {
		if told(e.Outcome) {
			b.addRow(line, done, e)
		}
	}
}

func (b *Book) apply(line *logs.Line) {
	key := Applied{Digest: line.Digest, Mode: line.Mode}
	if b.policies[key] == nil {
		b.policies[key] = &Applied{line.Digest, line.Mode, line.Time, line.Time}
	}
	widen(&b.policies[key].First, &b.policies[key].Last, line.Time)
}

// addRow adds what a line tells of a connection, unless that is known.
func (b *Book) addRow(line *logs.Line, done *invocation, e guard.Entry) {
	e.Mode, e.Digest = cmp.Or(e.Mode, line.Mode), cmp.Or(e.Digest, line.Digest)
	row := kept{Row{line.Time, line.RequestID, line.TriggerID, line.Version, e}, line.Kind == logs.Decision}
	key := rowKey{e.InstanceID, keyOf(line), e.Outcome}
	known := b.rows[key]
	switch {
	case known == nil:
		if done != nil {
			done.told[e.Outcome]++
		}
		if b.asked.Holds(line.Time) {
			b.rows[key] = &row
		}
	case row.own && !known.own, row.own == known.own && row.Time.Before(known.Time):
		*known = row
	}
}

// Close returns what the lines show.
func (b *Book) Close() *Evidence {
	e := &Evidence{Asked: b.asked, Versions: slices.Sorted(maps.Keys(b.versions)), Gaps: b.gaps()}
	for _, span := range b.hours {
		widen(&e.First, &e.Last, span.first)
		widen(&e.First, &e.Last, span.last)
	}
	for _, i := range b.invocations {
		if b.asked.Holds(i.settle()) {
			e.Invocations++
			if i.sweep {
				e.Sweeps++
			}
		}
	}
	for _, p := range b.policies {
		e.Policies = append(e.Policies, *p)
	}
	slices.SortFunc(e.Policies, func(p, q Applied) int {
		return cmp.Or(p.First.Compare(q.First), cmp.Compare(p.Digest, q.Digest), cmp.Compare(p.Mode, q.Mode))
	})
	for _, row := range b.rows {
		e.Rows = append(e.Rows, row.Row)
	}
	slices.SortFunc(e.Rows, byTime)
	return e
}

// byTime is a total order of rows. Those without a time come last.
func byTime(a, b Row) int {
	if a.Time.IsZero() != b.Time.IsZero() {
		if a.Time.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.InstanceID, b.InstanceID), cmp.Compare(a.RequestID, b.RequestID),
		cmp.Compare(a.TriggerID, b.TriggerID), cmp.Compare(a.Outcome, b.Outcome))
}

// widen makes a time from first to last include an instant.
func widen(first, last *time.Time, at time.Time) {
	if first.IsZero() || !at.IsZero() && at.Before(*first) {
		*first = at
	}
	if at.After(*last) {
		*last = at
	}
}
