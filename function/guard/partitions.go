package guard

import (
	"sync"

	"peerguard/function/peering"
)

// partitions are those that a sweep is working in. Two sweeps in one partition would reject the same requests, at the cost
// of the quota that they share.
type partitions struct {
	mu    sync.Mutex
	taken map[peering.Partition]bool
}

// take reports whether the partition was free. If so it is the caller's until it calls leave.
func (p *partitions) take(in peering.Partition) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[in] {
		return false
	}
	p.taken[in] = true
	return true
}

func (p *partitions) leave(in peering.Partition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, in)
}
