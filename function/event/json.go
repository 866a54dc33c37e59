package event

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"strconv"
	"unicode/utf8"
)

// object is one level of a JSON object. Reading level by level, instead of into structs, keeps keys exact (encoding/json
// matches the names of struct fields in any case) and an oddity in one place from spoiling the rest. The nil object has no
// keys.
type object map[string]json.RawMessage

// asObject gives the object that raw holds, nil when it holds anything else. Of a key that stands there twice the last
// counts. raw is valid JSON, as is all that the functions below take.
func asObject(raw []byte) object {
	if kindOf(raw) != '{' {
		return nil
	}
	return maps.Collect(members(raw))
}

// members walks an object, whose bytes encoding/json has found valid: it would check them again at each level.
func members(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		rest := skip(raw, "{")
		for rest[0] != '}' {
			var key, value []byte
			key, rest = first(rest)
			value, rest = first(skip(rest, ":"))
			if !yield(asText(key), value) {
				return
			}
			rest = skip(rest, ",")
		}
	}
}

// first splits at the end of the value that the text begins with.
func first(text []byte) (value, rest []byte) {
	if c := text[0]; c != '{' && c != '[' && c != '"' {
		end := bytes.IndexAny(text, blanks+",]}")
		return text[:end], text[end:]
	}
	for i, depth := 0, 0; ; i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		default:
			continue
		}
		if depth == 0 {
			return text[:i+1], text[i+1:]
		}
	}
}

const blanks = " \t\r\n"

// skip leaves out the mark that may come first, and the blanks around it.
func skip(text []byte, mark string) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(text, blanks), []byte(mark)), blanks)
}

// has reports whether the key is there and not null.
func (o object) has(key string) bool { return o[key] != nil && kindOf(o[key]) != 'n' }

// object gives the object under a key, nil when there is none.
func (o object) object(key string) object { return asObject(o[key]) }

// text gives the string under a key, or the literal text of a number, which no float has ever touched; "" for
// everything else.
func (o object) text(key string) string { return asText(o[key]) }

// asText is object.text of a value.
func asText(raw json.RawMessage) string {
	switch kindOf(raw) {
	case '"':
		if text := bytes.TrimSpace(raw); bytes.IndexByte(text, '\\') < 0 { // nothing to unescape
			return string(text[1 : len(text)-1])
		}
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case '0':
		return string(bytes.TrimSpace(raw))
	}
	return ""
}

// embedded gives the JSON that a string holds, and whether it is valid, which nobody has looked into yet; any other value
// is given as it is.
func embedded(raw json.RawMessage) (inner json.RawMessage, valid bool) {
	if kindOf(raw) != '"' {
		return raw, true
	}
	inner = json.RawMessage(asText(raw))
	return inner, json.Valid(inner)
}

// kindOf tells what JSON value raw holds by its first byte: { [ " t f n, 0 for any number, and the byte 0 for none.
func kindOf(raw []byte) byte {
	raw = bytes.TrimLeft(raw, blanks)
	if len(raw) == 0 {
		return 0
	}
	if raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' {
		return '0'
	}
	return raw[0]
}

// quoteLimit is how many bytes of a payload an error shows: enough to recognise it, too few to leak it.
const quoteLimit = 40

// quote shows the beginning of some payload on one line.
func quote[T ~string | ~[]byte](payload T) string {
	if len(payload) <= quoteLimit {
		return strconv.Quote(string(payload))
	}
	cut := quoteLimit
	for cut > quoteLimit-utf8.UTFMax && !utf8.RuneStart(payload[cut]) {
		cut--
	}
	return strconv.Quote(string(payload[:cut])) + "…"
}

// bounded is a text as it is where it is short and plain, else quoted.
func bounded(text string) string {
	quoted := quote(text)
	if quoted == `"`+text+`"` {
		return text
	}
	return quoted
}
