package directory

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/peering"
)

// TestOldAnswersAreDropped: a flood of strangers does not make the memory grow, and what is fresh is kept.
func TestOldAnswersAreDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKnowledge()
		most := 0
		for i := range 20_000 {
			account := peering.Account(strconv.Itoa(i))
			_, err := k.account(account).get(t.Context(), answerAge, func(context.Context) (peering.Path, error) { return peering.Outside, nil })
			if err != nil {
				t.Fatal(err)
			}
			for _, earlier := range []int{i, max(0, i-1_000)} { // 25 seconds ago
				if _, fresh, _ := k.account(peering.Account(strconv.Itoa(earlier))).kept(time.Now().Add(-answerAge)); !fresh {
					t.Fatalf("after %d answers the one about %d is gone", i, earlier)
				}
			}
			time.Sleep(25 * time.Millisecond) // 2,400 in a minute, more than the quota allows
			most = max(most, len(k.accounts))
		}
		if most > 5_000 {
			t.Errorf("%d answers are kept where 2,400 are fresh", most)
		}
	})
}
