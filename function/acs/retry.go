package acs

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
)

// lastStart is how long before the deadline the last attempt may start: a later one is not worth it.
const lastStart = time.Second

// retry attempts until success, an error that is not worth a retry, or the deadline.
func retry(ctx context.Context, attempt func() error) error {
	pause := &backoff.ExponentialBackOff{ // full jitter: each pause is uniform in [0, 2×interval]
		InitialInterval:     100 * time.Millisecond,
		Multiplier:          2,
		MaxInterval:         4 * time.Second,
		RandomizationFactor: 1,
	}
	var last *peering.Failure
	for sleep(ctx, 0) {
		err := attempt()
		f, ok := errors.AsType[*peering.Failure](err)
		if !ok {
			return err
		}
		if f.Class == peering.OutOfTime && last != nil {
			break
		}
		if f.Class == peering.OutOfTime || !f.Retryable {
			return f
		}
		last = f
		if !sleep(ctx, pause.NextBackOff()) {
			break
		}
	}
	return outOfTime(last)
}

// sleep waits for d and reports whether another attempt may start then. If it would be too late, it does not wait.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d+lastStart {
		return false
	}
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// again marks a failure as worth another attempt.
func again(err error) error {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok {
		return err
	}
	marked := *f
	marked.Retryable = true
	return &marked
}
