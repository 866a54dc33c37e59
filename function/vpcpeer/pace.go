package vpcpeer

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"peerguard/function/peering"
)

// The documented quota of the VpcPeer API is 360 calls in 60 s for each API, account and region: a burst of 60 and
// 5 a second after it never make more than 360 in any 60 s. AssumeRole has 100 a second for each account.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
const (
	quotaBurst  = 60
	quotaRate   = rate.Limit(5)
	assumeBurst = 10
	assumeRate  = rate.Limit(90)
	maxLanes    = 4_096 // beyond it, lanes at rest are forgotten: they would start full anyway. A sweep uses a thousand at a time
)

// pace keeps one lane for each quota. A lane is looked up for each use, and not kept: it may be forgotten in between.
type pace struct {
	mu    sync.Mutex
	lanes map[quota]*lane
}

type quota struct {
	api string
	in  peering.Partition
}

func newPace() *pace { return &pace{lanes: map[quota]*lane{}} }

func (p *pace) lane(api string, in peering.Partition) *lane {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := quota{api, in}
	if l, ok := p.lanes[key]; ok {
		return l
	}
	if len(p.lanes) >= maxLanes {
		p.forgetResting()
	}
	l := &lane{limiter: rate.NewLimiter(quotaRate, quotaBurst)}
	if api == assumeRole {
		l.limiter = rate.NewLimiter(assumeRate, assumeBurst)
	}
	p.lanes[key] = l
	return l
}

func (p *pace) forgetResting() {
	for key, l := range p.lanes {
		if l.limiter.Tokens() >= float64(l.limiter.Burst()) && l.closedFor() <= 0 {
			delete(p.lanes, key)
		}
	}
}

// lane is the pace of the calls that share one quota.
type lane struct {
	limiter *rate.Limiter

	mu   sync.Mutex
	open time.Time // no call before then: the API asked for a pause
}

// wait waits for a call's turn. It fails at once when the turn would come too late.
func (l *lane) wait(ctx context.Context) error {
	turn := l.limiter.Reserve()
	if !sleep(ctx, max(turn.Delay(), l.closedFor())) {
		turn.Cancel()
		return outOfTime(nil)
	}
	return nil
}

func (l *lane) closedFor() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.open)
}

// slow heeds a throttle: others share the quota, so nothing goes out for as long as the answer says.
func (l *lane) slow(err error) {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok || f.RetryAfter == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if open := time.Now().Add(f.RetryAfter); open.After(l.open) {
		l.open = open
	}
}
