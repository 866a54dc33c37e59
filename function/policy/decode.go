package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// decoder collects the mistakes in one file. Decoding continues after a mistake, so that one pass finds them all.
type decoder struct {
	doc      *document
	errs     Errors
	warnings []Warning
	refused  map[*yaml.Node]bool // nodes already reported; further mistakes there are consequences of the first
}

// at reports a mistake at a position in the decoder's file. The message stays on one line, even if it quotes line breaks
// that the file has as escapes.
func (d *decoder) at(line, column int, format string, args ...any) {
	d.errs = append(d.errs, Error{
		Position: Position{File: d.doc.name, Line: line, Column: column},
		Message:  strings.Map(visible, fmt.Sprintf(format, args...)),
		doc:      d.doc,
	})
}

func visible(r rune) rune {
	if invisible(r) {
		return utf8.RuneError
	}
	return r
}

// bad reports a mistake at a node.
func (d *decoder) bad(n *yaml.Node, format string, args ...any) {
	if !d.refused[n] {
		d.at(n.Line, n.Column, format, args...)
	}
}

// warn notes something that is allowed but probably a mistake.
func (d *decoder) warn(at Position, code WarningCode, format string, args ...any) {
	d.warnings = append(d.warnings, Warning{at, strings.Map(visible, fmt.Sprintf(format, args...)), code, d.doc})
}

// refuse reports a mistake at a node, and keeps bad from reporting more there.
func (d *decoder) refuse(n *yaml.Node, format string, args ...any) {
	d.bad(n, format, args...)
	d.silence(n)
}

// silence keeps bad from reporting mistakes at a node. Those at the nodes below it are still reported.
func (d *decoder) silence(n *yaml.Node) {
	if d.refused == nil {
		d.refused = map[*yaml.Node]bool{}
	}
	d.refused[n] = true
}

// position returns where a node is.
func (d *decoder) position(n *yaml.Node) Position {
	return Position{File: d.doc.name, Line: n.Line, Column: n.Column}
}

// field is one key that a mapping may have.
type field struct {
	key      string
	required string // why the key must be there, or how to write it; empty if it may be left out
	decode   func(value *yaml.Node)
}

// keys are the keys that a mapping has.
type keys map[string]keyPlace

// keyPlace says where a key is. A guessed key is not in the file: an unknown key on that line was probably meant to be this
// one, so this one is not reported as missing.
type keyPlace struct {
	line    int
	guessed bool
}

// mapping decodes the values of a mapping in file order, and returns its keys. Messages call it what, as in "an allow rule".
// It returns nil if the node is not a mapping.
func (d *decoder) mapping(n *yaml.Node, what string, fields []field) keys {
	if n.Kind != yaml.MappingNode {
		d.bad(n, "%s must be a mapping of keys to values, not %s", what, kind(n))
		return nil
	}
	given := make(keys, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind != yaml.ScalarNode {
			d.bad(k, "a key must be a word, not %s", kind(k))
		} else {
			d.pair(k, n.Content[i+1], what, fields, given)
		}
	}
	for _, f := range fields {
		if _, ok := given[f.key]; !ok && f.required != "" {
			d.bad(n, "%s needs the key %q: %s", what, f.key, f.required)
		}
	}
	return given
}

func (d *decoder) pair(k, value *yaml.Node, what string, fields []field, given keys) {
	if first, ok := given[k.Value]; ok && !first.guessed {
		d.bad(k, "duplicate key %q, first on line %d", k.Value, first.line)
		return
	}
	given[k.Value] = keyPlace{line: k.Line}
	known := make([]string, len(fields))
	for i, f := range fields {
		if f.key == k.Value {
			f.decode(value)
			return
		}
		known[i] = f.key
	}
	near := d.unknown(k, what, known)
	if _, ok := given[near]; near != "" && !ok {
		given[near] = keyPlace{line: k.Line, guessed: true}
		d.silence(value)                                // the guess may be wrong
		fields[slices.Index(known, near)].decode(value) // finds the mistakes below
	}
}

// gone are keys that earlier releases had, and what to write instead.
var gone = map[string]string{
	"max_rejections": "use max_requesters, which caps the accounts that ask, not their requests",
}

// unknown reports an unknown key, and returns the known one that was probably meant, or "".
func (d *decoder) unknown(k *yaml.Node, what string, known []string) string {
	near := nearest(k.Value, known)
	switch {
	case gone[k.Value] != "":
		d.bad(k, "%s is no longer a key of %s: %s", k.Value, what, gone[k.Value])
		return ""
	case near == "":
		d.bad(k, "unknown key %q: the keys of %s are %s", k.Value, what, strings.Join(known, ", "))
	default:
		d.bad(k, "unknown key %q, did you mean %q?", k.Value, near)
	}
	return near
}

// list calls each for the elements of a list, which must not be empty. hint says what to write instead of an empty one.
func (d *decoder) list(n *yaml.Node, key, hint string, each func(*yaml.Node)) {
	switch {
	case null(n), n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		d.bad(n, "%s is empty: %s", key, hint)
	case n.Kind == yaml.ScalarNode:
		d.bad(n, "%s must be a list: write %s: [%s]", key, key, quoted(n))
	case n.Kind != yaml.SequenceNode:
		d.bad(n, "%s must be a list, not %s", key, kind(n))
	default:
		for _, e := range n.Content {
			each(e)
		}
	}
}

// text returns a scalar that YAML reads as text, if it is a single line without surrounding spaces.
func (d *decoder) text(n *yaml.Node, key string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.bad(n, "%s must be text, not %s", key, kind(n))
	case null(n) || n.Value == "":
		d.bad(n, "%s is empty", key)
	case n.Tag != "!!str" && n.Tag != "!!timestamp":
		d.bad(n, "%s must be text: put it in quotes: \"%s\"", key, n.Value)
	case n.Value != strings.TrimSpace(n.Value) || strings.ContainsFunc(n.Value, invisible):
		d.bad(n, "%s must be a single line without surrounding spaces or invisible characters", key)
	default:
		return n.Value, true
	}
	return "", false
}

// scalar returns the characters of a value that is written as one word, whatever type it has in YAML.
func (d *decoder) scalar(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		d.bad(n, "%s must be one word, not %s", what, kind(n))
	case null(n) || n.Value == "":
		d.bad(n, "%s is empty", what)
	default:
		return n.Value, true
	}
	return "", false
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// quoted returns a scalar as it would be written in a flow list.
func quoted(n *yaml.Node) string {
	if n.Tag == "!!str" && !strings.ContainsAny(n.Value, "\"\\\n,[]{}*&!|>%@`#: ") {
		return n.Value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(n.Value) + `"`
}

// kind says what a node is, for messages.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case null(n):
		return "an empty value"
	case n.Tag == "!!int" || n.Tag == "!!float":
		return "a number"
	case n.Tag == "!!bool":
		return "true or false"
	}
	return "text"
}

// check returns what is wrong with a word, or "" if nothing is.
type check func(word string) (complaint string)

// words returns the valid elements of a list of words.
func (d *decoder) words(n *yaml.Node, key string, valid check) []string {
	var good []string
	seen := map[string]bool{}
	d.list(n, key, leaveOut, func(e *yaml.Node) {
		text := d.checked(e, "an element of "+key, valid)
		if text == "" {
			return
		}
		if seen[text] {
			d.warn(d.position(e), ValueRepeated, "%s is in this list already", text)
		}
		seen[text] = true
		good = append(good, text)
	})
	return good
}

const leaveOut = "list at least one, or leave the key out"

// checked returns a text if it is valid, else "".
func (d *decoder) checked(n *yaml.Node, what string, valid check) string {
	text, ok := d.text(n, what)
	if !ok {
		return ""
	}
	if complaint := valid(text); complaint != "" {
		d.bad(n, "%s", complaint)
		return ""
	}
	return text
}

func checkVPC(text string) string {
	if peering.ValidVPC(text) {
		return ""
	}
	return fmt.Sprintf("bad VPC id %q: a VPC id looks like vpc-bp1aevy8sofi8mh1q", text)
}
