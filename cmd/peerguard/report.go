package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/cmd/peerguard/page"
)

// reportCommand tells an auditor what the function did, from its log.
type reportCommand struct {
	Logs  []string `arg:"" name:"log" help:"The function's log: the raw log, JSON lines, reports, or exports of Simple Log Service as JSON or CSV; - reads stdin."`
	Since day      `placeholder:"DAY" help:"Leave out what was logged before this day, UTC."`
	Until day      `placeholder:"DAY" help:"Leave out what was logged after this day, UTC."`
	CSV   string   `name:"csv" placeholder:"FILE" help:"Also write each row as CSV."`
	HTML  string   `placeholder:"FILE" help:"Also write the report as one self-contained page."`
}

// Help is the long text of --help.
func (*reportCommand) Help() string {
	return "Shows by month what was rejected, would have been rejected, was a violation or failed: who asked, for which VPC, when, by which rule, whose rule, of which policy, and the request ids that " +
		"ActionTrail knows. It is evidence for the control " + evidence.Control + " (" + evidence.ControlMeans + ").\n\n" +
		"Each connection, invocation and outcome counts once, however often the logs tell of it. Sweeps meet a connection once a minute, so the text and the page show one case for all " +
		"invocations in which the same rule of the same policy decided; the CSV has a row for each. What the logs do not cover comes last.\n\n" +
		"Example:\n\n" +
		"  go tool peerguard report --since 2026-10-01 --until 2026-12-31 --csv evidence.csv october.json november.json december.json"
}

// day is a day in UTC. The zero day is none.
type day struct{ time.Time }

// UnmarshalText reads a day such as 2026-11-01.
func (d *day) UnmarshalText(text []byte) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, string(text)); err != nil {
		return fmt.Errorf("%.40q is not a day, such as 2026-11-01", text)
	}
	return nil
}

// Run reads all logs before it prints anything.
func (r *reportCommand) Run(out *console) error {
	asked := evidence.Period{From: r.Since.Time}
	if !r.Until.IsZero() {
		asked.Until = r.Until.AddDate(0, 0, 1)
	}
	if !asked.Until.IsZero() && !asked.Until.After(asked.From) {
		return usageError("--until is before --since")
	}
	table, err := newOutFile(r.CSV, csvFile)
	if err != nil {
		return err
	}
	defer table.discard()
	html, err := newOutFile(r.HTML, pageFile)
	if err != nil {
		return err
	}
	defer html.discard()
	found, err := r.read(out, asked)
	if err != nil {
		return err
	}
	out.showEvidence(found)
	return errors.Join(
		table.publish(out, func(w io.Writer) error { return evidence.WriteCSV(w, found.Rows) }),
		html.publish(out, func(w io.Writer) error { return page.WriteEvidence(w, found) }),
	)
}

func (r *reportCommand) read(out *console, asked evidence.Period) (*evidence.Evidence, error) {
	book := evidence.New(asked)
	for _, path := range r.Logs {
		data, err := readInput(path, out.stdin)
		if err != nil {
			return nil, fmt.Errorf("reading log: %w", err)
		}
		if book.Read(data) == 0 {
			return nil, fmt.Errorf("%s: nothing of the function is found in it", path)
		}
	}
	return book.Close(), nil
}
