// Command peerguard is the operator's side of peerguard: try a policy, look at an account, see what the function does.
// It is never deployed.
//
// Results go to stdout and messages to stderr. It exits with 0 when all is well, 1 for a finding or a failure, and 2 for
// wrong usage.
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
}

// console is what a command talks to.
type console struct {
	stdout, stderr io.Writer
	colour         bool // stdout is a terminal that wants it
	terminal       bool // stderr is one: progress can be drawn
}

// errFinding ends a command that has said all there is to say with exit code 1.
var errFinding = errors.New("finding")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stdout := term.IsTerminal(int(os.Stdout.Fd()))
	code := run(ctx, os.Args[1:], &console{
		stdout: os.Stdout, stderr: os.Stderr,
		colour:   stdout && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	})
	stop()
	os.Exit(code)
}

// run parses the arguments, runs the command, and gives the exit code.
func run(ctx context.Context, args []string, out *console) int {
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
	switch err := chosen.Run(); {
	case errors.Is(err, errFinding):
		return 1
	case err != nil:
		fmt.Fprintf(out.stderr, "peerguard: %v\n", err)
		return 1
	}
	return 0
}
