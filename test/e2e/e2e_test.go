package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

const partnerOnly = `version: 1
mode: enforce
allow:
  - name: partner
    accounts: ["2222222222222222"]
`

func TestUnknownRequesterIsRejected(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 6666666666666666))
		report := d.report(t, created("event-1", "pcc-x", "6666666666666666"))
		if report.Counts[guard.Rejected] != 1 || report.Connections[0].ClientToken != "event-1" || d.status("pcc-x") != peering.Rejected {
			t.Errorf("report %+v, the connection is %s", report, d.status("pcc-x"))
		}
		for _, c := range d.Calls() {
			if c.Action == "RejectVpcPeerConnection" && (c.ClientToken != "event-1" || c.Region != "cn-shanghai") {
				t.Errorf("the API saw %+v", c)
			}
		}
		first, _, _ := strings.Cut(d.logs(t), "\n")
		for _, field := range []string{fmt.Sprintf(`"version":%q`, report.Version), `"go":"go1.`, `"runtime":"`, `"message":"start"`} {
			if report.Version == "" || !strings.Contains(first, field) {
				t.Errorf("the first line of the log lacks %s: %s", field, first)
			}
		}
		for _, line := range []string{`"message":"decision"`, `"outcome":"rejected"`, `"requester_account":"6666666666666666"`, `"message":"report"`, `"trigger_id":"event-1"`} {
			if !strings.Contains(d.logs(t), line) {
				t.Errorf("the log lacks %s", line)
			}
		}
	})
}

func TestAllowedRequesterIsLeftAlone(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 2222222222222222))
		report := d.report(t, created("event-1", "pcc-x", "2222222222222222"))
		if report.Counts[guard.Allowed] != 1 || report.Connections[0].Rule != "partner" || d.status("pcc-x") != peering.Accepting {
			t.Errorf("report %+v, the connection is %s", report, d.status("pcc-x"))
		}
	})
}

func TestFiveDeliveriesOneEffect(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 6666666666666666))
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				if report := d.report(t, created("event-1", "pcc-x", "6666666666666666")); report.Counts[guard.Failed] > 0 {
					t.Errorf("report %+v", report)
				}
			})
		}
		wait.Wait()
		if n := d.Stats().Effects; n != 1 || d.status("pcc-x") != peering.Rejected {
			t.Errorf("%d effects, the connection is %s", n, d.status("pcc-x"))
		}
	})
}

// TestForgedEvent: an event can say anything; only the facts of the API count.
func TestForgedEvent(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-bad", 6666666666666666), pendingRequest("pcc-good", 2222222222222222))
		if report := d.report(t, created("event-1", "pcc-bad", "2222222222222222")); report.Counts[guard.Rejected] != 1 {
			t.Errorf("a stranger, reported as the partner: %+v", report)
		}
		if report := d.report(t, created("event-2", "pcc-good", "6666666666666666")); report.Counts[guard.Allowed] != 1 {
			t.Errorf("the partner, reported as a stranger: %+v", report)
		}
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, strings.Replace(partnerOnly, "enforce", "dry-run", 1), func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 6666666666666666))
		report := d.report(t, created("event-1", "pcc-x", "6666666666666666"))
		if report.Counts[guard.WouldReject] != 1 || report.Mode != "dry-run" || d.status("pcc-x") != peering.Accepting || d.Stats().Effects != 0 {
			t.Errorf("report %+v, the connection is %s", report, d.status("pcc-x"))
		}
	})
}

func TestCreatingBecomesRejectedWithinTheInvocation(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		item := pendingRequest("pcc-x", 6666666666666666)
		item.Status, item.ReadyAfter = peering.Creating, 2*time.Second
		d.Put(item)
		if report := d.report(t, created("event-1", "pcc-x", "6666666666666666")); report.Counts[guard.Rejected] != 1 {
			t.Errorf("report %+v", report)
		}
	})
}

func TestBrokenPolicyRejectsNothingAndHeals(t *testing.T) {
	t.Parallel()
	onBoth(t, strings.Replace(partnerOnly, "allow:", "alow:", 1), func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 6666666666666666))
		r := d.run(t, created("event-1", "pcc-x", "6666666666666666"))
		if r.OK || r.ErrorType != "InvalidPolicy" || !strings.Contains(r.ErrorMessage, "policy.yaml:3:1: ") {
			t.Errorf("got ok %t, %s: %s", r.OK, r.ErrorType, r.ErrorMessage)
		}
		if n := d.Stats().Calls; n != 0 {
			t.Errorf("%d calls under a broken policy", n)
		}
		d.write(t, partnerOnly)
		if report := d.report(t, created("event-1", "pcc-x", "6666666666666666")); report.Counts[guard.Rejected] != 1 {
			t.Errorf("after the policy was repaired: %+v", report)
		}
	})
}

func TestSweepFindsWhatNoEventAnnounced(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingRequest("pcc-x", 6666666666666666), pendingRequest("pcc-y", 2222222222222222))
		report := d.report(t, `{"triggerTime":"2026-11-01T00:00:00Z","triggerName":"sweep","payload":""}`)
		if report.Counts[guard.Rejected] != 1 || report.Counts[guard.Allowed] != 1 || report.TriggerID != "sweep@2026-11-01T00:00:00Z" || len(report.Partitions) != 1 {
			t.Errorf("report %+v", report)
		}
	})
}

// TestBadInputFailsAndTheNextIsServed: bad input is never a success, and never ends the process.
func TestBadInputFailsAndTheNextIsServed(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"empty":         "",
		"null":          "null",
		"a number":      "42",
		"truncated":     `{"specversion":"1.0","id":"1","data":{"eventName":"CreateVpcPe`,
		"nested arrays": strings.Repeat("[", 1<<20),
		"deep and whole": strings.Repeat("[", 5_000) +
			strings.Repeat("]", 5_000),
		"invalid UTF-8":   "{\"specversion\":\"1.0\",\"id\":\"\xff\"}",
		"path traversal":  created("event-1", "../../x", "6666666666666666"),
		"no known shape":  `{"hello":"world"}`,
		"unknown payload": `{"triggerTime":"t","triggerName":"n","payload":"{\"region\":[\"cn-shanghai\"]}"}`,
		"out of scope":    `{"triggerTime":"t","triggerName":"n","payload":"{\"regions\":[\"cn-beijing\"]}"}`,
	}
	onBoth(t, partnerOnly+"guard: {regions: [cn-shanghai]}\n", func(t *testing.T, d *deployment) {
		for name, payload := range bad {
			r := d.run(t, payload)
			if r.OK || r.ErrorType != "InvalidEvent" || r.ErrorMessage == "" || len(r.ErrorMessage) > 1_000 {
				t.Errorf("%s: got ok %t, %s: %s", name, r.OK, r.ErrorType, r.ErrorMessage)
			}
		}
		if n := d.Stats().Calls; n != 0 {
			t.Errorf("%d calls for unreadable input", n)
		}
		d.Put(pendingRequest("pcc-x", 6666666666666666))
		if report := d.report(t, created("event-1", "pcc-x", "6666666666666666")); report.Counts[guard.Rejected] != 1 {
			t.Errorf("the next event: %+v", report)
		}
	})
}

// TestWrongSettings: all mistakes are reported at once, one a line, and nothing is served.
func TestWrongSettings(t *testing.T) {
	t.Parallel()
	dist, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{
		"PEERGUARD_ENDPOINT=http://vpcpeer.aliyuncs.com", "PEERGUARD_STS_ENDPOINT=https://user:" + platform.Credentials().AccessKeySecret + "@sts.example.com",
		"PEERGUARD_LOG_LEVEL=loud", "PEERGUARD_POLCY=x.yaml", "PEERGUARD_MODE=enforce", "FC_CUSTOM_LISTEN_PORT=ninety", "DEBUG=sdk,other",
	}
	process, err := platform.Start(platform.Command{Path: filepath.Join(dist, "bootstrap"), Env: env})
	if err != nil {
		t.Fatal(err)
	}
	code, err := process.Wait(20 * time.Second)
	if err != nil || code != 1 {
		t.Errorf("exit %d, %v, want 1", code, err)
	}
	out := process.Output()
	for _, name := range []string{"PEERGUARD_ENDPOINT", "PEERGUARD_STS_ENDPOINT", "PEERGUARD_LOG_LEVEL", "PEERGUARD_POLCY", "PEERGUARD_MODE", "FC_CUSTOM_LISTEN_PORT", "DEBUG=sdk"} {
		if !strings.Contains(out, name) {
			t.Errorf("%s is not mentioned", name)
		}
	}
	if n := strings.Count(strings.TrimSpace(out), "\n") + 1; n != len(env) {
		t.Errorf("%d lines for %d mistakes", n, len(env))
	}
	if leaks := platform.Leaks(out); len(leaks) > 0 || t.Failed() {
		t.Errorf("leaks %v in:\n%s", leaks, out)
	}
}

// TestManyAtOnce sends as many events at once as the API's quota lets through; each is answered with its own report.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		for i := range 25 {
			d.Put(pendingRequest(fmt.Sprintf("pcc-%d", i), 6666666666666666))
		}
		var wait sync.WaitGroup
		for i := range 50 {
			wait.Go(func() {
				id := fmt.Sprintf("event-%d", i)
				if report := d.report(t, created(id, fmt.Sprintf("pcc-%d", i%25), "6666666666666666")); report.TriggerID != id {
					t.Errorf("event %s got the report of %s", id, report.TriggerID)
				}
			})
		}
		wait.Wait()
		if n := d.Stats().Effects; n != 25 {
			t.Errorf("%d effects for 25 connections", n)
		}
	})
}
