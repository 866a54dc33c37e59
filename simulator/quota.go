package simulator

import (
	"fmt"
	"time"

	"peerguard/function/peering"
)

// Quota is a limit of calls in any window of time, for each API, account and region.
type Quota struct {
	Calls  int // 0: no limit
	Window time.Duration
}

// DocumentedQuota is the limit that the API documents: 360 calls in 60 s.
// https://help.aliyun.com/zh/vpc/developer-reference/api-vpcpeer-2022-01-01-quota
var DocumentedQuota = Quota{Calls: 360, Window: time.Minute}

type quotaKey struct {
	account peering.Account
	action  string
	region  string
}

// window holds when the calls of the last window were admitted, oldest first.
type window struct{ admitted []time.Time }

// admit counts a call if the quota has room for it; if not, it says in how long there is room again.
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

// throttle refuses a call that is over the quota.
func (c *Cloud) throttle(cl *call) *apiError {
	if c.Quota.Calls <= 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := quotaKey{cl.Account, cl.Action, cl.Region}
	w := c.quotas[key]
	if w == nil {
		if c.quotas == nil {
			c.quotas = map[quotaKey]*window{}
		}
		w = &window{}
		c.quotas[key] = w
	}
	wait, ok := w.admit(c.Quota, time.Now())
	if ok {
		return nil
	}
	return throttled(wait)
}

// rateLimit is the value of the header that says when to come again.
func rateLimit(limit int, wait time.Duration, now time.Time) string {
	left := (wait + time.Millisecond - 1).Milliseconds()
	return fmt.Sprintf("Limit:%d,Remain:0,TimeLeft:%d,Reset:%d", limit, left, now.UnixMilli()+left)
}
