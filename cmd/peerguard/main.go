// Command peerguard is the operator's side of peerguard: try a policy, look at an account, see what the function does.
// It is never deployed.
//
// Results go to stdout and messages to stderr. It exits with 0 when all is well, 1 for a finding or a failure, 2 for
// wrong usage, and 130 when Ctrl-C cut it short.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// commands is the command line.
type commands struct {
	Demo demoCommand `cmd:"" help:"See the main job, offline: sample events and a sweep against a simulated cloud."`

	Check   checkCommand   `cmd:"" help:"Find every mistake of a policy, and see in words what it does."`
	Test    testCommand    `cmd:"" help:"Run a policy's own tests."`
	Explain explainCommand `cmd:"" help:"See rule by rule why a connection is allowed or rejected."`
	Schema  schemaCommand  `cmd:"" help:"Print the policy's JSON Schema."`

	Sweep    sweepCommand    `cmd:"" help:"See every pending request of your accounts now, and what the policy says; with --enforce, reject."`
	Doctor   doctorCommand   `cmd:"" help:"Prove step by step that the guard can act."`
	Simulate simulateCommand `cmd:"" help:"Serve the built-in VpcPeer and STS simulator to any SDK, CLI or Terraform."`
}

// console is what a command talks to.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	screen         bool // stdout is a terminal
	colour         bool // it wants colours
	terminal       bool // stderr is one: progress can be drawn
	asks           bool // stdin is one: somebody is there to answer
}

// errFinding ends a command that has said all there is to say with exit code 1.
var errFinding = errors.New("finding")

// errInterrupted ends a command that has reported what it did before Ctrl-C with exit code 130, as shells do.
var errInterrupted = errors.New("interrupted")

// usageError is a command line that parses and means nothing: exit code 2.
type usageError string

func (e usageError) Error() string { return string(e) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stdout := term.IsTerminal(int(os.Stdout.Fd()))
	code := run(ctx, os.Args[1:], &console{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		screen:   stdout,
		colour:   stdout && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
		asks:     term.IsTerminal(int(os.Stdin.Fd())),
	})
	stop()
	os.Exit(code)
}

// sink remembers that a result could not be written: on a full disk a command must not look well.
type sink struct {
	io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// run runs a command line and gives the exit code.
func run(ctx context.Context, args []string, out *console) int {
	results := &sink{Writer: out.stdout}
	out.stdout = results
	code := execute(ctx, args, out)
	if results.err != nil && code == 0 {
		fmt.Fprintf(out.stderr, "peerguard: writing the result: %v\n", results.err)
		return 1
	}
	return code
}

// execute parses the arguments, runs the command, and gives the exit code.
func execute(ctx context.Context, args []string, out *console) int {
	code := -1
	parser, err := kong.New(&commands{},
		kong.Name("peerguard"),
		kong.Description("Reject VPC peering requests that a reviewed policy does not name."),
		kong.Writers(out.stdout, out.stderr),
		kong.Exit(func(c int) { code = c }),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(out),
	)
	if err != nil {
		fmt.Fprintf(out.stderr, "peerguard: %v\n", err)
		return 2
	}
	chosen, err := parser.Parse(args)
	switch {
	case code >= 0: // --help has been answered
		return code
	case err != nil:
		fmt.Fprintf(out.stderr, "peerguard: %v (see peerguard --help)\n", err)
		return 2
	}
	var wrong usageError
	switch err := chosen.Run(); {
	case errors.Is(err, errFinding):
		return 1
	case errors.Is(err, errInterrupted):
		return 130
	case errors.As(err, &wrong):
		fmt.Fprintf(out.stderr, "peerguard: %v\n", wrong)
		return 2
	case err != nil:
		fmt.Fprintf(out.stderr, "peerguard: %v\n", err)
		return 1
	}
	return 0
}
