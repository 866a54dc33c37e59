package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

const (
	pipeColumns  = 120 // where stdout is not a terminal
	tableColumns = 100 // on a narrower terminal each row becomes a block
	lastColumns  = 40  // that the other columns leave to the last one, by wrapping, if it needs them
	leastColumns = 20  // for the last column; if there are fewer, each row becomes a block
	padding      = 2   // around each cell
)

// grid is a table without borders that fits the terminal. Its last column takes what is left, and the others wrap where that
// is too little. Where the columns do not fit side by side, each row becomes a block with a line for each column. Lines break
// between words only, so every id stays whole.
type grid struct {
	out    *console
	header []string
	rows   []table.Row
}

// newTable returns an empty table. Its Render method prints it to stdout.
func (out *console) newTable(header ...string) *grid { return &grid{out: out, header: header} }

// columnsOf returns how wide tables in a file may be: what the variable COLUMNS says, else the width of the terminal. It returns 0
// if there is neither.
func columnsOf(file *os.File) int {
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0 // it is not a terminal
	}
	return columns
}

// columns is the width of stdout in columns.
func (out *console) columns() int {
	if out.width > 0 {
		return out.width
	}
	return pipeColumns
}

// AppendRow adds a row, which is as long as the header.
func (g *grid) AppendRow(r table.Row) { g.rows = append(g.rows, r) }

// Render prints the table.
func (g *grid) Render() {
	if widths := g.widths(); widths != nil {
		g.renderRows(widths)
		return
	}
	g.renderBlocks()
}

// widths returns the width of each column, or nil if the columns do not fit side by side.
func (g *grid) widths() []int {
	last := len(g.header) - 1
	widths, words := make([]int, len(g.header)), make([]int, len(g.header))
	room := g.out.columns() - padding*len(g.header) + 1 // the padding at the end of a line is not printed
	for i := range g.header {
		widths[i], words[i] = g.width(i, math.MaxInt), g.longestWord(i)
		if i < last {
			room -= widths[i]
		}
	}
	for room < min(widths[last], lastColumns) {
		widest := -1
		for i := range last {
			if widths[i] > words[i] && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		narrower := g.width(widest, widths[widest]-1)
		room += widths[widest] - narrower
		widths[widest] = narrower
	}
	if g.out.columns() < tableColumns || room < max(words[last], min(widths[last], leastColumns)) {
		return nil
	}
	widths[last] = room
	return widths
}

// width returns the width of a column whose lines break at a limit, if its words allow that.
func (g *grid) width(column, limit int) int {
	widest := text.StringWidth(g.header[column])
	for _, r := range g.rows {
		widest = max(widest, text.LongestLineLen(wrap(r[column], limit)))
	}
	return widest
}

func (g *grid) longestWord(column int) int {
	longest := text.StringWidth(g.header[column])
	for _, r := range g.rows {
		longest = max(longest, longestWord(r[column]))
	}
	return longest
}

func (g *grid) renderRows(widths []int) {
	t := g.writer()
	header := make(table.Row, len(g.header))
	for i, name := range g.header {
		header[i] = name
	}
	t.AppendHeader(header)
	for _, r := range g.rows {
		cells := make(table.Row, len(r))
		for i, cell := range r {
			cells[i] = wrap(cell, widths[i])
		}
		t.AppendRow(cells)
	}
	t.Render()
}

func (g *grid) renderBlocks() {
	t := g.writer()
	labels := 0
	for _, name := range g.header {
		labels = max(labels, text.StringWidth(name)+len(":"))
	}
	room := g.out.columns() - labels - 2*padding + 1
	for i, r := range g.rows {
		if i > 0 {
			t.AppendRow(table.Row{"", ""})
		}
		for column, cell := range r {
			switch {
			case cell == "":
			case g.header[column] == "":
				t.AppendRow(table.Row{cell, ""})
			default:
				t.AppendRow(table.Row{g.header[column] + ":", wrap(cell, room)})
			}
		}
	}
	t.Render()
}

func (g *grid) writer() table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(g.out.stdout)
	t.SuppressTrailingSpaces()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	return t
}

// wrap breaks the lines of a cell that are longer than a limit, between words. A word that is longer makes its line longer.
func wrap(cell any, limit int) string {
	var wrapped []string
	for line := range strings.SplitSeq(fmt.Sprint(cell), "\n") {
		limit := max(limit, longestWord(line))
		broken := text.WrapSoft(line, limit)
		if text.LongestLineLen(broken) > limit { // by half of a wide character
			broken = text.WrapSoft(line, limit-1)
		}
		for part := range strings.SplitSeq(broken, "\n") {
			wrapped = append(wrapped, strings.TrimRight(part, " "))
		}
	}
	return strings.Join(wrapped, "\n")
}

// longestWord returns the width of the longest run of ASCII characters without a blank. Chinese text, which has no blanks, may
// break anywhere.
func longestWord(cell any) int {
	longest := 0
	for word := range strings.FieldsFuncSeq(fmt.Sprint(cell), func(r rune) bool { return r == ' ' || r == '\n' || r > '~' }) {
		longest = max(longest, text.StringWidthWithoutEscSequences(word))
	}
	return longest
}
