package attacks_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestEventIDsDoNotUseUpTheTokensOfASweep: anybody can compute the tokens of the next sweep, and whoever can put events on
// the bus can choose their ids. Each event here is about a request of its own, whose rejection uses up a token if it can.
func TestEventIDsDoNotUseUpTheTokensOfASweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		h := w.instance()
		w.Put(request("pcc-target", stranger))
		const next = "2026-11-01T00:01:00Z"
		token := digest("sweep\n" + next + "\npcc-target")
		second := digest(token + "\npcc-target")
		for n, id := range []string{
			token, second, strings.ToUpper(token), digest(second + "\npcc-target"),
			"sweep\n" + next + "\npcc-target", token + "\npcc-target", second + "\npcc-target", // what the tokens are hashes of
		} {
			junk := fmt.Sprintf("pcc-junk%d", n)
			w.Put(request(junk, stranger))
			if _, err := invoke(h, created(id, junk, platform.Region), invocationTime); err != nil {
				t.Fatal(err)
			}
			wantStatus(t, w, junk, peering.Rejected)
		}
		report, err := invoke(h, sweep(next), invocationTime)
		if wantStatus(t, w, "pcc-target", peering.Rejected); err != nil {
			t.Errorf("%v: %+v", err, report.Connections)
		}
	})
}

// TestEventIDsDoNotUseUpTheTokensOfAnotherEvent: the same for the token of an event that the attacker has seen.
func TestEventIDsDoNotUseUpTheTokensOfAnotherEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		h := w.instance()
		for n, id := range []string{"event-1", "event-1\npcc-target", digest("event-1\npcc-target")} {
			junk := fmt.Sprintf("pcc-junk%d", n)
			w.Put(request(junk, stranger))
			if _, err := invoke(h, created(id, junk, platform.Region), invocationTime); err != nil {
				t.Fatal(err)
			}
		}
		w.Put(request("pcc-target", stranger))
		if report, err := invoke(h, created("event-1", "pcc-target", platform.Region), invocationTime); err != nil {
			t.Errorf("%v: %+v", err, report.Connections)
		}
		wantStatus(t, w, "pcc-target", peering.Rejected)
	})
}

// TestDryRunKeepsItsOwnTokens: an attacker uses them up as well, and the dry run still says what would be rejected.
func TestDryRunKeepsItsOwnTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		h := w.instance()
		const next = "2026-11-01T00:01:00Z"
		token := "dry-run\n" + digest("sweep\n"+next+"\npcc-target")
		for n, id := range []string{token, digest(token) + "\npcc-target"} {
			junk := fmt.Sprintf("pcc-junk%d", n)
			w.Put(request(junk, stranger))
			if _, err := invoke(h, created(id, junk, platform.Region), invocationTime); err != nil {
				t.Fatal(err)
			}
		}
		w.Put(request("pcc-target", stranger))
		w.policy.write(strings.Replace(rejectAll, "enforce", "dry-run", 1), time.Now())
		report, err := invoke(h, sweep(next), invocationTime)
		if err != nil || report.Counts["would_reject"] != 1 {
			t.Errorf("%v: %+v", err, report.Connections)
		}
		wantStatus(t, w, "pcc-target", peering.Accepting)
	})
}
