package acs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"peerguard/function/peering"
)

// firstSweep is the number of limiters at which the idle ones are dropped for the first time.
const firstSweep = 64

// limiters holds one limiter for each quota in use. A sweep of a large organisation touches tens of thousands of quotas,
// so idle limiters are dropped now and then: a new one starts in the same state.
type limiters struct {
	mu      sync.Mutex
	byQuota map[quotaKey]*limiter // use a limiter only while holding mu; it may be dropped otherwise
	sweepAt int                   // when there are this many limiters, the idle ones are dropped

	paced atomic.Int64 // calls that wait for their turn
}

// quotaKey tells quotas apart: the API counts each action in each account and region.
type quotaKey struct {
	action string
	in     peering.Partition
}

// limiter delays the calls that share one quota.
type limiter struct {
	*rate.Limiter
	pausedUntil time.Time        // the API asked for no calls until then
	throttle    *peering.Failure // in which it asked
}

func newLimiters() *limiters { return &limiters{byQuota: map[quotaKey]*limiter{}, sweepAt: firstSweep} }

// wait waits for the turn of a call. It fails at once if the turn would come too late, with the throttle that is the cause
// if there is one.
func (l *limiters) wait(ctx context.Context, key quotaKey, quota Quota) error {
	turn, pause, throttle := l.reserve(key, quota)
	delay := max(turn.Delay(), pause)
	if delay > 0 && (delay > timeLeft(ctx) || !during(&l.paced, func() bool { return sleep(ctx, delay) })) {
		turn.Cancel()
		return outOfTime(throttle)
	}
	return nil
}

// reserve returns the turn of a call, how long the pause that the API asked for still lasts, and the throttle in which it
// asked; nil if there is no such pause.
func (l *limiters) reserve(key quotaKey, quota Quota) (turn *rate.Reservation, pause time.Duration, throttle *peering.Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.limiter(key, quota)
	if pause = time.Until(one.pausedUntil); pause > 0 {
		throttle = one.throttle
	}
	return one.Reserve(), pause, throttle
}

// heed pauses a quota after a throttle that says for how long: others share the quota, and nothing would get through.
func (l *limiters) heed(key quotaKey, quota Quota, err error) {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok || f.RetryAfter == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.limiter(key, quota)
	if until := time.Now().Add(f.RetryAfter); until.After(one.pausedUntil) {
		one.pausedUntil, one.throttle = until, f
	}
}

// limiter returns the limiter of a quota. mu is held.
func (l *limiters) limiter(key quotaKey, quota Quota) *limiter {
	if one, ok := l.byQuota[key]; ok {
		return one
	}
	if len(l.byQuota) >= l.sweepAt {
		l.dropIdle()
	}
	one := &limiter{Limiter: rate.NewLimiter(rate.Limit(quota.Rate), quota.Burst)}
	l.byQuota[key] = one
	return one
}

// dropIdle drops the limiters that are full and not paused. The next time is when twice as many are there as are left
// now, so that the cost of looking at all of them is spread over as many new ones.
func (l *limiters) dropIdle() {
	for key, one := range l.byQuota {
		if one.Tokens() >= float64(one.Burst()) && time.Until(one.pausedUntil) <= 0 {
			delete(l.byQuota, key)
		}
	}
	l.sweepAt = max(firstSweep, 2*len(l.byQuota))
}
