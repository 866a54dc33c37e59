package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"peerguard/function/event"
	"peerguard/function/guard"
	"peerguard/function/peering"
)

// sweepFlags are the flags of each command that sweeps.
type sweepFlags struct {
	target
	Account []string      `placeholder:"ACCOUNT" help:"A guarded account to look at. The default is each that the policy guards. Can be repeated."`
	Timeout time.Duration `default:"10m" help:"Stop after this long, and report what was done."`
}

// Validate checks the values of the flags.
func (s *sweepFlags) Validate() error {
	if s.Timeout <= 0 {
		return errors.New("--timeout must be positive")
	}
	for _, a := range s.Account {
		if !peering.ValidAccount(a) {
			return fmt.Errorf("--account %.40q is not an account id", a)
		}
	}
	return nil
}

// scope returns what to look at.
func (s *sweepFlags) scope(ctx context.Context, o *operator) (guard.Scope, error) {
	var accounts []peering.Account
	for _, a := range s.Account {
		accounts = append(accounts, peering.Account(a))
	}
	scope, err := o.inv.Scope(ctx, accounts, nil)
	if err != nil {
		return scope, fmt.Errorf("choosing what to look at: %w", err)
	}
	return scope, nil
}

// run sweeps the scope as the operator, and shows the progress. It returns the report, and who lacks which permissions. What
// listens to the invocation of o goes on listening.
func (s *sweepFlags) run(ctx context.Context, out *console, o *operator, scope guard.Scope) (*guard.Report, *permissionRecorder) {
	recorder := recordPermissions(o)
	now := event.Sweep{TriggerName: "peerguard-sweep", TriggerTime: time.Now().UTC().Format(time.RFC3339Nano)}
	progress := startTraffic(out, "partition", scope.Size(), o.cloud.Traffic)
	defer progress.stop()
	inv := o.inv
	inv.TriggerID, inv.Cloud = now.ID(), recorder
	inv.OnVisit, inv.OnEntry = both(progress.visited, inv.OnVisit), both(progress.judge, inv.OnEntry)
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	return guard.New().Sweep(ctx, inv, scope, now.ClientToken), recorder
}

// both returns a listener that tells two. The second may be nil.
func both[T any](first, second func(T)) func(T) {
	return func(value T) {
		first(value)
		if second != nil {
			second(value)
		}
	}
}

// entryList collects all judged connections. It is safe for concurrent use.
type entryList struct {
	mu      sync.Mutex
	entries []guard.Entry
}

func (l *entryList) add(e guard.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}
