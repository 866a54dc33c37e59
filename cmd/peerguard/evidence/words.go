package evidence

import (
	"fmt"
	"time"
)

// Instant returns an instant in words, in UTC.
func Instant(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// InWords returns a period in words, "" if both ends are open. Its ends are days.
func (p Period) InWords() string {
	text := ""
	if !p.From.IsZero() {
		text = "from " + p.From.UTC().Format(time.DateOnly)
	}
	if !p.Until.IsZero() {
		if text != "" {
			text += " "
		}
		text += "until " + p.Until.Add(-1).UTC().Format(time.DateOnly)
	}
	return text
}

// Uncovered returns a sentence for each thing that the logs do not cover, limit at most of each kind. There is always at
// least one sentence.
func (e *Evidence) Uncovered(limit int) []string {
	s := sentences{limit: limit}
	switch {
	case e.First.IsZero():
		s.say("It is not known which time the logs cover: no line says when it was written.")
	default:
		if e.First.After(e.Asked.From) {
			s.say("The time before %s, when the first line was written.", Instant(e.First))
		}
		if e.Asked.Until.IsZero() || e.Last.Before(e.Asked.Until) {
			s.say("The time after %s, when the last line was written.", Instant(e.Last))
		}
	}
	undated := 0
	for i := len(e.Rows) - 1; i >= 0 && e.Rows[i].Time.IsZero(); i-- {
		undated++
	}
	if undated > 0 {
		s.say("When %d of the connections were judged: they are from reports without their lines of the log.", undated)
	}
	if n := e.Gaps.Unreadable; n > 0 {
		s.say("Lines that were cut off: %d.", n)
	}
	s.sayGaps(&e.Gaps)
	return s.said
}

// sentences are short of a limit for each kind.
type sentences struct {
	limit int
	said  []string
}

func (s *sentences) say(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// most runs say for the first of n things, and says how many more there are.
func (s *sentences) most(n int, noun string, say func(i int)) {
	for i := range min(n, s.limit) {
		say(i)
	}
	if more := n - s.limit; more > 0 {
		s.say("… and %d more %s.", more, noun)
	}
}

func (s *sentences) sayGaps(g *Gaps) {
	s.most(len(g.Silences), "times of silence", func(i int) {
		s.say("Nothing was logged from %s to %s.", Instant(g.Silences[i].From), Instant(g.Silences[i].Until))
	})
	s.most(len(g.Unreported), "invocations without a report", func(i int) {
		s.say("Invocation %s began and left no report%s.", g.Unreported[i].name(), because(g.Unreported[i].Why))
	})
	s.most(len(g.Incomplete), "sweeps that were not complete", func(i int) {
		s.say("Sweep %s was not complete%s.", g.Incomplete[i].name(), because(g.Incomplete[i].Why))
	})
	s.most(len(g.Short), "invocations of which connections are missing", func(i int) {
		s.say("Invocation %s counts %d more connections than the logs tell of.", g.Short[i].name(), g.Short[i].Missing)
	})
	s.most(len(g.Unlisted), "partitions that could not be listed", func(i int) {
		p := g.Unlisted[i]
		s.say("Account %s in %s could not be listed: %s, first at %s, last at %s.", p.Account, p.Region, p.Code, Instant(p.First), Instant(p.Last))
	})
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// name says which invocation it is, and when it was.
func (i *Invocation) name() string {
	text := i.RequestID
	if i.TriggerID != "" {
		text += " (" + i.TriggerID + ")"
	}
	if !i.At.IsZero() {
		text += " at " + Instant(i.At)
	}
	return text
}
