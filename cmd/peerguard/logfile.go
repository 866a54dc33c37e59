package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// jsonValues returns the JSON objects and arrays in a file, one after the other: one text, one a line, or among the lines that
// the platform prints around each invocation, which are passed over. What begins like one of them and is not JSON is an error.
func jsonValues(data []byte) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for rest := data; len(rest) > 0; {
			rest = bytes.TrimLeft(rest, " \t\r\n")
			size := 0
			if len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') {
				var value json.RawMessage
				decoder := json.NewDecoder(bytes.NewReader(rest))
				err := decoder.Decode(&value)
				if err != nil {
					err = fmt.Errorf("reading JSON: %w", err)
				} else {
					size = int(decoder.InputOffset())
				}
				if !yield(value, err) {
					return
				}
			}
			if rest = rest[size:]; size == 0 {
				_, rest, _ = bytes.Cut(rest, []byte("\n"))
			}
		}
	}
}

// logLines returns the objects in a log of the function, in whatever form it was saved: see jsonValues. An export of Simple Log
// Service may hold a line as text in a field of an object or of a CSV table.
func logLines(data []byte) iter.Seq[object] {
	return func(yield func(object) bool) {
		found := false
		for value, err := range jsonValues(data) {
			if err != nil {
				continue // a line that is not JSON is passed over
			}
			found = true
			if !unpack(value, yield) {
				return
			}
		}
		if found {
			return
		}
		table := csv.NewReader(bytes.NewReader(data))
		table.FieldsPerRecord, table.LazyQuotes = -1, true
		rows, _ := table.ReadAll() // what is no table holds no line
		for _, row := range rows {
			for _, field := range row {
				if !unpack(json.RawMessage(field), yield) {
					return
				}
			}
		}
	}
}

// unpack yields an object, or those in an array or in a text, and then the objects in its own texts. It returns whether to go
// on.
func unpack(raw json.RawMessage, yield func(object) bool) bool {
	var elements []json.RawMessage
	var text string
	switch {
	case json.Unmarshal(raw, &elements) == nil:
	case json.Unmarshal(raw, &text) == nil:
		return !strings.HasPrefix(text, "{") || unpack(json.RawMessage(text), yield)
	default:
		line := newObject(raw)
		if line != nil && !yield(line) {
			return false
		}
		elements = slices.Collect(maps.Values(line))
		elements = slices.DeleteFunc(elements, func(value json.RawMessage) bool { return value[0] != '"' })
	}
	for _, element := range elements {
		if !unpack(element, yield) {
			return false
		}
	}
	return true
}
