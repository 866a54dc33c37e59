package acs

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerguard/function/peering"
)

// sessionReserve is how long a session must last to be used: an invocation must not outlive it.
const sessionReserve = 5 * time.Minute

// refusalMemory is how long a role that cannot be assumed is not asked for again. A sweep asks once and not for each region. A
// role that has been repaired works before the next sweep, and for the retry of an event.
const refusalMemory = 10 * time.Second

// sessions keeps one session for each role, across invocations.
type sessions struct {
	mu    sync.Mutex
	slots map[string][]*slot // by the role's ARN: there are few for each, and to hash a whole Role takes longer
}

// assumption is who assumes which role.
type assumption struct {
	caller peering.Account
	role   Role
}

// slot holds the session of a role. Read and renew it only while holding turn.
type slot struct {
	of      assumption
	turn    *semaphore.Weighted // a mutex that can be waited for with a context
	session Session
	refusal refusal
}

// refusal is why a role could not be assumed. The zero refusal is none.
type refusal struct {
	of    peering.Credentials
	err   error
	until time.Time // the role may be assumed again
}

func newSessions() *sessions { return &sessions{slots: map[string][]*slot{}} }

func (s *sessions) slot(key assumption) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.slots[key.role.ARN] {
		if one.of == key {
			return one
		}
	}
	one := &slot{of: key, turn: semaphore.NewWeighted(1)}
	s.slots[key.role.ARN] = append(s.slots[key.role.ARN], one)
	return one
}

// RoleCredentials returns the credentials of a role's session. It assumes the role if there is no session yet, if the
// session ends soon, or if its credentials are the refused ones. Concurrent callers share one AssumeRole, and for 10 s also
// a failure that no retry mends. The error is a *peering.Failure.
func (c *Cloud) RoleCredentials(ctx context.Context, caller Caller, role Role, refused peering.Credentials) (peering.Credentials, error) {
	slot := c.sessions.slot(assumption{caller.Account, role})
	if slot.turn.Acquire(ctx, 1) != nil {
		return peering.Credentials{}, outOfTime(nil)
	}
	defer slot.turn.Release(1)
	if slot.session.Credentials != refused && time.Until(slot.session.Expires) > sessionReserve {
		return slot.session.Credentials, nil
	}
	if slot.refusal.of == caller.Credentials && time.Until(slot.refusal.until) > 0 {
		return peering.Credentials{}, slot.refusal.err
	}
	fresh, err := c.AssumeRole(ctx, caller, role)
	switch {
	case err == nil:
		slot.session = fresh
	case isFinal(err):
		slot.refusal = refusal{of: caller.Credentials, err: err, until: time.Now().Add(refusalMemory)}
	}
	return fresh.Credentials, err
}
