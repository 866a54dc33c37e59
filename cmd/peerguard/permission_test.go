package main

import (
	"errors"
	"testing"

	"peerguard/function/peering"
)

// TestForbidden: only a failure of the cloud can be about permissions.
func TestForbidden(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"forbidden":          {&peering.Failure{Code: "Forbidden.RAM", Class: peering.Forbidden}, true},
		"another failure":    {&peering.Failure{Code: "Throttling"}, false},
		"an error by itself": {errors.New("Forbidden"), false},
		"none":               {nil, false},
	} {
		if got := forbidden(tt.err); got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
