package handler

import (
	"cmp"
	"encoding/json"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// journal writes the log of one invocation. Each of its lines says which invocation, release and policy it is about. What a
// search or an alert selects lines by comes first: log services cut long lines, and others can make some fields long.
type journal struct {
	log     zerolog.Logger
	inv     *guard.Invocation
	trigger guard.Trigger
}

func (h *Handler) journal(inv *guard.Invocation, trigger guard.Trigger) journal {
	return journal{log: h.Log, inv: inv, trigger: trigger}
}

// begin writes what a line is. zerolog's Msg would write it last.
func begin(line *zerolog.Event, message string) *zerolog.Event {
	return line.Str(zerolog.MessageFieldName, message)
}

// about adds the invocation, the release and the policy that a line is about.
func (j journal) about(line *zerolog.Event, mode policy.Mode, digest string) {
	line.Str("request_id", j.inv.RequestID).Str("trigger_id", j.inv.TriggerID).Str("version", j.inv.Version).
		Str("mode", string(mode)).Str("policy_digest", digest)
}

// decision logs a connection that was judged. It is a guard.Invocation.OnEntry.
func (j journal) decision(e guard.Entry) {
	level := severity(&e, j.trigger)
	if level < j.log.GetLevel() {
		return
	}
	line := begin(j.log.WithLevel(level), "decision")
	verdict(line, &e)
	j.about(line, cmp.Or(e.Mode, j.inv.Policy.Mode), cmp.Or(e.Digest, j.inv.Policy.Digest))
	facts(line, &e)
	line.Send()
}

// longList is how many pages of a list are worth a warning: at about 650, a sweep of two minutes no longer reaches the end.
const longList = 100

// partition logs a partition that could not be listed, or whose list is getting too long. It is a guard.Invocation.OnVisit.
func (j journal) partition(v guard.Visit) {
	var line *zerolog.Event
	switch {
	case v.Error != nil:
		line = begin(j.log.Error(), "partition").Str("error_code", v.Error.Code)
	case v.Pages > longList:
		line = begin(j.log.Warn(), "partition")
	default:
		return
	}
	line.Str("account", string(v.Account)).Str("region", v.Region).Int("seen", v.Seen).Int("pages", v.Pages)
	j.about(line, j.inv.Policy.Mode, j.inv.Policy.Digest)
	if v.Error != nil {
		line.Str("error_message", v.Error.Message)
	}
	line.Send()
}

func severity(e *guard.Entry, trigger guard.Trigger) zerolog.Level {
	switch e.Outcome {
	case guard.Violation, guard.Failed:
		return zerolog.ErrorLevel
	case guard.Rejected, guard.WouldReject, guard.NotReady:
		return zerolog.WarnLevel
	case guard.Allowed:
		if trigger == guard.TriggerEvent {
			return zerolog.InfoLevel
		}
	case guard.Ignored:
		if e.Decision == policy.Reject { // another service runs it, and it waits to be accepted
			return zerolog.WarnLevel
		}
	case guard.Closed:
	}
	return zerolog.DebugLevel
}

// verdict and facts add the fields of a report's entry, flattened with _ between the keys. Empty ones are left out, as in the
// report.
func verdict(line *zerolog.Event, e *guard.Entry) {
	text(line, "outcome", e.Outcome)
	text(line, "instance_id", e.InstanceID)
	text(line, "decision", e.Decision)
	text(line, "rule", e.Rule)
	if e.Error != nil {
		line.Str("error_code", e.Error.Code).Bool("error_retryable", e.Error.Retryable)
	}
}

func facts(line *zerolog.Event, e *guard.Entry) {
	side(line, "requester_", &e.Requester)
	side(line, "accepter_", &e.Accepter)
	text(line, "status", e.Status)
	text(line, "expires", e.Expires)
	text(line, "client_token", e.ClientToken)
	text(line, "api_request_id", e.APIRequestID)
	text(line, "owner", e.Owner)
	text(line, "reason", e.Reason)
	if e.Error != nil {
		line.Str("error_message", e.Error.Message)
	}
	text(line, "name", e.Name)
}

func side(line *zerolog.Event, prefix string, s *peering.Side) {
	text(line, prefix+"account", s.Account)
	text(line, prefix+"region", s.Region)
	text(line, prefix+"vpc", s.VPC)
	if len(s.CIDRs) > 0 {
		line.Strs(prefix+"cidrs", s.CIDRs)
	}
	text(line, prefix+"path", s.Path)
}

func text[T ~string](line *zerolog.Event, key string, value T) {
	if value != "" {
		line.Str(key, string(value))
	}
}

// report logs the whole report, and how the invocation failed if it did.
func (j journal) report(r *guard.Report, failed *fc.Error) {
	line := j.log.Info()
	if failed != nil {
		line = j.log.Error()
	}
	if !line.Enabled() {
		return
	}
	begin(line, "report").Str("trigger", string(r.Trigger)).Bool("complete", r.Complete)
	if failed != nil {
		fail(line, failed)
	}
	j.about(line, r.Mode, r.Policy.Digest)
	body, err := json.Marshal(r)
	if err != nil {
		line.Err(err) // a report is texts and numbers: this cannot happen, and must not be silent if it does
	}
	line.RawJSON("report", body).Send()
}

// Warn logs failed invocations, whose errors the platform shows only to the caller, and trouble with the platform. Pass it
// as fc.Config.Warn.
func (h *Handler) Warn(requestID string, err error) {
	line := begin(h.Log.Error(), "failed")
	if failed, ok := err.(*fc.Error); ok { //nolint:errorlint // Warn hands over the answer itself, never wrapped
		fail(line, failed)
		if failed.Incomplete {
			line.Bool("complete", false)
		}
	}
	line.Str("request_id", requestID).Str("version", h.Version).Err(err).Send()
}

// fail adds why an invocation failed.
func fail(line *zerolog.Event, failed *fc.Error) {
	line.Str("error_type", failed.Type)
	line.Str("cause_code", cmp.Or(failed.Cause, failed.Type))
}
