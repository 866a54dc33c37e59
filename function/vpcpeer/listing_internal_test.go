package vpcpeer

import (
	"strconv"
	"testing"
)

// TestIDsAreRememberedInFewBytes: many lists are read at once, and somebody may have made them long.
func TestIDsAreRememberedInFewBytes(t *testing.T) {
	t.Parallel()
	const n = 66_000
	s := newSet()
	for i := range n {
		if !s.add(strconv.Itoa(i)) {
			t.Fatalf("%d is taken for another one", i)
		}
	}
	for i := range n {
		if s.add(strconv.Itoa(i)) {
			t.Fatalf("%d is forgotten", i)
		}
	}
	if size := 8 * cap(s.sums); size > 1<<20 {
		t.Errorf("%d ids take %d bytes", n, size)
	}
}
