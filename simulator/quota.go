package simulator

import (
	"cmp"
	"fmt"
	"time"

	"peerguard/function/peering"
)

// Quota limits the calls in any window of time, for each API, account and region.
type Quota struct {
	Calls  int // 0: no limit
	Window time.Duration
}

// DocumentedQuota is the documented limit of the VpcPeer API: 360 calls in 60 s.
// https://help.aliyun.com/zh/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
var DocumentedQuota = Quota{Calls: 360, Window: time.Minute}

// perSecond is a quota of calls in each second.
func perSecond(calls int) Quota { return Quota{calls, time.Second} }

type quotaKey struct {
	account peering.Account
	action  string
	region  string
}

// window holds the times of the calls that were admitted in the last window, oldest first.
type window struct{ admitted []time.Time }

// admit counts a call if the quota has room for it. Otherwise it returns how long it takes until there is room.
// Refused calls do not count.
func (w *window) admit(q Quota, now time.Time) (wait time.Duration, ok bool) {
	for len(w.admitted) > 0 && now.Sub(w.admitted[0]) >= q.Window {
		w.admitted = w.admitted[1:]
	}
	if len(w.admitted) >= q.Calls {
		return q.Window - now.Sub(w.admitted[0]), false
	}
	w.admitted = append(w.admitted, now)
	return 0, true
}

// throttle refuses a call that exceeds the quota. The lock is held.
func (c *Cloud) throttle(cl *call, act action) *apiError {
	if !cl.product.metered {
		cl.quota = act.quota
	}
	if c.Quota.Calls <= 0 || cl.quota.Calls <= 0 {
		return nil
	}
	key := quotaKey{cl.Account, cl.Action, cl.Region}
	w := c.quotas[key]
	if w == nil {
		if c.quotas == nil {
			c.quotas = map[quotaKey]*window{}
		}
		w = &window{}
		c.quotas[key] = w
	}
	if wait, ok := w.admit(cl.quota, time.Now()); !ok {
		return throttled(wait)
	}
	return nil
}

// header returns the value of the header that tells a throttled caller how long to wait.
func (q Quota) header(wait time.Duration, now time.Time) string {
	limit := cmp.Or(q.Calls, DocumentedQuota.Calls)
	left := (wait + time.Millisecond - 1).Milliseconds()
	return fmt.Sprintf("Limit:%d,Remain:0,TimeLeft:%d,Reset:%d", limit, left, now.UnixMilli()+left)
}
