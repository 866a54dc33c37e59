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
	starts []int // offset of each line, of which there is at least one
	ascii  bool  // every character is one byte
}

func newDocument(name string, data []byte) *document {
	wide := bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf })
	return &document{name: name, data: data, starts: lineStarts(data), ascii: !wide}
}

// raw returns the bytes of line n, which must exist, without its line end and the file's byte order mark.
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

// lines returns the number of lines, which is at least one.
func (d *document) lines() int { return len(d.starts) }

// lineStarts returns the offset of each line.
func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// position returns the line and column of an offset.
func (d *document) position(offset int) Position {
	line := 1
	for line < d.lines() && d.starts[line] <= offset {
		line++
	}
	before := bytes.TrimPrefix(d.data[d.starts[line-1]:offset], []byte("\uFEFF"))
	return Position{File: d.name, Line: line, Column: 1 + utf8.RuneCount(before)}
}

// excerptWidth is the most characters of a line that an excerpt shows. Lists of accounts make very long lines.
const excerptWidth = 100

// excerpt returns a line, or the part of a long one around a column, and the column's offset in it. A character that a
// terminal would not show, or would act on, becomes U+FFFD.
func (d *document) excerpt(line, column int) (text string, caret int) {
	raw := d.raw(line)
	at := d.offset(raw, column)
	end := ahead(raw, back(raw, at, excerptWidth/2), excerptWidth)
	start := back(raw, end, excerptWidth)
	if start > 0 {
		text = "…"
	}
	text += shown(raw[start:at])
	caret = len(text)
	text += shown(raw[at:end])
	if end < len(raw) {
		text += "…"
	}
	return text, caret
}

func shown(raw []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return visible(r)
	}, strings.ToValidUTF8(string(raw), "\uFFFD"))
}

// offset returns the offset of a column in a line.
func (d *document) offset(line []byte, column int) int {
	if d.ascii {
		return min(column-1, len(line))
	}
	return ahead(line, 0, column-1)
}

// ahead returns the offset n characters after another, or that of the end.
func ahead(line []byte, at, n int) int {
	for ; n > 0 && at < len(line); n-- {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	return at
}

// back returns the offset n characters before another, or that of the start.
func back(line []byte, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRune(line[:at])
		at -= size
	}
	return at
}
