package attacks_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

// TestAnEditCountsInTheMiddleOfASweep: a requester that is allowed while a sweep runs is not rejected by it, and after an
// edit to dry-run nobody is.
func TestAnEditCountsInTheMiddleOfASweep(t *testing.T) {
	t.Parallel()
	edits := map[string]string{
		"allowed": "version: 1\nmode: enforce\nallow:\n  - name: friend\n    accounts: [\"2222222222222222\"]\n",
		"dry run": strings.Replace(rejectAll, "enforce", "dry-run", 1),
		"broken":  rejectAll + "allow: []\n",
	}
	for name, edited := range edits {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(rejectAll)
			w.flood(300, platform.Region) // keeps the sweep at work for a minute, and the friend waiting
			w.Put(request("pcc-friend", partner))
			var running sync.WaitGroup
			running.Go(func() { _, _ = invoke(w.instance(), sweep("T1"), invocationTime) })
			time.Sleep(5 * time.Second)
			w.policy.write(edited, time.Now())
			time.Sleep(time.Second)
			before := w.Stats().Effects
			running.Wait()
			wantStatus(t, w, "pcc-friend", peering.Accepting)
			if after := w.Stats().Effects; name != "allowed" && after != before {
				t.Errorf("%d rejections after the edit", after-before)
			}
		})
	}
}
