// Package logs reads what the function wrote: its log, and the reports that invocations return. It knows the forms in which
// people save them: one text, one a line, the raw log with the lines of the platform between its own, and exports of Simple
// Log Service, which hold a line as text in a field of an object or of a CSV table.
package logs

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Values returns the JSON objects and arrays in a file, one after the other, and passes over the lines between them. A line
// that begins like one of them and is not JSON is an error.
func Values(data []byte) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for p := range pieces(data) {
			if p.text == nil && !yield(p.value, p.err) {
				return
			}
		}
	}
}

// piece is a part of a file: a JSON object or array, or an error in place of one, or a line that begins like neither.
type piece struct {
	value json.RawMessage
	err   error
	text  []byte
}

func pieces(data []byte) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for {
			data = bytes.TrimLeft(data, " \t\r\n")
			if len(data) == 0 {
				return
			}
			var next piece
			if next, data = cutPiece(data); !yield(next) {
				return
			}
		}
	}
}

// cutPiece cuts the first piece off. It must not begin with a blank.
func cutPiece(data []byte) (first piece, rest []byte) {
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	if data[0] != '{' && data[0] != '[' {
		return piece{text: line}, rest
	}
	if json.Valid(line) {
		return piece{value: line}, rest
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&first.value); err != nil {
		return piece{err: fmt.Errorf("reading JSON: %w", err)}, rest
	}
	return first, data[decoder.InputOffset():]
}

// Lines returns the function's lines in a file, in the file's order, and an error for each line that looks like one of them
// and cannot be read, such as one that was cut off. It passes over everything else.
func Lines(data []byte) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		objects := false
		for p := range pieces(data) {
			objects = objects || p.value != nil
			if !p.lines(yield) {
				return
			}
		}
		if !objects {
			table(data, yield)
		}
	}
}

func (p piece) lines(yield func(Line, error) bool) bool {
	switch {
	case p.err != nil:
		return yield(Line{}, p.err)
	case p.text != nil:
		return unpackText(string(p.text), yield)
	}
	return unpack(p.value, yield)
}

// table yields the lines in the fields of a CSV table. What is not a table has none.
func table(data []byte, yield func(Line, error) bool) {
	rows := csv.NewReader(bytes.NewReader(data))
	rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = -1, true, true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		for _, field := range row {
			if len(row) > 1 && !unpackText(field, yield) { // a line of its own has been looked at
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// unpackText yields the line that a text is, or those that it holds as JSON. It returns whether to go on.
func unpackText(text string, yield func(Line, error) bool) bool {
	if id, ok := strings.CutPrefix(text, began); ok {
		return yield(Line{Kind: Began, RequestID: strings.TrimSpace(id)}, nil)
	}
	if !strings.HasPrefix(text, "{") {
		return true
	}
	if !json.Valid([]byte(text)) {
		if strings.HasPrefix(text, `{"level":"`) {
			return yield(Line{}, errors.New("reading JSON: a line of the log is not whole"))
		}
		return true
	}
	return unpack(json.RawMessage(text), yield)
}

// unpack yields the line that an object is, or those in an array or in the texts of another object. The texts of a line are
// not looked at: others choose some of them. It returns whether to go on.
func unpack(raw json.RawMessage, yield func(Line, error) bool) bool {
	var elements []json.RawMessage
	var text string
	var fields map[string]json.RawMessage
	switch {
	case raw[0] == '[' && json.Unmarshal(raw, &elements) == nil:
		return !slices.ContainsFunc(elements, func(element json.RawMessage) bool { return !unpack(element, yield) })
	case raw[0] == '"' && json.Unmarshal(raw, &text) == nil:
		return unpackText(text, yield)
	case raw[0] != '{' || json.Unmarshal(raw, &fields) != nil:
		return true
	}
	if kind := kindOf(fields); kind != "" {
		return yield(parse(kind, raw))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value := fields[name]; value[0] == '"' && !unpack(value, yield) {
			return false
		}
	}
	return true
}
