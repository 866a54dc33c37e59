package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/cmd/peerguard/drill"
	"peerguard/cmd/peerguard/logs"
	"peerguard/function/guard"
)

// end shows what the drill saw, and returns the error to end with.
func (d *drillCommand) end(out *console, seen *drill.Record, mask func(string) string) error {
	record, err := masked(seen, mask)
	if err != nil {
		return err
	}
	if d.Markdown != "" {
		if err := os.WriteFile(d.Markdown, []byte(record.Markdown()), 0o600); err != nil {
			return fmt.Errorf("writing Markdown: %w", err)
		}
	}
	if d.JSON {
		err = out.printJSON(record)
	} else {
		out.showDrill(record)
	}
	for _, id := range record.Left {
		out.note("%s is left: run the drill again to delete it, or delete it in the console of account %s", id, record.Requester.Account)
	}
	switch {
	case err != nil:
		return err
	case record.Result == drill.Interrupted:
		return errInterrupted
	case record.Result != drill.Passed:
		return errFinding
	}
	return nil
}

// masked returns a record with all of its texts masked.
func masked(record *drill.Record, mask func(string) string) (*drill.Record, error) {
	encoded, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("encoding the record: %w", err)
	}
	hidden := new(drill.Record)
	if err := json.Unmarshal([]byte(mask(string(encoded))), hidden); err != nil {
		return nil, fmt.Errorf("masking the record: %w", err)
	}
	return hidden, nil
}

// showDrill prints the points and how the drill ended. The steps have been printed.
func (out *console) showDrill(r *drill.Record) {
	if len(r.Points) > 0 {
		fprintf(out.stdout, "\nWhat no document says, and what this drill saw:\n\n")
	}
	for _, p := range r.Points {
		state := out.tint(text.FgYellow, "open   ")
		if p.Settled {
			state = out.tint(text.FgGreen, "settled")
		}
		fprintf(out.stdout, "%s  %s: %s\n         %s.\n", state, p.Name, p.Question, p.Seen)
	}
	colour := text.FgRed
	if r.Result == drill.Passed {
		colour = text.FgGreen
	}
	fprintf(out.stdout, "\n%s: %s.\n", out.tint(colour, string(r.Result)), r.Why)
	for _, clue := range r.Clues {
		fprintf(out.stdout, "- %s.\n", clue)
	}
}

// reportsIn returns what the reports in a file say. The file is read again each time.
func reportsIn(path string) drill.Log {
	return func(id string) (about []drill.Told, newest time.Time, err error) {
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("reading the log: %w", err)
		}
		for line, unreadable := range logs.Lines(body) {
			if unreadable != nil { // it may not be whole yet
				continue
			}
			if line.Kind != logs.Report || line.Digest == "" {
				continue
			}
			if made := madeAt(line.TriggerID, line.Time); made.After(newest) {
				newest = made
			}
			about = append(about, toldBy(line.Report, id)...)
		}
		return about, newest, nil
	}
}

// toldBy returns what a report says of a connection.
func toldBy(r *guard.Report, id string) (told []drill.Told) {
	for _, e := range r.Connections {
		if e.InstanceID != id {
			continue
		}
		t := drill.Told{Trigger: string(r.Trigger), ID: r.TriggerID, Outcome: string(e.Outcome), Mode: string(r.Mode), Digest: r.Policy.Digest, Why: e.Reason}
		if e.Error != nil {
			t.Why = e.Error.Code + ": " + e.Error.Message
		}
		told = append(told, t)
	}
	return told
}
