package evidence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"peerguard/cmd/peerguard/logs"
	"peerguard/function/guard"
	"peerguard/function/peering"
)

// Gaps are what logs do not show.
type Gaps struct {
	Silences   []Period     // longer than an hour, between the first and the last line
	Unreported []Invocation // began, and left no report
	Incomplete []Invocation // sweeps that did not look at everything
	Short      []Invocation // counted more connections than the logs tell of
	Unlisted   []Unlisted
	Unreadable int // lines that were cut off
}

// Invocation is one about which something is not known.
type Invocation struct {
	At        time.Time // roughly, if it left no line with a time; zero if nothing is known
	RequestID string
	TriggerID string
	Why       string // "" if the logs do not say
	Missing   int    // connections that its report counts and the logs do not tell of
}

// Unlisted is a partition that sweeps could not list, from the first time to the last.
type Unlisted struct {
	Account     peering.Account
	Region      string
	Code        string
	First, Last time.Time
}

// Local is the request id of a sweep that an operator ran.
const Local = "local"

// invocationKey tells invocations apart. Those of operators have no request id of their own.
type invocationKey struct{ request, trigger string }

func keyOf(line *logs.Line) invocationKey {
	if line.RequestID == Local || line.RequestID == "" {
		return invocationKey{Local, line.TriggerID}
	}
	return invocationKey{request: line.RequestID}
}

// invocation is what is known of one. The platform may have tried it several times.
type invocation struct {
	Invocation
	before                    time.Time // when the line before its first one was written
	sweep, reported, complete bool
	counted, told             map[guard.Outcome]int // connections: in the report, and in rows
}

// invocation notes what a line says of its invocation, and returns that. There is none if the line is about a process.
func (b *Book) invocation(line *logs.Line) *invocation {
	key := keyOf(line)
	if line.Kind == logs.Started || key == (invocationKey{Local, ""}) {
		return nil
	}
	i := b.invocations[key]
	if i == nil {
		i = &invocation{counted: map[guard.Outcome]int{}, told: map[guard.Outcome]int{}}
		i.before, i.RequestID = b.now, line.RequestID
		b.invocations[key] = i
	}
	i.TriggerID = cmp.Or(i.TriggerID, line.TriggerID)
	switch line.Kind {
	case logs.Failed:
		i.Why = cmp.Or(i.Why, joined(line.ErrorType, line.Message))
	case logs.Report:
		i.report(line)
	default: // no other line says how an invocation ended
	}
	var last time.Time
	widen(&i.At, &last, line.Time)
	return i
}

// settle returns when the invocation was, roughly if no line of its own says so.
func (i *invocation) settle() time.Time {
	if i.At.IsZero() {
		i.At = i.before
	}
	return i.At
}

func (i *invocation) report(line *logs.Line) {
	r := line.Report
	i.sweep, i.reported, i.complete = r.Trigger == guard.TriggerSweep, true, i.complete || r.Complete
	if !r.Complete {
		i.Why = cmp.Or(line.Cause, i.Why)
	}
	for _, o := range outcomes {
		i.counted[o] = max(i.counted[o], r.Counts[o])
	}
}

// visit notes the partitions that could not be listed.
func (b *Book) visit(line *logs.Line) {
	visits := []guard.Visit{line.Visit}
	if line.Kind == logs.Report {
		visits = line.Report.Partitions
	}
	for _, v := range visits {
		if v.Error == nil || !b.asked.Holds(line.Time) {
			continue
		}
		key := Unlisted{Account: v.Account, Region: v.Region, Code: v.Error.Code}
		if b.partitions[key] == nil {
			b.partitions[key] = &Unlisted{v.Account, v.Region, v.Error.Code, line.Time, line.Time}
		}
		widen(&b.partitions[key].First, &b.partitions[key].Last, line.Time)
	}
}

// span is the time from the first to the last line of an hour.
type span struct{ first, last time.Time }

// note notes that a line was written.
func (b *Book) note(at time.Time) {
	hour := at.Unix() / 3600
	if b.hours[hour] == nil {
		b.hours[hour] = &span{at, at}
	}
	widen(&b.hours[hour].first, &b.hours[hour].last, at)
}

// silence is how long a log may say nothing: a sweep a minute leaves a line a minute.
const silence = time.Hour

func (b *Book) gaps() Gaps {
	g := Gaps{Unreadable: b.unreadable}
	var last time.Time
	for _, hour := range slices.Sorted(maps.Keys(b.hours)) {
		span := b.hours[hour]
		if !last.IsZero() && span.first.Sub(last) > silence && b.asked.overlaps(last, span.first) {
			g.Silences = append(g.Silences, Period{last, span.first})
		}
		last = span.last
	}
	for _, i := range b.invocations {
		if b.asked.Holds(i.settle()) {
			g.add(i)
		}
	}
	for _, list := range []*[]Invocation{&g.Unreported, &g.Incomplete, &g.Short} {
		slices.SortFunc(*list, func(i, j Invocation) int {
			return cmp.Or(i.At.Compare(j.At), cmp.Compare(i.RequestID, j.RequestID), cmp.Compare(i.TriggerID, j.TriggerID))
		})
	}
	for _, p := range b.partitions {
		g.Unlisted = append(g.Unlisted, *p)
	}
	slices.SortFunc(g.Unlisted, func(p, q Unlisted) int {
		return cmp.Or(cmp.Compare(p.Account, q.Account), cmp.Compare(p.Region, q.Region), cmp.Compare(p.Code, q.Code))
	})
	return g
}

// overlaps reports whether a part of the time from one instant to a later one is in the period.
func (p Period) overlaps(from, until time.Time) bool {
	return until.After(p.From) && (p.Until.IsZero() || from.Before(p.Until))
}

func (g *Gaps) add(i *invocation) {
	for _, o := range outcomes {
		i.Missing += max(0, i.counted[o]-i.told[o])
	}
	switch {
	case !i.reported:
		g.Unreported = append(g.Unreported, i.Invocation)
		return
	case i.sweep && !i.complete:
		g.Incomplete = append(g.Incomplete, i.Invocation)
	}
	if i.Missing > 0 {
		g.Short = append(g.Short, i.Invocation)
	}
}

func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ": ")
}
