package acs

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"
)

// decode reads an answer into a struct, whose fields have the names of the keys. A key counts only if it is written as the
// API writes it: encoding/json alone would also take INSTANCEID for InstanceId. decode changes the answer.
func decode(answer []byte, into any) error {
	hideMisspelt(answer, namesIn(reflect.TypeOf(into)))
	return json.Unmarshal(answer, into)
}

// known holds what namesIn has returned for each type: looking at one takes longer than decoding a short answer.
var known sync.Map

// namesIn returns the names of all fields of a type, at any depth. Nobody may change them.
func namesIn(t reflect.Type) []string {
	found, _ := known.Load(t)
	names, ok := found.([]string)
	if !ok {
		names = fieldNames(nil, t)
		known.Store(t, names)
	}
	return names
}

// fieldNames appends the names of all fields of a type, at any depth.
func fieldNames(names []string, t reflect.Type) []string {
	if kind := t.Kind(); kind == reflect.Pointer || kind == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		for field := range t.Fields() {
			names = fieldNames(append(names, field.Name), field.Type)
		}
	}
	return names
}

// hideMisspelt changes each key that differs from a name in nothing but the case of letters, so that it no longer matches.
// In JSON, only a key has a colon after it.
func hideMisspelt(answer []byte, names []string) {
	for {
		start := bytes.IndexByte(answer, '"') + 1
		end := start + closingQuote(answer[start:])
		if start == 0 || end == len(answer) {
			return
		}
		text, rest := answer[start:end], bytes.TrimLeft(answer[end+1:], " \t\r\n")
		if len(text) > 0 && len(rest) > 0 && rest[0] == ':' && misspelt(text, names) {
			text[0] = '_'
		}
		answer = answer[end+1:]
	}
}

// closingQuote returns where a JSON string ends, the length of text if it does not.
func closingQuote(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// misspelt reports whether a key, as JSON writes it, is one of the names in other letters only.
func misspelt(raw []byte, names []string) bool {
	if bytes.Contains(raw, []byte(`\`)) {
		var key string
		if json.Unmarshal([]byte(`"`+string(raw)+`"`), &key) != nil {
			return false // encoding/json will refuse the answer
		}
		raw = []byte(key)
	}
	found := false
	for _, name := range names {
		if string(raw) == name {
			return false
		}
		found = found || bytes.EqualFold(raw, []byte(name))
	}
	return found
}
