package policy

import (
	"context"
	"fmt"
	"io/fs"
	"time"
)

// settle is how long a file must have been left alone to count as wholly written.
const settle = 250 * time.Millisecond

// coarse is how old a file must be for its time to tell a later change: some file systems count in steps of two seconds.
const coarse = 2 * time.Second

// Source gives the current policy of a file. It is safe for concurrent use.
type Source struct {
	fsys fs.FS
	name string
	turn chan struct{} // holds a token while nobody reads
	last *snapshot     // the latest good reading, nil when there is none; only for who has the token
}

// NewSource gives the policy of the file name in fsys. Nothing is read before the first Load.
func NewSource(fsys fs.FS, name string) *Source {
	s := &Source{fsys: fsys, name: name, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Load gives the policy as its files are now. They are parsed again only when one of them has changed, and a file that
// is just being written is read until two readings 250 ms apart agree. A broken or missing file is an [Errors], never
// the policy of before. When ctx ends first the error wraps its cause.
func (s *Source) Load(ctx context.Context) (*Policy, error) {
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, fmt.Errorf("reading policy: %w", context.Cause(ctx))
	}
	if s.last != nil && s.last.trusted && s.last.current(s.fsys) {
		return s.last.policy, nil
	}
	now, err := s.settled(ctx, s.last)
	s.last = nil
	if err != nil {
		return nil, err
	}
	if now.err != nil {
		return nil, now.err
	}
	s.last = now
	return now.policy, nil
}

// settled reads until no file is being written. before is an earlier reading, or nil.
func (s *Source) settled(ctx context.Context, before *snapshot) (*snapshot, error) {
	for {
		now := s.read(before)
		if now.quiet || now.confirms(before) {
			return now, nil
		}
		before = now
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			return nil, fmt.Errorf("reading policy: waiting until %s is wholly written: %w", s.name, context.Cause(ctx))
		}
	}
}

// read reads each file once, and parses them unless before holds the same bytes.
func (s *Source) read(before *snapshot) *snapshot {
	if before != nil && before.err == nil {
		now := newSnapshot()
		for file := range before.files {
			if _, err := now.read(s.fsys, file); err != nil {
				break
			}
		}
		if now.sameBytes(before) {
			now.policy = before.policy
			return now.finish(s.fsys)
		}
	}
	now := newSnapshot()
	now.policy, now.err = parse(s.name, func(file string) ([]byte, error) { return now.read(s.fsys, file) })
	return now.finish(s.fsys)
}
