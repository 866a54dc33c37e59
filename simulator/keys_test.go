package simulator

import (
	"strconv"
	"testing"
	"time"
)

func TestNoncesAreBounded(t *testing.T) {
	t.Parallel()
	var n nonces
	now := time.Unix(0, 0)
	n.used("key", "first", now)
	for i := range maxNonces {
		n.used("key", strconv.Itoa(i), now)
	}
	if !n.used("key", "first", now) {
		t.Error("the first nonce was forgotten as soon as one generation was full")
	}
	for i := range 2 * maxNonces {
		n.used("other", strconv.Itoa(i), now)
	}
	if len(n.young)+len(n.older) > 2*maxNonces {
		t.Errorf("%d nonces are kept", len(n.young)+len(n.older))
	}
}
