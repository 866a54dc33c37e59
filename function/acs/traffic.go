package acs

import "sync/atomic"

// Traffic is what a Cloud has to do with the network.
type Traffic struct {
	Sent  int64 // requests, since the start
	Paced int64 // calls that wait for their turn now, because a quota allows no more
}

// Traffic returns how much there is. It may be called at any time.
func (c *Cloud) Traffic() Traffic {
	return Traffic{Sent: c.sent.Load(), Paced: c.limiters.paced.Load()}
}

// during counts one while f runs.
func during(n *atomic.Int64, f func() bool) bool {
	n.Add(1)
	defer n.Add(-1)
	return f()
}
