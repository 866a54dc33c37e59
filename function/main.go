// Command peerguard is a function for Alibaba Cloud Function Compute. It rejects VPC peering requests from accounts that a
// reviewed policy does not name. README.md describes it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/handler"
)

// version is what git describe printed where the package was built. The packer sets it.
var version = "unknown"

// softLimit is how much memory the collector lets the process take before it works harder. By default it lets the heap double
// first, and what arrives at the same time can be tens of mebibytes. The process stays below 128 MiB: see TestMemory.
const softLimit = 80 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Environ(), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves invocations until ctx ends. It returns all mistakes of the settings at once, before it serves anything.
func run(ctx context.Context, environ []string, stdout io.Writer) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the binary's folder: %w", err)
	}
	settings, err := configure(executable, environ)
	if err != nil {
		return err
	}
	log := zerolog.New(zerolog.SyncWriter(stdout)).Level(settings.level).With().Timestamp().Logger()
	log.Info().Str("version", version).Str("go", runtime.Version()).Str("runtime", settings.runtimeName()).Msg("start")
	handler := handler.New(handler.Config{Version: version, Policy: settings.source().Load, Cloud: acs.New(settings.cloud), Log: log})
	settings.runtime.Log = stdout
	settings.runtime.Warn = handler.Warn
	return fc.Serve(ctx, settings.runtime, handler.Handle)
}
