package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
)

// exitStatus ends a command with the exit code of another one, which has said why.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// serveCommand serves as long as a command runs. The listener listens already, so the command cannot come too early.
func serveCommand(ctx context.Context, out *console, command, variables []string, listener net.Listener, handler http.Handler) error {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // the command decides when a signal ends it
	defer stop()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, handler) }()
	err := runCommand(ctx, out, command, variables)
	stop()
	if err != nil {
		return err
	}
	return <-served
}

// runCommand runs a command with our streams, with variables on top of our environment, and with the signals that we get.
// Its error is an exitStatus unless the command succeeds or does not start.
func runCommand(ctx context.Context, out *console, command, variables []string) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = out.stdin, out.stdout, out.stderr
	if results, ok := out.stdout.(*sink); ok {
		cmd.Stdout = results.Writer // a terminal stays one
	}
	cmd.Env = slices.Concat(os.Environ(), variables)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case got := <-signals:
			if got == syscall.SIGTERM || !out.stdinTTY { // a terminal sends the others to the command itself
				_ = cmd.Process.Signal(got) // it may have ended
			}
		case err := <-ended:
			return statusOf(err)
		}
	}
}

// statusOf returns the exit code of a command that failed, as a shell tells it: 128 and the number of the signal that ended
// it.
func statusOf(err error) error {
	exited, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	if status, ok := exited.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitStatus(128 + int(status.Signal()))
	}
	return exitStatus(exited.ExitCode())
}
