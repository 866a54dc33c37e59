// Package evidence turns the function's log into what an auditor asks for: who asked for which VPC and what became of it, by
// which rule of which policy, with the API's request ids; and what the log does not show.
package evidence

import (
	"slices"
	"time"

	"peerguard/function/guard"
)

// Control is what peerguard is evidence of: a control of the FINOS Common Cloud Controls.
const Control = "CCC.VPC.CN03"

// ControlMeans is the title of the control.
const ControlMeans = "FINOS Common Cloud Controls: Restrict VPC Peering to Authorized Accounts"

// Row is what one invocation did about one connection.
type Row struct {
	Time      time.Time // of the line of the log; zero if a report without its line tells of it
	RequestID string    // of the invocation
	TriggerID string
	Version   string
	guard.Entry
}

// outcomes are those that evidence has rows of, the most serious first.
var outcomes = []guard.Outcome{guard.Failed, guard.Violation, guard.Rejected, guard.WouldReject}

// told reports whether there is a row of an outcome.
func told(o guard.Outcome) bool { return slices.Contains(outcomes, o) }

// rowKey tells rows apart, however often the logs tell of one.
type rowKey struct {
	instance   string
	invocation invocationKey
	outcome    guard.Outcome
}
