package attacks_test

import (
	"strings"
	"testing"

	"peerguard/function/fc"
)

// TestEventsHaveLimits: what is longer than any event can be is refused before any work.
func TestEventsHaveLimits(t *testing.T) {
	t.Parallel()
	many := strings.Repeat(created("event-1", "pcc-target", home)+",", 10_001)
	for name, payload := range map[string]string{
		"an id of 257 bytes": created(strings.Repeat("x", 257), "pcc-target", home),
		"10,001 events":      "[" + strings.TrimSuffix(many, ",") + "]",
		"over 6 MiB":         `{"pad":"` + strings.Repeat("x", 6<<20) + `"}`,
	} {
		bubble(t, name, func(t *testing.T) {
			w := newWorld(rejectAll)
			w.Put(request("pcc-target", stranger))
			_, err := invoke(w.instance(), payload, invocationTime)
			if err == nil || err.Type != fc.InvalidEvent || len(err.Message) > 1_000 || w.Stats().Calls > 0 {
				t.Errorf("%d calls, %v", w.Stats().Calls, err)
			}
		})
	}
}
