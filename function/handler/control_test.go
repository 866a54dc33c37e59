package handler_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/rs/zerolog"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestControlCCCVPCCN03 plays the three classes of requesters of the control CCC.VPC.CN03 of the FINOS Common Cloud Controls:
// those that are explicitly allowed, those that are explicitly disallowed, and those that nobody mentions. Only the first
// may connect, whether an event or a sweep meets the request, and each rejection leaves a line as evidence.
func TestControlCCCVPCCN03(t *testing.T) {
	t.Parallel()
	const text = `version: 1
mode: enforce
guard: {regions: [cn-shanghai]}
reject: [{name: disallowed, accounts: ["3333333333333333"], owner: security team}]
allow: [{name: allowed, accounts: ["2222222222222222"], owner: network team}]
`
	for _, class := range []struct {
		name      string
		requester int64
		outcome   guard.Outcome
		rule      string
		owner     any
		left      peering.Status // of the request
	}{
		{"explicitly allowed", 2222222222222222, guard.Allowed, "allowed", "network team", peering.Accepting},
		{"explicitly disallowed", 3333333333333333, guard.Rejected, "disallowed", "security team", peering.Rejected},
		{"not mentioned", 4444444444444444, guard.Rejected, "default", nil, peering.Rejected},
	} {
		for trigger, payload := range map[string]string{
			"event": strings.NewReplacer("pcc-lnk0m24khwvtkm0001", "pcc-asked", "6666666666666666", fmt.Sprint(class.requester)).Replace(sample(t, "create-unknown-account")),
			"sweep": sweepAll,
		} {
			t.Run(class.name+", "+trigger, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, zerolog.DebugLevel)
					for _, item := range w.Items() {
						w.Remove(item.InstanceID)
					}
					item := foreign("pcc-asked", 1111111111111111)
					item.OwnerID = class.requester
					w.Put(item)
					report, failed := w.invoke(t, payload)
					if failed != nil || report.Counts[class.outcome] != 1 {
						t.Fatalf("counts %v, %v, want one %s", report.Counts, failed, class.outcome)
					}
					if left, _ := w.Item("pcc-asked"); left.Status != class.left {
						t.Errorf("the request is %s, want %s", left.Status, class.left)
					}
					told := w.logged.parsed(t, "decision")
					if len(told) != 1 || told[0]["outcome"] != string(class.outcome) || told[0]["rule"] != class.rule || told[0]["owner"] != class.owner || told[0]["policy_digest"] != report.Policy.Digest {
						t.Errorf("logged %v", told)
					}
				})
			})
		}
	}
}

// TestAQuietSweepIsShort: a sweep of 900 partitions that finds nothing writes less than 1 kB, about a megabyte a day for one a minute.
func TestAQuietSweepIsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var roles, regions []string
		for i := range 29 {
			roles = append(roles, fmt.Sprintf(`{role: "acs:ram::%d:role/peerguard"}`, 7000000000000001+i))
		}
		for i := range 30 {
			regions = append(regions, fmt.Sprintf("cn-region%02d", i))
		}
		text := fmt.Sprintf("version: 1\nmode: enforce\nguard:\n  regions: [%s]\n  accounts: [%s]\nallow: []\n", strings.Join(regions, ", "), strings.Join(roles, ", "))
		w := newWorld(t, fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, zerolog.InfoLevel)
		for i := range 29 {
			w.AddRole(simulator.Role{ARN: fmt.Sprintf("acs:ram::%d:role/peerguard", 7000000000000001+i), TrustedAccounts: []peering.Account{"1111111111111111"}})
		}
		report, failed := w.invoke(t, sweepAll)
		if failed != nil || report.Visited != 900 || len(report.Partitions) > 0 {
			t.Fatalf("visited %d, listed %d partitions, %v", report.Visited, len(report.Partitions), failed)
		}
		if n := w.logged.buf.Len(); n == 0 || n > 1_000 {
			t.Errorf("%d bytes logged:\n%s", n, &w.logged.buf)
		}
	})
}
