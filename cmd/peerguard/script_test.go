package main

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the output as the expected output")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"peerguard": main})
}

// TestScripts runs testdata/script/*.txtar.
// After a change of output: go test ./cmd/peerguard -run TestScripts -update, and read the diff.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		UpdateScripts:       *update,
		Dir:                 filepath.Join("testdata", "script"),
		Setup:               hermetic,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulate":  startSimulator,
			"interrupt": interruptSimulator,
			"await":     awaitText,
			"exits":     exits,
		},
	})
}

// hermetic keeps a script on this machine: whatever is not a loopback address goes to a proxy that is not there.
func hermetic(env *testscript.Env) error {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		env.Setenv(name, "http://127.0.0.1:1")
	}
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("TERM", "dumb")
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	env.Setenv("REPOSITORY", repository)
	env.Values[simulatorKey{}] = &simulatorProcess{}
	return err
}
