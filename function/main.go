// Command peerguard is a function for Alibaba Cloud Function Compute that rejects VPC peering requests of accounts that
// a reviewed policy does not name. README.md describes it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/vpcpeer"
)

func main() {
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerguard: finding the binary's folder:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, executable, os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// run serves invocations until ctx ends. It returns all mistakes of the settings at once, before it serves anything.
func run(ctx context.Context, executable string, environ []string, stdout io.Writer) error {
	settings, err := configure(executable, environ)
	if err != nil {
		return err
	}
	handler := &handler.Handler{
		Policy: settings.source().Load,
		Cloud:  vpcpeer.New(vpcpeer.Config{Endpoint: settings.endpoint, STSEndpoint: settings.stsEndpoint}),
		Guard:  guard.New(),
		Log:    zerolog.New(zerolog.SyncWriter(stdout)).Level(settings.level).With().Timestamp().Logger(),
	}
	settings.runtime.Log = stdout
	settings.runtime.Warn = handler.Warn
	return fc.Serve(ctx, settings.runtime, handler.Handle)
}
