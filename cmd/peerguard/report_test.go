package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/events"
	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// TestReportReadsTheFunctionsLog: the rows are what the function's invocations returned, for every sample event and two
// sweeps, and nothing but the invocations that could not read their event is missing.
func TestReportReadsTheFunctionsLog(t *testing.T) {
	t.Parallel()
	samples, err := events.Cases()
	must(t, err)
	synctest.Test(t, func(t *testing.T) {
		var log buffer
		s, err := newScene("seed.json")
		must(t, err)
		h := handler.New(handler.Config{
			Version: "v1", Policy: policy.NewSource(events.World(), "policy.yaml").Load, Cloud: acs.New(acs.Config{Transport: s.cloud}),
			Log: zerolog.New(&log).Level(zerolog.InfoLevel).With().Timestamp().Logger(),
		})
		var want []string
		unreadable := 0
		for i, sample := range samples {
			at := fc.Invocation{
				RequestID: fmt.Sprintf("1-%d", i), Account: simulator.SeedAccepter, Region: "cn-shanghai",
				Credentials: peering.NewCredentials("demo-id", "demo-secret", "demo-token"),
			}
			fmt.Fprintf(&log, "FC Invoke Start RequestId: %s\n", at.RequestID)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			result, failed := h.Handle(ctx, at, sample.Payload)
			cancel()
			if failed != nil {
				h.Warn(at.RequestID, failed)
			}
			fmt.Fprintf(&log, "FC Invoke End RequestId: %s\n", at.RequestID)
			report, _ := result.(*guard.Report)
			if report == nil {
				unreadable++
				continue
			}
			for _, e := range report.Connections {
				if slices.Contains([]guard.Outcome{guard.Rejected, guard.WouldReject, guard.Violation, guard.Failed}, e.Outcome) {
					want = append(want, rowText(evidence.Row{RequestID: at.RequestID, TriggerID: report.TriggerID, Version: "v1", Entry: e}, report.Policy.Digest))
				}
			}
		}
		book := evidence.New(evidence.Period{})
		book.Read([]byte(log.String()))
		found := book.Close()
		var got []string
		for _, row := range found.Rows {
			if row.Time.IsZero() || row.Digest == "" {
				t.Errorf("%s has no time or no policy", row.InstanceID)
			}
			got = append(got, rowText(row, row.Digest))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(want) < 30 {
			t.Errorf("got %d rows\n%s\nwant %d\n%s", len(got), strings.Join(got, "\n"), len(want), strings.Join(want, "\n"))
		}
		g := found.Gaps
		if len(g.Unreported) != unreadable || len(g.Short) > 0 || len(g.Incomplete) > 0 || g.Unreadable > 0 || found.Invocations != len(samples) {
			t.Errorf("%d of %d invocations, %d without a report, want %d; gaps %+v", found.Invocations, len(samples), len(g.Unreported), unreadable, g)
		}
		for _, i := range g.Unreported {
			if !strings.HasPrefix(i.Why, fc.InvalidEvent+": ") {
				t.Errorf("no report, because %q", i.Why)
			}
		}
	})
}

// rowText is everything that a row says but its time.
func rowText(r evidence.Row, digest string) string {
	return fmt.Sprint(r.InstanceID, r.RequestID, r.TriggerID, r.Version, r.Outcome, r.Decision, r.Rule, r.Reason, r.Requester, r.Accepter, r.Status, r.ClientToken, r.APIRequestID, digest, r.Error)
}
