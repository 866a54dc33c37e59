package guard

import (
	"fmt"
	"sync"

	"peerguard/function/peering"
)

// fuse is guard.max_requesters: a policy that would reject the pending requests of very many accounts by default alone is
// most likely wrong. It counts these accounts, and is blown by more than the limit. Its memory does not grow with the
// number of requests. A nil fuse is never blown.
type fuse struct {
	limit int

	mu         sync.Mutex
	requesters map[peering.Account]bool // at most one more than the limit
}

// newFuse returns the fuse of a sweep, nil if the policy has none.
func newFuse(limit int) *fuse {
	if limit == 0 {
		return nil
	}
	return &fuse{limit: limit, requesters: map[peering.Account]bool{}}
}

// holds counts a requester whose request only the default rejects, and reports whether the fuse keeps it from being
// rejected.
func (f *fuse) holds(requester peering.Account) bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requesters) <= f.limit {
		f.requesters[requester] = true
	}
	return len(f.requesters) > f.limit
}

// blown reports whether there are more requesters than the limit.
func (f *fuse) blown() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requesters) > f.limit
}

// tooMany is the failure of each request that the fuse keeps from being rejected.
func (f *fuse) tooMany() *peering.Failure {
	return &peering.Failure{
		Code: codeTooMany,
		Message: fmt.Sprintf("no rule names the requesters of the pending requests, and they are more than guard.max_requesters: %d. "+
			"Nothing that only the default rule rejects was rejected. If the policy is right, raise the limit", f.limit),
	}
}
