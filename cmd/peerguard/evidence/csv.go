package evidence

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"time"

	"peerguard/cmd/peerguard/plain"
)

// columns are the columns of the table, in their order.
var columns = []string{
	"time", "instance_id", "outcome", "decision", "rule", "owner", "reason",
	"requester_account", "requester_region", "requester_vpc", "requester_cidrs", "accepter_account", "accepter_region", "accepter_vpc",
	"client_token", "api_request_id", "request_id", "mode", "policy_digest", "version",
}

// WriteCSV writes rows as a CSV table with a header. Its texts cannot control a terminal, nor are they formulas to a
// spreadsheet. Its errors are those of w.
func WriteCSV(w io.Writer, rows []Row) error {
	table := csv.NewWriter(w)
	_ = table.Write(columns) // its error is kept
	for i := range rows {
		_ = table.Write(rows[i].fields())
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// IsCSV reports whether a file is a table that WriteCSV wrote.
func IsCSV(file io.Reader) bool {
	header := strings.Join(columns, ",") + "\n"
	head := make([]byte, len(header))
	_, err := io.ReadFull(file, head)
	return err == nil && string(head) == header
}

func (r *Row) fields() []string {
	fields := []string{
		stamp(r.Time), r.InstanceID, string(r.Outcome), string(r.Decision), r.Rule, r.Owner, r.why(),
		string(r.Requester.Account), r.Requester.Region, r.Requester.VPC, strings.Join(r.Requester.CIDRs, " "),
		string(r.Accepter.Account), r.Accepter.Region, r.Accepter.VPC,
		r.ClientToken, r.APIRequestID, r.RequestID, string(r.Mode), r.Digest, r.Version,
	}
	for i := range fields {
		fields[i] = harmless(fields[i])
	}
	return fields
}

// why is the reason of the verdict, and the error of a connection that failed.
func (r *Row) why() string {
	switch {
	case r.Error == nil:
		return r.Reason
	case r.Reason == "":
		return r.Error.Code + ": " + r.Error.Message
	}
	return r.Reason + "; " + r.Error.Code + ": " + r.Error.Message
}

// stamp returns an instant in UTC, "" if it is not known.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// harmless returns a text that no spreadsheet takes for a formula. Some take these characters in their wide form as well.
func harmless(text string) string {
	text = plain.Text(text)
	if first := strings.TrimLeft(text, " "); strings.IndexAny(first, "=+-@＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
