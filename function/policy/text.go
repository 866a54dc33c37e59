package policy

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// document is the text of one file.
type document struct {
	name   string
	data   []byte
	starts []int // offset of each line; there is at least one
}

func newDocument(name string, data []byte) *document {
	return &document{name: name, data: data, starts: lineStarts(data)}
}

// line gives the text of a line, without its end; empty when there is no such line.
func (d *document) line(n int) string {
	if n < 1 || n > d.lines() {
		return ""
	}
	return strings.ToValidUTF8(string(d.raw(n)), "\uFFFD")
}

// raw gives the bytes of a line that there is, without its end and without the byte order mark of the file.
func (d *document) raw(n int) []byte {
	end := len(d.data)
	if n < d.lines() {
		end = d.starts[n]
	}
	line := bytes.TrimRight(d.data[d.starts[n-1]:end], "\r\n")
	if n == 1 {
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	return line
}

// lines gives the number of lines, at least one.
func (d *document) lines() int { return len(d.starts) }

// lineStarts gives the offset of each line. As in YAML, a carriage return alone ends a line too.
func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' || b == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// position gives the place of an offset.
func (d *document) position(offset int) Position {
	line := 1
	for line < d.lines() && d.starts[line] <= offset {
		line++
	}
	before := bytes.TrimPrefix(d.data[d.starts[line-1]:offset], []byte("\uFEFF"))
	return Position{File: d.name, Line: line, Column: 1 + utf8.RuneCount(before)}
}
