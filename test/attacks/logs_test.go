package attacks_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
)

// TestALogStaysSmall: the log of an event is a few times as long as the event, and a line says early what is searched for.
func TestALogStaysSmall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(rejectAll)
		events := []string{created(strings.Repeat("x", 256), "pcc-active0", home)}
		for n := range 500 {
			it := request(fmt.Sprintf("pcc-active%d", n), stranger)
			it.Status, it.Name = peering.Activated, strings.Repeat("n", 128)
			w.Put(it)
			events = append(events, created(fmt.Sprint(n), it.InstanceID, home))
		}
		payload := "[" + strings.Join(events, ",") + "]"
		_, _ = invoke(w.instance(), payload, 5*time.Minute)
		total := 0
		for _, line := range w.log.all() {
			total += len(line)
			if at := strings.Index(line, `"outcome"`); strings.Contains(line, `"message":"decision"`) && (len(line) > 4<<10 || at < 0 || at > 512) {
				t.Fatalf("a line of %d bytes has its outcome at %d", len(line), at)
			}
		}
		if total > 10*len(payload) {
			t.Errorf("%d bytes of log for %d bytes of events", total, len(payload))
		}
	})
}
