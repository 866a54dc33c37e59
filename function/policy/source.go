package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"time"

	"golang.org/x/sync/semaphore"
)

// settle is how long a file must have been left alone to count as wholly written.
const settle = 250 * time.Millisecond

// coarse is how old a file must be for its time to tell a later change: some file systems count in steps of two seconds.
const coarse = 2 * time.Second

// Source gives the current policy of a file. It is safe for concurrent use.
type Source struct {
	fsys fs.FS
	name string
	turn *semaphore.Weighted // one reads at a time
	last *snapshot           // the latest good reading, or nil; guarded by turn
}

// NewSource gives the policy of the file name in fsys. Nothing is read before the first Load.
func NewSource(fsys fs.FS, name string) *Source {
	return &Source{fsys: fsys, name: name, turn: semaphore.NewWeighted(1)}
}

// Load gives the policy as its files are now. They are parsed again only when one of them has changed, and a file that
// is just being written is read until two readings 250 ms apart agree. A broken or missing file is an [Errors], never
// the policy of before. When ctx ends first the error wraps its cause.
func (s *Source) Load(ctx context.Context) (*Policy, error) {
	if err := s.turn.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("reading policy: %w", context.Cause(ctx))
	}
	defer s.turn.Release(1)
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

// snapshot is one reading of a policy and of the files that it names.
type snapshot struct {
	at      time.Time
	files   map[string]reading
	policy  *Policy
	err     error
	quiet   bool // no file was touched while it was read, nor shortly before
	trusted bool // quiet, and for so long that any later change shows in a stamp
}

// reading is the state in which one file was read.
type reading struct {
	stamp
	digest string
}

func newSnapshot() *snapshot {
	return &snapshot{at: time.Now(), files: map[string]reading{}, quiet: true, trusted: true}
}

// read reads a file and notes its state.
func (s *snapshot) read(fsys fs.FS, file string) ([]byte, error) {
	data, before, after, err := readFile(fsys, file)
	if err != nil {
		return nil, err
	}
	s.files[file] = reading{after, digest(data)}
	age := s.at.Sub(after.changed)
	s.quiet = s.quiet && age >= settle && before.equal(after) && after.size == int64(len(data))
	s.trusted = s.trusted && s.quiet && age >= coarse
	return data, nil
}

// finish looks once more at files that were read before others were.
func (s *snapshot) finish(fsys fs.FS) *snapshot {
	s.quiet = s.quiet && s.current(fsys)
	s.trusted = s.trusted && s.quiet
	return s
}

// current reports whether all files look as they did when they were read.
func (s *snapshot) current(fsys fs.FS) bool {
	for file, then := range s.files {
		if now, err := statFile(fsys, file); err != nil || !now.equal(then.stamp) {
			return false
		}
	}
	return true
}

// sameBytes reports whether both read the same files and found the same in them.
func (s *snapshot) sameBytes(t *snapshot) bool {
	return maps.EqualFunc(s.files, t.files, func(a, b reading) bool { return a.digest == b.digest })
}

// confirms reports whether an earlier reading, long enough ago, found the same bytes in the same state.
func (s *snapshot) confirms(before *snapshot) bool {
	return before != nil && s.at.Sub(before.at) >= settle && s.sameBytes(before) &&
		maps.EqualFunc(s.files, before.files, func(a, b reading) bool { return a.equal(b.stamp) })
}

// maxSize is the most bytes that a policy file, or a file that it names, may hold.
const maxSize = 4 << 20

// stamp is what tells one state of a file from another without reading it.
type stamp struct {
	size    int64
	changed time.Time
}

func (s stamp) equal(t stamp) bool { return s.size == t.size && s.changed.Equal(t.changed) }

// reader reads a whole file. Its errors are written for a message that names the file already.
type reader func(name string) ([]byte, error)

// readFile reads a regular file of at most maxSize bytes. The stamps are those from before and after.
func readFile(fsys fs.FS, name string) (data []byte, before, after stamp, err error) {
	if !fs.ValidPath(name) {
		return nil, before, after, errors.New("not a path inside the policy's folder")
	}
	if before, err = statFile(fsys, name); err != nil {
		return nil, before, after, err
	}
	if data, err = readAll(fsys, name); err != nil {
		return nil, before, after, err
	}
	after, err = statFile(fsys, name)
	return data, before, after, err
}

// statFile gives the stamp of a regular file that is not too big.
func statFile(fsys fs.FS, name string) (stamp, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return stamp{}, plain(err)
	case info.IsDir():
		return stamp{}, errors.New("is a directory")
	case !info.Mode().IsRegular():
		return stamp{}, errors.New("is not a regular file")
	case info.Size() > maxSize:
		return stamp{}, errTooBig
	}
	return stamp{size: info.Size(), changed: info.ModTime()}, nil
}

var errTooBig = fmt.Errorf("is larger than %d MiB", maxSize>>20)

func readAll(fsys fs.FS, name string) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = plain(e)
		}
	}()
	data, err = io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = errTooBig
	}
	return data, plain(err)
}

// plain drops operation and path from an error of the file system: the message that it goes into says both.
func plain(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
