package handler

import (
	"encoding/json"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
)

// journal writes the log of one invocation. Each of its lines says which invocation, release and policy it is about.
type journal struct {
	log     zerolog.Logger
	trigger guard.Trigger
}

func (h *Handler) journal(inv *guard.Invocation, trigger guard.Trigger) journal {
	log := h.Log.With().
		Str("request_id", inv.RequestID).
		Str("trigger_id", inv.TriggerID).
		Str("version", inv.Version).
		Str("mode", string(inv.Policy.Mode)).
		Str("policy_digest", inv.Policy.Digest).
		Logger()
	return journal{log: log, trigger: trigger}
}

// decision logs a connection that was judged. It is a guard.Invocation.OnEntry.
func (j journal) decision(e guard.Entry) {
	level := severity(e.Outcome, j.trigger)
	if level < j.log.GetLevel() {
		return
	}
	line := entry(j.log.WithLevel(level), &e)
	text(line, "owner", e.Owner)
	line.Msg("decision")
}

func severity(o guard.Outcome, trigger guard.Trigger) zerolog.Level {
	switch o {
	case guard.Violation, guard.Failed:
		return zerolog.ErrorLevel
	case guard.Rejected, guard.WouldReject, guard.NotReady:
		return zerolog.WarnLevel
	case guard.Allowed:
		if trigger == guard.TriggerEvent {
			return zerolog.InfoLevel
		}
	case guard.Closed, guard.Ignored:
	}
	return zerolog.DebugLevel
}

// entry adds the fields of a report's entry, flattened with _ between the keys. Empty ones are left out, as in the report.
func entry(line *zerolog.Event, e *guard.Entry) *zerolog.Event {
	text(line, "instance_id", e.InstanceID)
	side(line, "requester_", &e.Requester)
	side(line, "accepter_", &e.Accepter)
	text(line, "status", e.Status)
	text(line, "decision", e.Decision)
	text(line, "rule", e.Rule)
	text(line, "reason", e.Reason)
	text(line, "outcome", e.Outcome)
	text(line, "client_token", e.ClientToken)
	text(line, "api_request_id", e.APIRequestID)
	if e.Error != nil {
		line.Str("error_code", e.Error.Code).Str("error_message", e.Error.Message).Bool("error_retryable", e.Error.Retryable)
	}
	return line
}

func side(line *zerolog.Event, prefix string, s *peering.Side) {
	text(line, prefix+"account", s.Account)
	text(line, prefix+"region", s.Region)
	text(line, prefix+"vpc", s.VPC)
	if len(s.CIDRs) > 0 {
		line.Strs(prefix+"cidrs", s.CIDRs)
	}
}

func text[T ~string](line *zerolog.Event, key string, value T) {
	if value != "" {
		line.Str(key, string(value))
	}
}

// report logs the whole report, even if the invocation fails.
func (j journal) report(r *guard.Report) {
	line := j.log.Info()
	if r.Err() != nil {
		line = j.log.Error()
	}
	if !line.Enabled() {
		return
	}
	body, err := json.Marshal(r)
	if err != nil {
		line.Err(err) // a report is texts and numbers: this cannot happen, and must not be silent if it does
	}
	// What a search needs comes before the report: log services cut long lines.
	line.Str("trigger", string(r.Trigger)).Bool("complete", r.Complete).RawJSON("report", body).Msg("report")
}

// Warn logs failed invocations, whose errors the platform shows only to the caller, and trouble with the platform. Pass it
// as fc.Config.Warn.
func (h *Handler) Warn(requestID string, err error) {
	line := h.Log.Error().Str("request_id", requestID).Str("version", h.Version)
	if failed, ok := err.(*fc.Error); ok { //nolint:errorlint // Warn hands over the answer itself, never wrapped
		line.Str("error_type", failed.Type)
	}
	line.Err(err).Msg("failed")
}
