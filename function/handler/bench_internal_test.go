package handler

import (
	"testing"

	"github.com/rs/zerolog"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
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

// journalOf returns the journal of an event that writes to log.
func journalOf(log zerolog.Logger) journal {
	return (&Handler{Config: Config{Log: log}}).journal(&guard.Invocation{
		RequestID: "1-6741b2a0-0123", TriggerID: "45ef4dew-7c35-447a-bd93-fab000000000", Version: "v0.2.0-3-gf0c9d54",
		Policy: &policy.Policy{Mode: policy.Enforce, Digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
	}, guard.TriggerEvent)
}

// benchmarkLine measures a log line with its level on and with it off.
func benchmarkLine(b *testing.B, write func(journal)) {
	b.Helper()
	for name, level := range map[string]zerolog.Level{"on": zerolog.InfoLevel, "off": zerolog.Disabled} {
		b.Run(name, func(b *testing.B) {
			var written counter
			j := journalOf(zerolog.New(&written).Level(level).With().Timestamp().Logger())
			b.ReportAllocs()
			for b.Loop() {
				write(j)
			}
			b.ReportMetric(float64(written)/float64(b.N), "B/line")
		})
	}
}

func BenchmarkDecision(b *testing.B) {
	e := rejectedEntry()
	benchmarkLine(b, func(j journal) { j.decision(e) })
}

func BenchmarkReport(b *testing.B) {
	r := &guard.Report{
		Trigger: guard.TriggerEvent, TriggerID: "45ef4dew-7c35-447a-bd93-fab000000000", RequestID: "1-6741b2a0-0123", Mode: "enforce",
		Counts: map[guard.Outcome]int{guard.Rejected: 1}, Connections: []guard.Entry{rejectedEntry()}, Complete: true,
	}
	benchmarkLine(b, func(j journal) { j.report(r, nil) })
}

// TestLinesThatAreOffCostNothing: neither the line nor its content is built.
func TestLinesThatAreOffCostNothing(t *testing.T) {
	j := journalOf(zerolog.Nop())
	e, r := rejectedEntry(), &guard.Report{Connections: []guard.Entry{rejectedEntry()}, Complete: true}
	if n := testing.AllocsPerRun(100, func() { j.decision(e) }); n != 0 {
		t.Errorf("a decision that is not logged allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { j.report(r, nil) }); n != 0 {
		t.Errorf("a report that is not logged allocates %v times", n)
	}
}
