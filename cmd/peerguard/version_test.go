package main

import (
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVersion: the version set at build time comes first, then the one that Go recorded.
func TestVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ set, recorded, want string }{
		{"v1.2.3-4-g0123abc-dirty", "v1.2.3", "v1.2.3-4-g0123abc-dirty"},
		{"", "v0.0.0-20261125131545-5959698ace4f+dirty", "v0.0.0-20261125131545-5959698ace4f+dirty"},
		{"", "(devel)", "unknown"}, // a build that does not look at git, such as that of `go tool`
		{"", "", "unknown"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Path: "peerguard", Version: tt.recorded}}
		if got := factsOf(tt.set, info).Version; got != tt.want {
			t.Errorf("set %q, recorded %q: got %q, want %q", tt.set, tt.recorded, got, tt.want)
		}
	}
}

// TestVersionModules: a module that is replaced has the version of the one that is linked in.
func TestVersionModules(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.1.0"}},
	}}
	want := map[string]string{"example.com/a": "v1.0.0", "example.com/b": "v1.1.0"}
	if diff := cmp.Diff(want, factsOf("", info).Modules); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
}
