package acs

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
)

// foreignCalls is how often a call is made that something other than the API refuses.
const foreignCalls = 3

// retry attempts until success, an error that is not worth a retry, or the deadline.
func retry(ctx context.Context, attempt func() error) error {
	if ctx.Err() != nil || timeLeft(ctx) < 0 {
		return outOfTime(nil)
	}
	pause := &backoff.ExponentialBackOff{ // full jitter: each pause is uniform in [0, 2×interval]
		InitialInterval:     100 * time.Millisecond,
		Multiplier:          2,
		MaxInterval:         4 * time.Second,
		RandomizationFactor: 1,
	}
	var last *peering.Failure
	for calls := 1; ; {
		err := attempt()
		f, ok := errors.AsType[*peering.Failure](err)
		switch {
		case !ok:
			return err
		case f.Class == peering.OutOfTime && last != nil:
			return outOfTime(last)
		case f.Class == peering.OutOfTime || !f.Retryable:
			return f
		case isForeign(err) && calls == foreignCalls:
			return final(f)
		case isForeign(err):
			calls++
		}
		last = f
		left := timeLeft(ctx) // a pause that is too long is cut, so that the last attempt starts as late as it may
		if left <= 0 || !sleep(ctx, min(pause.NextBackOff(), left)) {
			return outOfTime(last)
		}
	}
}

// timeLeft returns how long it is until the last attempt may start.
func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return math.MaxInt64
	}
	return time.Until(deadline) - peering.LastStart
}

// sleep waits for d and reports whether the context still lasts.
func sleep(ctx context.Context, d time.Duration) bool {
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

// final marks a failure as one that more attempts do not mend.
func final(f *peering.Failure) *peering.Failure {
	marked := *f
	marked.Retryable = false
	return &marked
}

// isFinal reports whether a failure is an answer that more attempts do not change.
func isFinal(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && !f.Retryable
}
