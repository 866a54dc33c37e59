package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// simulatorLife bounds how long a script's simulator lives when the script forgets it.
const simulatorLife = time.Minute

// simulatorProcess is a running `peerguard simulate`.
type simulatorProcess struct {
	*exec.Cmd
	stderr string // file that gets the calls
}

type simulatorKey struct{}

// simulatorOf gives a script's simulator, whose Cmd is nil before the first was started.
func simulatorOf(ts *testscript.TestScript) *simulatorProcess {
	return ts.Value(simulatorKey{}).(*simulatorProcess)
}

// startSimulator is the script command "simulate [ARG…]": it starts `peerguard simulate` on a free port, waits for its
// exports, and applies them to the script's environment. What it prints is in simulate.out and simulate.err.
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

// program is the binary that stands for `peerguard` in scripts.
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

// interruptSimulator is the script command "interrupt": Ctrl-C for the simulator, which must end well.
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

// awaitText is the script command "await FILE TEXT": it waits until the file holds the text.
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
