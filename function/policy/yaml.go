package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxDepth is how deep a file may nest. The language needs six levels.
const maxDepth = 50

// root reads the file as YAML and returns its only value, or nil after a mistake that leaves nothing to decode.
func (d *decoder) root() (root *yaml.Node) {
	defer func() {
		if p := recover(); p != nil { // a bug in the library must not crash the function
			d.at(1, 1, "cannot be read as YAML: %v", p)
			root = nil
		}
	}()
	if !d.readable() || d.directive() {
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(d.doc.data),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		d.at(1, 1, "cannot be read as YAML: %v", err)
		return nil
	}
	if root = d.first(loader); root != nil {
		d.second(loader)
	}
	return root
}

func (d *decoder) first(loader *yaml.Loader) *yaml.Node {
	var doc yaml.Node
	if err := loader.Load(&doc); errors.Is(err, io.EOF) {
		d.at(1, 1, "the file is empty")
		return nil
	} else if err != nil {
		d.syntax(err)
		return nil
	}
	if len(doc.Content) != 1 {
		d.at(1, 1, "the file is empty")
		return nil
	}
	d.plainYAML(doc.Content[0])
	return doc.Content[0]
}

// second reports what follows the first document.
func (d *decoder) second(loader *yaml.Loader) {
	var doc yaml.Node
	switch err := loader.Load(&doc); {
	case err == nil:
		d.bad(&doc, "a second document is not allowed")
	case !errors.Is(err, io.EOF):
		d.syntax(err)
	}
}

// syntax reports an error of the YAML library.
func (d *decoder) syntax(err error) {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		d.at(1, 1, "cannot be read as YAML: %v", err)
		return
	}
	message, mark := e.Message, e.Mark
	switch {
	case strings.HasPrefix(message, "unknown anchor"):
		message = "aliases are not allowed: write the value out"
	case strings.Contains(e.ContextMsg, "alias"):
		message, mark = `not YAML: put a * in quotes: "*"`, e.ContextMark
	case strings.HasPrefix(message, "found character that cannot start any token") && d.tab(e.Mark):
		message = "not YAML: tabs cannot be used for indentation, use spaces"
	case e.ContextMsg != "" && e.ContextMark.Line > 0:
		message = fmt.Sprintf("not YAML: %s (%s on line %d)", message, e.ContextMsg, e.ContextMark.Line)
	default:
		message = "not YAML: " + message
	}
	d.at(max(1, mark.Line), max(1, mark.Column), "%s", message)
}

func (d *decoder) tab(m yaml.Mark) bool {
	return m.Line >= 1 && m.Line <= d.doc.lines() && bytes.HasPrefix(bytes.TrimLeft(d.doc.raw(m.Line), " "), []byte("\t"))
}

// plainYAML reports anchors, aliases, tags and merge keys. Without them a file means what a reviewer reads.
func (d *decoder) plainYAML(n *yaml.Node) {
	if n.Anchor != "" {
		d.bad(n, "anchors are not allowed: write the value out where it is used")
	}
	switch {
	case n.Kind == yaml.AliasNode:
		d.refuse(n, "aliases are not allowed: write the value out")
	case n.Style&yaml.TaggedStyle != 0 || n.Tag == "!":
		d.refuse(n, "tags are not allowed: remove %s", n.Tag)
	case n.Tag == "!!merge":
		d.refuse(n, "merge keys are not allowed: write the keys out")
	}
	for _, c := range n.Content {
		d.plainYAML(c)
	}
}

// readable reports the first forbidden character. Invisible ones could make a reviewer see text that is not there, or hide
// text that is: YAML ends a line at a carriage return, while many tools show the text after it over the text before it.
func (d *decoder) readable() bool {
	for i, data := 0, d.doc.data; i < len(data); {
		if b := data[i]; b >= ' ' && b < 0x7f || b == '\n' || b == '\t' {
			i++
			continue
		}
		if data[i] == '\r' {
			if !bytes.HasPrefix(data[i:], []byte("\r\n")) {
				d.character(i, "a carriage return without a line feed is not allowed: editors and diffs may not show it as a line end")
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			d.character(i, "not UTF-8: byte 0x%02X", data[i])
			return false
		}
		if invisible(r) && (i > 0 || r != '\uFEFF') {
			d.character(i, "the invisible character %U is not allowed", r)
			return false
		}
		i += size
	}
	return true
}

func (d *decoder) character(offset int, format string, args ...any) {
	p := d.doc.position(offset)
	d.at(p.Line, p.Column, format, args...)
}

// invisible reports whether a character is a control character, a line end that editors may not show, a format character
// (such as a byte order mark, or one that changes the direction of text), or not a character at all.
func invisible(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Cf, r) || r == '\uFFFE' || r == '\uFFFF'
}

// directive reports a %YAML or %TAG line before the document.
func (d *decoder) directive() bool {
	for i := 1; i <= d.doc.lines(); i++ {
		line := bytes.TrimSpace(d.doc.raw(i))
		if bytes.HasPrefix(line, []byte("%")) {
			d.at(i, 1, "YAML directives are not allowed")
			return true
		}
		if len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return false
}

// elements yields the elements of the lists that the mappings of a list have for a key.
func elements(list *yaml.Node, key string) iter.Seq[*yaml.Node] {
	return func(yield func(*yaml.Node) bool) {
		if list == nil {
			return
		}
		for _, m := range list.Content {
			for i := 0; i+1 < len(m.Content); i += 2 {
				if m.Content[i].Value != key {
					continue
				}
				for _, e := range m.Content[i+1].Content {
					if !yield(e) {
						return
					}
				}
			}
		}
	}
}
