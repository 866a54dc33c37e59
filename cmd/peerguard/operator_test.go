package main

import (
	"strings"
	"testing"

	"peerguard/function/acs"
)

// TestHelpNamesEndpoints: the help of a command that calls an API names every variable that chooses an endpoint.
func TestHelpNamesEndpoints(t *testing.T) {
	t.Parallel()
	named := 0
	_, err := acs.ConfigFromEnv(func(variable string) string {
		if strings.HasSuffix(variable, "ENDPOINT") {
			named++
			for _, help := range []string{new(sweepCommand).Help(), new(doctorCommand).Help()} {
				if !strings.Contains(help, variable) {
					t.Errorf("%s is not in the help:\n%s", variable, help)
				}
			}
		}
		return ""
	})
	if err != nil || named != strings.Count(endpointVariables, "ENDPOINT") {
		t.Errorf("%d variables are honoured: %v", named, err)
	}
}
