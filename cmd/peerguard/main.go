// Command peerguard is the operator's side of peerguard: try a policy, look at an account, see what the function does.
// It is never deployed.
//
// Results go to stdout and messages to stderr. The exit code is 0 for success, 1 for a finding or a failure, 2 for wrong
// usage, and 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commands is the command line.
type commands struct {
	Demo demoCommand `cmd:"" help:"See the main job, offline: sample events and a sweep against a simulated cloud."`

	Check   checkCommand   `cmd:"" help:"Find every mistake in a policy, and see in words what it does."`
	Test    testCommand    `cmd:"" help:"Run a policy's own tests."`
	Diff    diffCommand    `cmd:"" help:"See what a changed policy opens and closes, for every connection there can be."`
	Explain explainCommand `cmd:"" help:"See rule by rule why a connection is allowed or rejected."`
	Draft   draftCommand   `cmd:"" help:"Write a policy that allows what is connected now, and nothing else."`
	Schema  schemaCommand  `cmd:"" help:"Print the policy's JSON Schema."`

	RAMPolicy ramPolicyCommand `cmd:"" name:"ram-policy" help:"Print the RAM or control policy that keeps your own users within the policy's folders."`

	Sweep    sweepCommand    `cmd:"" help:"See every pending request to your accounts, and what the policy says; with --enforce, reject."`
	Report   reportCommand   `cmd:"" help:"Tell an auditor from logs what was rejected, by which rule, and what the logs do not cover."`
	Doctor   doctorCommand   `cmd:"" help:"Prove step by step that the guard can act."`
	Drill    drillCommand    `cmd:"" help:"Prove that the deployed function acts: send one real request from a second account, and watch."`
	Simulate simulateCommand `cmd:"" help:"Serve the built-in VpcPeer and STS simulator to any SDK, CLI or Terraform."`

	Help        helpCommand       `cmd:"" help:"Print the help of a command."`
	Completion  completionCommand `cmd:"" help:"Print a script that completes the command line in bash, zsh or fish."`
	Version     versionCommand    `cmd:"" help:"Print the version."`
	VersionFlag kong.VersionFlag  `name:"version" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stdoutTTY := term.IsTerminal(int(os.Stdout.Fd()))
	code := run(ctx, os.Args[1:], &console{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		stdinTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		stdoutTTY: stdoutTTY,
		stderrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		colour:    stdoutTTY && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		width:     columnsOf(os.Stdout),
	})
	stop()
	os.Exit(code)
}

// run runs a command line and returns the exit code.
func run(ctx context.Context, args []string, out *console) int {
	results := &sink{Writer: out.stdout}
	out.stdout = results
	code := out.guarded(func() int { return execute(ctx, args, out) })
	if results.err != nil && code == 0 {
		out.note("writing the result: %v", results.err)
		return 1
	}
	return code
}

// execute parses the arguments, runs the command, and returns the exit code. Without arguments it prints the help.
func execute(ctx context.Context, args []string, out *console) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("peerguard"),
		kong.Description("Reject VPC peering requests that a reviewed policy does not name."),
		kong.Writers(out.stdout, out.stderr),
		kong.Exit(func(c int) { exited = c }),
		kong.Vars{"version": build().String()},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(out),
	)
	if err != nil {
		out.unexpected(err)
		return 1
	}
	chosen, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help or --version
		return exited
	case err != nil:
		out.note("%v (see %s)", err, helpFor(err))
		return 2
	}
	return out.exitCode(chosen.Run())
}

// exitCode returns the exit code for the error that a command returned, after printing what is not printed yet.
func (out *console) exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFinding):
		return 1
	case errors.Is(err, errInterrupted):
		return 130
	}
	if status, ended := errors.AsType[exitStatus](err); ended {
		return int(status)
	}
	out.note("%v", err)
	if _, wrong := errors.AsType[usageError](err); wrong {
		return 2
	}
	return 1
}
