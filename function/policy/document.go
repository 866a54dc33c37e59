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
	ascii  bool  // each character is one byte
}

func newDocument(name string, data []byte) *document {
	wide := bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf })
	return &document{name: name, data: data, starts: lineStarts(data), ascii: !wide}
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

// excerptWidth is the most characters of a line that an excerpt shows: lists of accounts make very long lines.
const excerptWidth = 100

// excerpt gives a line, or of a long one the part around a column, and the column's offset in it.
func (d *document) excerpt(line, column int) (text string, caret int) {
	raw := d.raw(line)
	at := d.offset(raw, column)
	end := ahead(raw, back(raw, at, excerptWidth/2), excerptWidth)
	start := back(raw, end, excerptWidth)
	if start > 0 {
		text = "…"
	}
	text += strings.ToValidUTF8(string(raw[start:at]), "\uFFFD")
	caret = len(text)
	text += strings.ToValidUTF8(string(raw[at:end]), "\uFFFD")
	if end < len(raw) {
		text += "…"
	}
	return text, caret
}

// offset gives the offset of a column in a line.
func (d *document) offset(line []byte, column int) int {
	if d.ascii {
		return min(column-1, len(line))
	}
	return ahead(line, 0, column-1)
}

// ahead gives the offset n characters behind another, or that of the end.
func ahead(line []byte, at, n int) int {
	for ; n > 0 && at < len(line); n-- {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	return at
}

// back gives the offset n characters before another, or that of the start.
func back(line []byte, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRune(line[:at])
		at -= size
	}
	return at
}
