package vpcpeer

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"peerguard/function/peering"
)

// reserve is what must be left before the deadline for another attempt to be worth starting.
const reserve = time.Second

// call makes one call in a partition: with its credentials, at the pace of its quota, again while that is worth it.
func (s *Session) call(ctx context.Context, in peering.Partition, api string, attempt func(Credentials) error) error {
	_, member := s.role(in.Account)
	var refused Credentials // of a session that the API no longer takes: it is renewed once
	return retry(ctx, func() error {
		creds, err := s.credentials(ctx, in.Account, refused)
		if err != nil {
			return err
		}
		if err := s.cloud.pace.wait(ctx, api, in); err != nil {
			return err
		}
		err = attempt(creds)
		s.cloud.pace.slow(api, in, err)
		if member && refused == (Credentials{}) && sessionRefused(err) {
			refused = creds
			return again(err)
		}
		return err
	})
}

// retry attempts until success, an error that is not worth retrying, or the deadline. A retry of the same call repeats
// it unchanged, client token included.
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

// sleep waits, unless what is left after it before the deadline would be too little for another attempt.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d+reserve {
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
