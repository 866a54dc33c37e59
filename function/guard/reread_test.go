package guard_test

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

func load(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}}, "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestThePolicyIsReadAgain: before each rejection the policy as it is now judges, with its mode and what it guards.
func TestThePolicyIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, becomes string // "": it can no longer be read
		outcome       guard.Outcome
		code          string
	}{
		{"the same, parsed again", rules, guard.Rejected, ""},
		{"allowed now", strings.Replace(rules, "2222222222222222", "6666666666666666", 1), guard.Allowed, ""},
		{"a dry run now", dryRun, guard.WouldReject, ""},
		{"broken now", "", guard.Failed, "InvalidPolicy"},
	} {
		for _, trigger := range []guard.Trigger{guard.TriggerEvent, guard.TriggerSweep} {
			t.Run(tt.name+"/"+string(trigger), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, rules)
					w.Put(request("pcc-x", stranger))
					w.inv.Reread = func(context.Context) (*policy.Policy, error) {
						if tt.becomes == "" {
							return nil, errors.New("policy.yaml:1:1: no")
						}
						return load(t, tt.becomes), nil // a new one each time, though the file is the same
					}
					run := func() *guard.Report { return w.check(within(t, time.Minute), "pcc-x") }
					if trigger == guard.TriggerSweep {
						run = func() *guard.Report { return w.sweep(t, within(t, time.Minute)) }
					}
					report := run()
					e := w.judged[0]
					if len(w.judged) != 1 || e.Outcome != tt.outcome || code(e) != tt.code || report.Counts[tt.outcome] != 1 {
						t.Errorf("got %+v, want %s %q", w.judged, tt.outcome, tt.code)
					}
					if want := load(t, cmp.Or(tt.becomes, rules)); report.Policy.Digest != want.Digest || report.Mode != want.Mode || e.Digest != want.Digest || e.Mode != want.Mode {
						t.Errorf("the report is about %s %s, the entry about %s %s; want %s %s", report.Mode, report.Policy.Digest, e.Mode, e.Digest, want.Mode, want.Digest)
					}
				})
			})
		}
	}
}

// TestAnEditWhileARejectionWaits: a rejection that a throttle holds up for a minute is not sent any more if the policy has
// changed by then.
func TestAnEditWhileARejectionWaits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		becomes string
		outcome guard.Outcome
		calls   int
	}{
		"allowed":   {strings.Replace(rules, "2222222222222222", "6666666666666666", 1), guard.Allowed, 1},
		"a dry run": {dryRun, guard.WouldReject, 2},
		"unchanged": {rules, guard.Rejected, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, rules)
				w.Put(request("pcc-x", stranger))
				w.Inject(simulator.Fault{Kind: simulator.Throttle, Action: "RejectVpcPeerConnection", Count: 1, For: 50 * time.Second})
				edited := time.Now().Add(20 * time.Second)
				w.inv.Reread = func(context.Context) (*policy.Policy, error) {
					if time.Now().Before(edited) {
						return load(t, rules), nil
					}
					return load(t, tt.becomes), nil
				}
				e := only(t, w.check(within(t, 2*time.Minute), "pcc-x"))
				calls := w.rejections("pcc-x")
				if e.Outcome != tt.outcome || len(calls) != tt.calls || calls[len(calls)-1].DryRun != (tt.outcome == guard.WouldReject) {
					t.Errorf("got %s after %d rejections, want %s after %d", e.Outcome, len(calls), tt.outcome, tt.calls)
				}
			})
		})
	}
}

// TestAMemberThatComesLater: roles are those of the policy that the invocation began with. A connection that nobody could look
// at as its accepter is not said to be closed, although the policy guards its accepter by now.
func TestAMemberThatComesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "version: 1\nmode: enforce\nguard: {regions: [cn-shanghai]}\nallow: []\n")
		w.Put(request("pcc-x", stranger), request("pcc-y", stranger, func(i *simulator.Item) { i.AcceptingOwnerUID = 9999999999999999 }))
		w.inv.Reread = func(context.Context) (*policy.Policy, error) { return load(t, rules), nil }
		report := w.Check(within(t, time.Minute), w.triggered("event-1 (+1)"), []guard.Hint{
			{InstanceID: "pcc-x", ClientToken: "event-1"},
			{InstanceID: "pcc-y", ClientToken: "event-2", Accepters: []peering.Account{member}},
		})
		if got := nonzero(report.Counts); got != "ignored=1 rejected=1" {
			t.Errorf("got %s: %+v", got, report.Connections)
		}
	})
}
