package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxElements is how many events one payload may hold.
const maxElements = 10_000

var errTooMany = fmt.Errorf("more than %d elements in an array", maxElements)

// readArray reads all elements of an array and reports whether one of them is an event or holds one.
func (b *batch) readArray(raw json.RawMessage, at place) (found bool) {
	list, err := elements(raw)
	if err != nil {
		b.broken = err
		return true
	}
	b.array = true
	for _, element := range list {
		found = b.readElement(element, at) || found
		if b.seen > maxElements {
			b.broken = errTooMany
		}
		if b.broken != nil {
			return true
		}
	}
	return found
}

// readElement reads one element, which may be JSON text. If there is nothing in it to handle, that is an error, and the
// other elements are handled all the same.
func (b *batch) readElement(raw json.RawMessage, at place) (found bool) {
	before := b.seen
	inner, valid := embedded(raw)
	if valid && b.read(inner, at) {
		return true
	}
	if b.seen == before { // otherwise it is an array, and each of its elements is an error already
		b.fail(fmt.Errorf("not a CloudEvents event: %s", quote(inner)))
	}
	return false
}

// elements returns the elements of an array. Arrays inside it are flattened. The elements are parts of raw: a copy of each
// would double what a large array takes.
func elements(raw json.RawMessage) ([]json.RawMessage, error) {
	var list []json.RawMessage
	var sizes []int // of the arrays that are open
	decoder := json.NewDecoder(bytes.NewReader(raw))
	for {
		start := decoder.InputOffset()
		kind, innermost := kindOf(trim(raw[start:])), len(sizes)-1
		if kind == 0 {
			return list, nil
		}
		if innermost >= 0 && kind != ']' {
			if sizes[innermost]++; max(sizes[innermost], len(list)) > maxElements {
				return nil, errTooMany
			}
		}
		var err error
		switch kind {
		case '[':
			sizes = append(sizes, 0)
			_, err = decoder.Token()
		case ']':
			sizes = sizes[:innermost]
			_, err = decoder.Token()
		default:
			err = decoder.Decode(&skipped{})
			list = append(list, trim(raw[start:decoder.InputOffset()]))
		}
		if err != nil {
			return nil, err
		}
	}
}

// trim drops what separates the elements of an array.
func trim(raw json.RawMessage) json.RawMessage { return bytes.TrimLeft(raw, blanks+",") }

// skipped is what a value is decoded into if only its length matters.
type skipped struct{}

// UnmarshalJSON keeps nothing.
func (*skipped) UnmarshalJSON([]byte) error { return nil }

// errEmpty is the error for an array without elements: whoever sent it meant to send something.
var errEmpty = errors.New("the array is empty")
