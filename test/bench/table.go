package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// tolerance is how far a ratio may miss its target before the comparison fails. Machines differ.
const tolerance = 1.2

// row is one line of the table.
type row struct {
	what   string
	ours   string // with its unit, as is the floor
	floor  string
	ratio  float64 // of ours to the floor; 0 is none
	target float64 // that the ratio must not exceed; 0 is none
	ns     float64 // ours in nanoseconds, if the target is for that and not for the ratio
	most   bool    // the ratio is that of the floor to ours, and must reach the target
}

// miss returns how far the row misses its target, as a factor. At most 1 means not at all.
func (r row) miss() float64 {
	value := r.ratio
	if r.ns != 0 {
		value = r.ns
	}
	switch {
	case r.target == 0 || value == 0:
		return 0
	case r.most:
		return r.target / value
	}
	return value / r.target
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
		switch {
		case r.most:
			cells[4] = fmt.Sprintf("≥ %g", r.target)
		case r.ns != 0:
			cells[4] = fmt.Sprintf("≤ %v", time.Duration(r.target))
		}
	}
	return cells
}

// write prints the rows as a table.
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

// median returns the middle value, or the mean of the middle two.
func median[T ~int | ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// ratio returns 0 if there is nothing to compare with.
func ratio[T ~int | ~int64 | ~float64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1e3) }

func microseconds(d time.Duration) string { return fmt.Sprintf("%.0f µs", d.Seconds()*1e6) }

func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func kibibytes(n int) string { return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10)) }
