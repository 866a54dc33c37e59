package drill

import (
	"fmt"
	"strings"

	"peerguard/cmd/peerguard/finding"
	"peerguard/function/peering"
)

// Markdown returns the record as a text that can be pasted into an issue.
func (r *Record) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Fire drill: %s\n\n%s.\n\n", r.Result, finding.Text(r.Why))
	for _, clue := range r.Clues {
		fmt.Fprintf(&b, "- %s.\n", finding.Text(clue))
	}
	if len(r.Clues) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "From %s to %s, mode %s, peerguard %s, %s.\n\n",
		side(r.Requester), side(r.Accepter), r.Mode, finding.Text(r.Version), r.Started.Format("2006-01-02 15:04 MST"))
	if len(r.Steps) == 0 {
		return b.String()
	}
	b.WriteString("| seconds | step | what was seen |\n|---:|---|---|\n")
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "| %.1f | %s | %s |\n", s.Seconds, s.Name, finding.Text(s.Seen))
	}
	b.WriteString("\n| point | settled | what was seen |\n|---|---|---|\n")
	for _, p := range r.Points {
		fmt.Fprintf(&b, "| `%s`: %s | %s | %s |\n", p.Name, p.Question, map[bool]string{true: "yes", false: "no"}[p.Settled], finding.Text(p.Seen))
	}
	return b.String()
}

func side(s peering.Side) string {
	return finding.Text(fmt.Sprintf("account %s in %s", s.Account, s.Region))
}
