package acs

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// hidden is a transport that does not print: the simulator would show what it knows.
type hidden func(*http.Request) (*http.Response, error)

func (h hidden) RoundTrip(r *http.Request) (*http.Response, error) { return h(r) }

// TestWhatHoldsCredentialsDoesNotPrint them, neither a caller's nor those of a session.
func TestWhatHoldsCredentialsDoesNotPrint(t *testing.T) {
	t.Parallel()
	const arn = "acs:ram::9999999999999999:role/peerguard"
	sim := &simulator.Cloud{}
	sim.AddKey(simulator.Key{ID: "canary-id", Secret: "canary-secret", Account: "1111111111111111"})
	sim.AddRole(simulator.Role{ARN: arn, TrustedAccounts: []peering.Account{"1111111111111111"}})
	cloud := New(Config{Transport: hidden(sim.RoundTrip)})
	caller := Caller{Account: "1111111111111111", Region: "cn-shanghai", Credentials: peering.NewCredentials("canary-id", "canary-secret", "")}
	if _, err := cloud.RoleCredentials(t.Context(), caller, Role{ARN: arn}, peering.Credentials{}); err != nil {
		t.Fatal(err)
	}
	slot := cloud.sessions.slot(assumption{caller.Account, Role{ARN: arn}})
	secrets := sim.Secrets()
	if session := slot.session.Credentials; len(secrets) < 3 || !strings.Contains(strings.Join(secrets, " "), session.AccessKeySecret()) {
		t.Fatalf("the slot does not hold one of %d secrets", len(secrets))
	}
	for _, v := range []any{cloud, *cloud, caller, &caller, slot, *slot, slot.session, cloud.sessions, cloud.sessions.slots, newRedactor(caller.Credentials, "signature")} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%s of %T shows %s", verb, v, secret)
				}
			}
		}
	}
}
