package drill

import (
	"strings"
	"time"

	"peerguard/function/peering"
)

// Result is how a drill ended.
type Result string

// The results.
const (
	Passed      Result = "passed"      // the function did what the policy says
	Failed      Result = "failed"      // it did not, or nobody can tell
	Interrupted Result = "interrupted" // somebody stopped the drill
)

// Record is what a drill saw. It is what --json prints.
type Record struct {
	Name       string       `json:"name"` // of the connection
	Version    string       `json:"version"`
	Started    time.Time    `json:"started"`
	Requester  peering.Side `json:"requester"`
	Accepter   peering.Side `json:"accepter"`
	Mode       string       `json:"mode"`
	Digest     string       `json:"digest"` // of the policy
	Connection string       `json:"instance_id,omitempty"`
	Steps      []Step       `json:"steps"`
	Points     []Point      `json:"points"`
	Result     Result       `json:"result"`
	Why        string       `json:"why"`
	Clues      []string     `json:"clues,omitempty"` // what may be the reason that it failed
	Left       []string     `json:"left,omitempty"`  // connections that could not be deleted
}

// Step is something that happened.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"` // after the request was sent
	Seen    string  `json:"seen"`
}

// Point is something that no document says, and what the drill saw of it.
type Point struct {
	Name     string `json:"name"`
	Question string `json:"question"`
	Settled  bool   `json:"settled"`
	Seen     string `json:"seen"`
}

func newRecord(d *Drill) *Record {
	mode := "dry-run"
	if d.Enforce {
		mode = "enforce"
	}
	return &Record{
		Name: Prefix + newToken()[:8], Version: d.Version, Started: d.started.UTC().Truncate(time.Second),
		Requester: d.Requester.Side, Accepter: d.Accepter.Side, Mode: mode, Digest: d.Digest, Steps: []Step{}, Points: []Point{},
	}
}

// end says how the drill ended. What is said later is added, and a failure counts whatever was said before.
func (r *Record) end(result Result, why string, clues ...string) {
	why = strings.TrimSuffix(why, ".")
	if r.Why != "" {
		why = r.Why + "; " + why
	}
	if r.Result == "" || r.Result == Passed {
		r.Result = result
	}
	r.Why = why
	r.Clues = append(r.Clues, clues...)
}

// Mask returns a function that hides the ids of both accounts in a text, but for their last four digits.
func (d *Drill) Mask() func(string) string {
	var pairs []string
	for _, account := range []peering.Account{d.Requester.Side.Account, d.Accepter.Side.Account} {
		if id := string(account); len(id) > 4 {
			pairs = append(pairs, id, "…"+id[len(id)-4:])
		}
	}
	return strings.NewReplacer(pairs...).Replace
}
