package handler

import (
	"encoding/json"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/peering"
)

// decisions gives the listener that logs the connections of one invocation.
func (h *Handler) decisions(requestID, triggerID string, trigger guard.Trigger) func(guard.Entry) {
	return func(e guard.Entry) {
		level := severity(e.Outcome, trigger)
		if level < h.Log.GetLevel() {
			return
		}
		line := h.Log.WithLevel(level).Str("request_id", requestID).Str("trigger_id", triggerID)
		entry(line, &e).Msg("decision")
	}
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

// entry flattens the report's entry, with _ between the keys; empty fields are left out as there.
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

// report logs the whole report, of failed invocations too.
func (h *Handler) report(r *guard.Report) {
	line := h.Log.Info()
	if r.Err() != nil {
		line = h.Log.Error()
	}
	if !line.Enabled() {
		return
	}
	body, err := json.Marshal(r)
	if err != nil {
		line.Err(err) // a report is texts and numbers: this cannot happen, and must not be silent if it does
	}
	// What a search needs stands before the report: log services cut long lines.
	line.Str("request_id", r.RequestID).Str("trigger_id", r.TriggerID).Str("trigger", string(r.Trigger)).Bool("complete", r.Complete)
	line.RawJSON("report", body).Msg("report")
}

// Warn is fc.Config's listener: it tells of failed invocations, whose errors the platform shows to the caller only, and of trouble with the platform.
func (h *Handler) Warn(requestID string, err error) {
	line := h.Log.Error().Str("request_id", requestID)
	if failed, ok := err.(*fc.Error); ok { //nolint:errorlint // Warn hands over the answer itself, never wrapped
		line.Str("error_type", failed.Type)
	}
	line.Err(err).Msg("failed")
}
