package event

import (
	"errors"
	"fmt"
	"strings"
)

// batch collects what a payload amounts to: one event, a sweep, or all that an array holds.
type batch struct {
	array    bool // the payload holds an array
	seen     int  // events, timer events, and what could not be read
	ids      int
	firstID  string
	hints    []Hint
	ignored  int
	firstWhy string // of the first event that is ignored
	sweep    *Sweep // the last timer event
	bad      elementErrors
	broken   error // why none of it is handled
}

// errNotAlone is noted for every timer event, and does not count if there is nothing else in the payload.
var errNotAlone = errors.New("a timer event cannot be handled together with others")

// addEvent takes an event, or a record that has no envelope of its own.
func (b *batch) addEvent(id string, record object) {
	if id != "" && len(id) <= maxID {
		if b.ids++; b.ids == 1 {
			b.firstID = id
		}
	}
	hint, ignored, err := readRecord(id, record)
	switch {
	case err != nil:
		b.fail(err)
	case hint != nil:
		b.seen++
		b.hints = append(b.hints, *hint)
	default:
		b.seen++
		if b.ignored++; b.ignored == 1 {
			b.firstWhy = ignored
		}
	}
}

// addTimer takes a timer event.
func (b *batch) addTimer(o object) {
	sweep, err := readTimer(o)
	if err == nil {
		b.sweep, err = sweep, errNotAlone
	}
	b.fail(err)
}

// fail notes that something could not be read.
func (b *batch) fail(err error) {
	if b.array {
		err = fmt.Errorf("element %d: %w", b.seen, err)
	}
	b.seen++
	b.bad.add(err)
}

// input returns the sum.
func (b *batch) input() (Input, error) {
	switch {
	case b.broken != nil:
		return nil, b.broken
	case b.seen == 0:
		return nil, errEmpty
	case b.seen == 1 && b.sweep != nil:
		return b.sweep, nil
	case b.bad.count > 0 && !b.array && len(b.hints) == 0:
		return nil, b.bad.kept[0]
	}
	return b.events(), nil
}

func (b *batch) events() *Events {
	e := &Events{TriggerID: more(b.firstID, b.ids-1), Hints: b.hints}
	if b.bad.count > 0 {
		e.Err = &b.bad
	} else if len(b.hints) == 0 {
		e.Ignored = more(b.firstWhy, b.ignored-1)
	}
	return e
}

// more appends " (+n)" if there are n more of the first one's kind.
func more(first string, n int) string {
	if n <= 0 {
		return first
	}
	return fmt.Sprintf("%s (+%d)", first, n)
}

// elementErrorsKept bounds what an array of rubbish costs.
const elementErrorsKept = 8

// elementErrors is the error for the elements that could not be read.
type elementErrors struct {
	count int
	kept  []error
}

func (e *elementErrors) add(err error) {
	if e.count++; len(e.kept) < elementErrorsKept {
		e.kept = append(e.kept, err)
	}
}

// Error names the first elements, counted from 0, and says how many more there are.
func (e *elementErrors) Error() string {
	texts := make([]string, len(e.kept))
	for i, err := range e.kept {
		texts[i] = err.Error()
	}
	return "reading events: " + more(strings.Join(texts, "; "), e.count-len(e.kept))
}

// Unwrap returns the errors that Error names.
func (e *elementErrors) Unwrap() []error { return e.kept }
