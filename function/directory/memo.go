package directory

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

const (
	patience = 20 * time.Second // how long a question may take, retries included
	respite  = 30 * time.Second // how long a failure is the answer, before the question is asked again
)

// memo is a question and its latest answer.
type memo[T any] struct {
	turn *semaphore.Weighted // held by the one who asks

	mu     sync.Mutex
	answer T
	asked  time.Time // when the answer was asked for; zero means never
	failed setback
}

func newMemo[T any]() *memo[T] { return &memo[T]{turn: semaphore.NewWeighted(1)} }

// get returns an answer that was asked for at most age ago, or after the call of get. With an error it returns the latest
// answer, however old, which is zero if there never was one.
func (m *memo[T]) get(ctx context.Context, age time.Duration, ask func(context.Context) (T, error)) (T, error) {
	oldest := time.Now().Add(-age)
	if answer, done, err := m.kept(oldest); done {
		return answer, err
	}
	if m.turn.Acquire(ctx, 1) != nil {
		answer, _, _ := m.kept(time.Time{})
		return answer, acs.OutOfTime()
	}
	defer m.turn.Release(1)
	if answer, done, err := m.kept(oldest); done { // somebody else has asked in the meantime
		return answer, err
	}
	asked := time.Now()
	answer, err := patiently(ctx, ask)
	return m.keep(answer, asked, err)
}

// kept returns the latest answer, and whether there is no need to ask again: it is fresh, or asking has just failed.
func (m *memo[T]) kept(oldest time.Time) (answer T, done bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.asked.IsZero() && !m.asked.Before(oldest) {
		return m.answer, true, nil
	}
	if f := m.failed.current(); f != nil {
		return m.answer, true, f
	}
	return m.answer, false, nil
}

// keep remembers an answer or a failure. That a caller's own deadline came first says nothing to another one.
func (m *memo[T]) keep(answer T, asked time.Time, err error) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.answer, m.asked = answer, asked
		return answer, nil
	}
	if f, ok := errors.AsType[*peering.Failure](err); ok && f.Class != peering.OutOfTime {
		m.failed.note(f)
	}
	return m.answer, err
}

// idle reports whether nobody asks, and there is neither a fresh answer nor a fresh failure.
func (m *memo[T]) idle(age time.Duration) bool {
	if !m.turn.TryAcquire(1) {
		return false
	}
	defer m.turn.Release(1)
	_, done, _ := m.kept(time.Now().Add(-age))
	return !done
}

// patiently asks, but not for longer than its patience. A failure then is no longer one of the invocation's deadline.
func patiently[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := ask(limited)
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok || f.Class != peering.OutOfTime || endsFirst(ctx, limited) {
		return answer, err
	}
	given := *f
	given.Class = peering.Failed
	if given.Code == acs.OutOfTime().Code {
		given.Message = "no answer within " + patience.String()
	}
	return answer, &given
}

// endsFirst reports whether it is ctx itself that ends the limited context.
func endsFirst(ctx, limited context.Context) bool {
	own, has := ctx.Deadline()
	limit, _ := limited.Deadline()
	return ctx.Err() != nil || has && !own.After(limit)
}

// setback is a failure that stays the answer for a while.
type setback struct {
	mu      sync.Mutex
	failure *peering.Failure
	at      time.Time
}

// current returns the failure while it is the answer, else nil.
func (s *setback) current() *peering.Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil || time.Since(s.at) > respite {
		return nil
	}
	return s.failure
}

func (s *setback) note(f *peering.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.at = f, time.Now()
}
