package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// parseArray reads a batch of events. It walks the elements one by one, so that memory grows with the hints and not with
// the number of elements.
func parseArray(payload []byte) (*Events, error) {
	var b batch
	decoder := json.NewDecoder(bytes.NewReader(payload))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var raw json.RawMessage // one buffer for all elements: nothing keeps a part of it
	for ; decoder.More(); b.seen++ {
		if err := decoder.Decode(&raw); err != nil {
			return nil, err
		}
		b.add(raw)
	}
	if b.seen == 0 {
		return nil, errors.New("the array is empty")
	}
	return b.events(), nil
}

// batch collects what the elements of an array amount to.
type batch struct {
	seen     int
	ids      int
	firstID  string
	hints    []Hint
	ignored  int
	firstWhy string // of the first element that is ignored
	bad      elementErrors
}

// add reads one element. If it cannot be read, that is noted as an error, and the others are handled all the same.
func (b *batch) add(raw json.RawMessage) {
	o, err := element(raw)
	if err != nil {
		b.bad.add(b.seen, err)
		return
	}
	if id := o.text("id"); id != "" {
		if b.ids++; b.ids == 1 {
			b.firstID = id
		}
	}
	hint, ignored, err := readEvent(o)
	switch {
	case err != nil:
		b.bad.add(b.seen, err)
	case hint != nil:
		b.hints = append(b.hints, *hint)
	default:
		if b.ignored++; b.ignored == 1 {
			b.firstWhy = ignored
		}
	}
}

// element returns the event in an element: an object, or a string that holds one as JSON.
func element(raw json.RawMessage) (object, error) {
	text, valid := embedded(raw)
	if valid {
		if o := asObject(text); o.isEvent() {
			return o, nil
		}
	}
	return nil, fmt.Errorf("not a CloudEvents event: %s", quote(text))
}

// events returns the sum.
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

func (e *elementErrors) add(index int, err error) {
	if e.count++; len(e.kept) < elementErrorsKept {
		e.kept = append(e.kept, fmt.Errorf("element %d: %w", index, err))
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
