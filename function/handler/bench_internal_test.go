package handler

import (
	"testing"

	"github.com/rs/zerolog"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func rejectedEntry() guard.Entry {
	return guard.Entry{
		InstanceID:   "pcc-lnk0m24khwvtkm0000",
		Requester:    peering.Side{Account: "2222222222222222", Region: "cn-hangzhou", VPC: "vpc-bp1vzjkp2q1xgnind0000", CIDRs: []string{"10.1.0.0/16"}},
		Accepter:     peering.Side{Account: "1111111111111111", Region: "cn-shanghai", VPC: "vpc-bp1gsk7h12ew7oegk0000", CIDRs: []string{"10.2.0.0/16"}},
		Status:       peering.Accepting,
		Decision:     "reject",
		Rule:         "default",
		Reason:       "no allow rule names account 2222222222222222",
		Outcome:      guard.Rejected,
		ClientToken:  "45ef4dew-7c35-447a-bd93-fab000000000",
		APIRequestID: "54B48E3D-DF70-471B-AA93-08E683A1B45",
	}
}

// benchmarkLine measures a log line where its level is on, and where it is off.
func benchmarkLine(b *testing.B, write func(*Handler)) {
	b.Helper()
	for name, level := range map[string]zerolog.Level{"on": zerolog.InfoLevel, "off": zerolog.Disabled} {
		b.Run(name, func(b *testing.B) {
			var written counter
			h := &Handler{Log: zerolog.New(&written).Level(level).With().Timestamp().Logger()}
			b.ReportAllocs()
			for b.Loop() {
				write(h)
			}
			b.ReportMetric(float64(written)/float64(b.N), "B/line")
		})
	}
}

func BenchmarkDecision(b *testing.B) {
	e := rejectedEntry()
	benchmarkLine(b, func(h *Handler) {
		h.decisions("1-6741b2a0-0123", "45ef4dew-7c35-447a-bd93-fab000000000", guard.TriggerEvent)(e)
	})
}

func BenchmarkReport(b *testing.B) {
	r := &guard.Report{
		Trigger: guard.TriggerEvent, TriggerID: "45ef4dew-7c35-447a-bd93-fab000000000", RequestID: "1-6741b2a0-0123", Mode: "enforce",
		Counts: map[guard.Outcome]int{guard.Rejected: 1}, Connections: []guard.Entry{rejectedEntry()}, Complete: true,
	}
	benchmarkLine(b, func(h *Handler) { h.report(r) })
}

// TestLinesThatAreOffCostNothing: neither the line nor what it would say is made.
func TestLinesThatAreOffCostNothing(t *testing.T) {
	h := &Handler{Log: zerolog.Nop()}
	e, r := rejectedEntry(), &guard.Report{Connections: []guard.Entry{rejectedEntry()}, Complete: true}
	listen := h.decisions("1-6741b2a0-0123", "45ef4dew-7c35-447a-bd93-fab000000000", guard.TriggerEvent)
	if n := testing.AllocsPerRun(100, func() { listen(e) }); n != 0 {
		t.Errorf("a decision that is not logged allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { h.report(r) }); n != 0 {
		t.Errorf("a report that is not logged allocates %v times", n)
	}
}
