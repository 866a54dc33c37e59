package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// tolerance is by how much a ratio may miss its target before the comparison fails: machines differ.
const tolerance = 1.2

// row is one line of the table.
type row struct {
	what   string
	ours   string // with its unit, as is the floor
	floor  string
	ratio  float64 // ours to the floor; 0: there is none
	target float64 // for the ratio; 0: none
	most   bool    // the ratio is the floor's to ours, and has to reach the target, not to keep below it
}

// miss is by how much the ratio misses its target: 1 or less is not at all.
func (r row) miss() float64 {
	switch {
	case r.target == 0 || r.ratio == 0:
		return 0
	case r.most:
		return r.target / r.ratio
	}
	return r.ratio / r.target
}

func (r row) verdict() string {
	switch miss := r.miss(); {
	case miss == 0:
		return ""
	case miss <= 1:
		return "ok"
	default:
		return fmt.Sprintf("MISSED by %.0f%%", 100*(miss-1))
	}
}

func (r row) cells() []string {
	cells := []string{r.what, r.ours, r.floor, "", "", r.verdict()}
	if r.ratio != 0 {
		cells[3] = fmt.Sprintf("%.2f", r.ratio)
	}
	if r.target != 0 {
		cells[4] = fmt.Sprintf("≤ %g", r.target)
		if r.most {
			cells[4] = fmt.Sprintf("≥ %g", r.target)
		}
	}
	return cells
}

// write writes the table.
func write(out io.Writer, rows []row) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WHAT\tOURS\tFLOOR\tRATIO\tTARGET\t")
	for _, r := range rows {
		fmt.Fprintln(table, strings.Join(r.cells(), "\t"))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}
