// Command bench measures peerguard next to its floor, the least that the same job takes, and prints one table: what, ours,
// the floor, their ratio, the target. Run it in the repository's root, on Linux:
//
//	go run ./test/bench [-only REGEX] [-short]
//
// It builds everything that it compares: the package that is deployed; the smallest functions on the same runtimes,
// without and with the cloud's SDK; and the simulated cloud. Each runs in a process of its own. The command exits 1 if a
// ratio misses its target by more than a fifth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
)

// comparisons are in the order of the table.
var comparisons = []struct {
	name string
	run  func(context.Context, *rig) ([]row, error)
}{
	{"start", compareStart},
	{"event", compareEvents},
	{"memory", compareMemory},
	{"package", comparePackage},
	{"policy", comparePolicy},
	{"diff", compareDiffs},
	{"sweep", compareSweep},
	{"month", compareMonth},
	{"logs", compareLogs},
}

// errRegression fails the command if a figure does.
var errRegression = errors.New("a ratio misses its target by more than a fifth")

func main() {
	only := flag.String("only", "", "comparisons to run, a regular expression over their names")
	short := flag.Bool("short", false, "few runs: shows that everything works, not how fast it is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	rows, err := run(ctx, *only, *short, os.Stdout)
	stop()
	if err == nil {
		err = regression(rows)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run compares and prints the table.
func run(ctx context.Context, only string, short bool, out io.Writer) ([]row, error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("reading -only: %w", err)
	}
	rig, err := newRig(ctx, short)
	if err != nil {
		return nil, err
	}
	defer rig.close()
	var all []row
	for _, c := range comparisons {
		if !wanted.MatchString(c.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "comparing", c.name)
		found, err := c.run(ctx, rig)
		if err != nil {
			return nil, fmt.Errorf("comparing %s: %w", c.name, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("comparing %s: nothing was measured", c.name)
		}
		all = append(all, found...)
	}
	return all, write(out, all)
}

func regression(rows []row) error {
	for _, r := range rows {
		if r.miss() > tolerance {
			return errRegression
		}
	}
	return nil
}
