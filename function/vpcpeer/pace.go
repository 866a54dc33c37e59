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
	fewLanes    = 64 // are not worth a look at whether some are at rest
)

// pace keeps one lane for each quota in use. Lanes at rest are forgotten now and then: they would start full anyway.
type pace struct {
	mu    sync.Mutex
	lanes map[quota]*lane // none is used but under the lock: it may have been forgotten
	many  int             // lanes that are worth a look at whether some are at rest: twice as many as were busy the last time
}

type quota struct {
	api string
	in  peering.Partition
}

// lane is the pace of the calls that share one quota.
type lane struct {
	limiter *rate.Limiter
	open    time.Time // no call before then: the API asked for a pause
}

func newPace() *pace { return &pace{lanes: map[quota]*lane{}} }

// wait waits for the turn of a call. It fails at once when the turn would come too late.
func (p *pace) wait(ctx context.Context, api string, in peering.Partition) error {
	turn, closed := p.reserve(quota{api, in})
	if !sleep(ctx, max(turn.Delay(), closed)) {
		turn.Cancel()
		return outOfTime(nil)
	}
	return nil
}

func (p *pace) reserve(key quota) (turn *rate.Reservation, closed time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lane(key)
	return l.limiter.Reserve(), time.Until(l.open)
}

// slow heeds a throttle: others share the quota, so nothing goes out for as long as the answer says.
func (p *pace) slow(api string, in peering.Partition, err error) {
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok || f.RetryAfter == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lane(quota{api, in})
	if open := time.Now().Add(f.RetryAfter); open.After(l.open) {
		l.open = open
	}
}

// lane gives the lane of a quota. The lock is held.
func (p *pace) lane(key quota) *lane {
	if l, ok := p.lanes[key]; ok {
		return l
	}
	if len(p.lanes) >= p.many {
		p.forgetResting()
	}
	l := &lane{limiter: rate.NewLimiter(quotaRate, quotaBurst)}
	if key.api == assumeRole {
		l.limiter = rate.NewLimiter(assumeRate, assumeBurst)
	}
	p.lanes[key] = l
	return l
}

func (p *pace) forgetResting() {
	for key, l := range p.lanes {
		if l.limiter.Tokens() >= float64(l.limiter.Burst()) && time.Until(l.open) <= 0 {
			delete(p.lanes, key)
		}
	}
	p.many = max(fewLanes, 2*len(p.lanes))
}
