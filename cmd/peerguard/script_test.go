package main

import (
	"bufio"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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

			"transcript": compareTranscript,
		},
	})
}

// hermetic keeps a script on this machine: every address but loopback goes to a proxy that does not exist.
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

// exits is the script command "exits CODE PROGRAM [ARGUMENT]…". It runs the program, as exec does, and compares its exit
// code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exited := new(exec.ExitError)
		if !errors.As(err, &exited) {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = exited.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// simulatorLife is how long a simulator lives if its script does not stop it.
const simulatorLife = time.Minute

// simulatorProcess is a running `peerguard simulate`.
type simulatorProcess struct {
	*exec.Cmd
	stderr string // the file with the log of calls
}

type simulatorKey struct{}

// simulatorOf returns the simulator of a script. Its Cmd is nil before the first one has started.
func simulatorOf(ts *testscript.TestScript) *simulatorProcess {
	return ts.Value(simulatorKey{}).(*simulatorProcess)
}

// startSimulator is the script command "simulate [ARGUMENT]…". It starts `peerguard simulate` on a free port, waits for its
// exports, and applies them to the script's environment. The output is in simulate.out and simulate.err.
func startSimulator(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("use exec for a simulator that must not start")
	}
	interruptRunning(ts)
	stderr, err := os.Create(ts.MkAbs("simulate.err"))
	ts.Check(err)
	defer stderr.Close()
	cmd := exec.Command(program(ts), append([]string{"simulate", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Dir, cmd.Stderr, cmd.Env = ts.MkAbs("."), stderr, []string{"HOME=" + ts.Getenv("HOME")}
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	*simulatorOf(ts) = simulatorProcess{cmd, stderr.Name()}
	ts.Defer(func() { _ = cmd.Process.Kill() })
	time.AfterFunc(simulatorLife, func() { _ = cmd.Process.Kill() })
	var lines []string
	for in := bufio.NewScanner(stdout); in.Scan(); {
		lines = append(lines, in.Text())
		name, value, _ := strings.Cut(strings.TrimPrefix(in.Text(), "export "), "=")
		ts.Setenv(name, value)
		if name == "ALIBABA_CLOUD_REGION_ID" { // the last one
			ts.Check(os.WriteFile(ts.MkAbs("simulate.out"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
			return
		}
	}
	said, _ := os.ReadFile(stderr.Name())
	ts.Fatalf("the simulator did not start: %s", said)
}

// program returns the path of the binary that scripts run as `peerguard`.
func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "peerguard"); isFile(path) {
			return path
		}
	}
	ts.Fatalf("peerguard is not in PATH")
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// interruptSimulator is the script command "interrupt". It sends Ctrl-C to the simulator, which must exit with 0.
func interruptSimulator(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: interrupt")
	}
	interruptRunning(ts)
}

func interruptRunning(ts *testscript.TestScript) {
	running := simulatorOf(ts)
	if running.Cmd == nil || running.ProcessState != nil {
		return
	}
	ts.Check(running.Process.Signal(os.Interrupt))
	if err := running.Wait(); err != nil {
		said, _ := os.ReadFile(running.stderr)
		ts.Fatalf("the simulator ended with %v: %s", err, said)
	}
}

// awaitText is the script command "await FILE TEXT". It waits until the file holds the text.
func awaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if content, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(content), args[1]) {
			return
		}
	}
	ts.Fatalf("%s does not hold %q in time", args[0], args[1])
}
