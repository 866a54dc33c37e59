package attacks_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// conditions are keys of an allow rule that the partner's request fulfils, and the fact that each of them looks at.
var conditions = map[string]string{
	"requester_vpcs: [vpc-a]":          "Vpc",
	"requester_cidrs: [10.9.0.0/16]":   "Vpc",
	"requester_cidrs: [10.8.0.0/15]":   "Ipv4Cidrs",
	"requester_regions: [cn-beijing]":  "RegionId",
	"accepter_vpcs: [vpc-b]":           "AcceptingVpc",
	"accepter_vpcs: [vpc-b, vpc-c]":    "VpcId",
	"accepter_regions: [" + home + "]": "AcceptingRegionId",
}

func partnerIf(condition string) string {
	return "version: 1\nmode: enforce\nallow:\n  - name: partner\n    accounts: [\"2222222222222222\"]\n    " + condition + "\n"
}

// TestAMissingFactDoesNotReject: an answer without the fact that a rule looks at does not decide about the partner.
// A stranger is rejected all the same: no rule names it, whatever the fact is.
func TestAMissingFactDoesNotReject(t *testing.T) {
	t.Parallel()
	for condition, fact := range conditions {
		for trigger, payload := range map[string]string{"sweep": sweep("T1"), "event": created("event-1", "pcc-partner", home)} {
			bubble(t, trigger+" "+condition, func(t *testing.T) {
				w := newWorld(partnerIf(condition))
				w.Inject(simulator.Fault{Kind: simulator.MissingKeys, Keys: fact, Action: "ListVpcPeerConnections"},
					simulator.Fault{Kind: simulator.MissingKeys, Keys: fact, Action: "GetVpcPeerConnectionAttribute"})
				w.Put(request("pcc-partner", partner), request("pcc-stranger", stranger))
				report, err := invoke(w.instance(), payload, invocationTime)
				for _, c := range w.Calls() {
					if c.Action == "RejectVpcPeerConnection" && c.InstanceID == "pcc-partner" {
						t.Errorf("asked to reject the partner without %s", fact)
					}
				}
				if trigger == "sweep" {
					wantStatus(t, w, "pcc-stranger", peering.Rejected)
				}
				if fact == "AcceptingRegionId" {
					return // the region may be known from where the connection is listed
				}
				e := entry(report, "pcc-partner")
				if err == nil || e.Outcome != guard.Failed || string(e.Decision) != "undecided" || e.Error == nil || e.Error.Code != "UnknownFacts" {
					t.Errorf("without %s: got %+v, error %v", fact, e, err)
				}
			})
		}
	}
}

// TestAMissingFactIsAskedForAgain: where a list lacks a fact, the connection is read, and then the partner is allowed.
func TestAMissingFactIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for condition, fact := range conditions {
		bubble(t, condition, func(t *testing.T) {
			w := newWorld(partnerIf(condition))
			w.Inject(simulator.Fault{Kind: simulator.MissingKeys, Keys: fact, Action: "ListVpcPeerConnections"})
			w.Put(request("pcc-partner", partner), request("pcc-stranger", stranger))
			report, err := invoke(w.instance(), sweep("T1"), invocationTime)
			if err != nil || report.Counts[guard.Allowed] != 1 || report.Counts[guard.Rejected] != 1 {
				t.Errorf("%v, %v", report.Counts, err)
			}
			wantStatus(t, w, "pcc-partner", peering.Accepting)
			wantStatus(t, w, "pcc-stranger", peering.Rejected)
		})
	}
}

func entry(r *guard.Report, id string) guard.Entry {
	for _, e := range r.Connections {
		if e.InstanceID == id {
			return e
		}
	}
	return guard.Entry{}
}

// TestAManagedRequestIsNotSilent: peerguard leaves alone what another service manages, but somebody hears of a request that
// the policy would reject.
func TestAManagedRequestIsNotSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		it := request("pcc-managed", stranger)
		it.ManagedService = "SWAS"
		w.Put(it)
		report, err := invoke(w.instance(), sweep("T1"), invocationTime)
		if err != nil || report.Counts[guard.Ignored] != 1 || w.Stats().Effects != 0 {
			t.Errorf("%v: %v", err, report.Counts)
		}
		for _, line := range w.log.all() {
			if strings.Contains(line, `"pcc-managed"`) && strings.Contains(line, `"level":"warn"`) && strings.Contains(line, `"message":"decision"`) {
				return
			}
		}
		t.Errorf("no warning in %q", w.log.all())
	})
}
