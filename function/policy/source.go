package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"time"

	"golang.org/x/sync/semaphore"
)

// settle is how long a file must have been unchanged before it counts as completely written.
const settle = 250 * time.Millisecond

// coarse is how old a file must be before its time is sure to show a later change. Some file systems count in steps of two
// seconds.
const coarse = 2 * time.Second

// Source provides the current policy of a file. It is safe for concurrent use.
type Source struct {
	fsys fs.FS
	name string
	turn *semaphore.Weighted // one reads at a time
	last *snapshot           // the latest good reading, or nil; guarded by turn
}

// NewSource returns the Source of the policy file name in fsys. Nothing is read before the first Load.
func NewSource(fsys fs.FS, name string) *Source {
	return &Source{fsys: fsys, name: name, turn: semaphore.NewWeighted(1)}
}

// Load returns the policy as its files are now. They are parsed again only if one of them has changed. While a file is being
// written, Load reads until two readings 250 ms apart agree. If a file is broken or missing, Load returns an [Errors], never
// an earlier policy. If ctx ends first, the error wraps its cause.
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

// settled reads until no file is being written. before is the reading before, or nil.
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
			return nil, fmt.Errorf("reading policy: waiting until %s is completely written: %w", s.name, context.Cause(ctx))
		}
	}
}

// read reads each file once, and parses them unless before has the same bytes.
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

// snapshot is one reading of a policy file and the files that it names.
type snapshot struct {
	at      time.Time
	files   map[string]reading
	policy  *Policy
	err     error
	quiet   bool // no file changed while it was read or shortly before
	trusted bool // quiet for so long that a stamp would show any later change
}

// reading is the state of one file when it was read.
type reading struct {
	stamp
	digest string
}

func newSnapshot() *snapshot {
	return &snapshot{at: time.Now(), files: map[string]reading{}, quiet: true, trusted: true}
}

// read reads a file and remembers its state.
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

// finish checks that the files that were read first have not changed while the others were read.
func (s *snapshot) finish(fsys fs.FS) *snapshot {
	s.quiet = s.quiet && s.current(fsys)
	s.trusted = s.trusted && s.quiet
	return s
}

// current reports whether the stamps of all files are as they were when the files were read.
func (s *snapshot) current(fsys fs.FS) bool {
	for file, then := range s.files {
		if now, err := statFile(fsys, file); err != nil || !now.equal(then.stamp) {
			return false
		}
	}
	return true
}

// sameBytes reports whether both snapshots read the same files with the same contents.
func (s *snapshot) sameBytes(t *snapshot) bool {
	return maps.EqualFunc(s.files, t.files, func(a, b reading) bool { return a.digest == b.digest })
}

// confirms reports whether an earlier snapshot, old enough, found the same bytes and stamps.
func (s *snapshot) confirms(before *snapshot) bool {
	return before != nil && s.at.Sub(before.at) >= settle && s.sameBytes(before) &&
		maps.EqualFunc(s.files, before.files, func(a, b reading) bool { return a.equal(b.stamp) })
}

// Folder is the path of a folder on disk, as the file system that [Load], [LoadTests] and [NewSource] read. A symbolic link
// inside it may lead to another of its files, but not out of it. The folder is looked up at each access, so it may be
// replaced while a Source is in use.
type Folder string

// Open opens a file for reading.
func (f Folder) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.FS().Open(name)
}

// Stat describes a file.
func (f Folder) Stat(name string) (fs.FileInfo, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return fs.Stat(root.FS(), name)
}

// maxSize is the most bytes that a policy file, or a file that it names, may have.
const maxSize = 4 << 20

// stamp tells one state of a file from another without reading it.
type stamp struct {
	size    int64
	changed time.Time
}

func (s stamp) equal(t stamp) bool { return s.size == t.size && s.changed.Equal(t.changed) }

// reader reads a whole file. Its errors do not name the file, because the message that they become part of does.
type reader func(name string) ([]byte, error)

// readFile reads a regular file of at most maxSize bytes, and returns its stamps from before and after.
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

// statFile returns the stamp of a regular file that is not too large.
func statFile(fsys fs.FS, name string) (stamp, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return stamp{}, withoutPath(err)
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
		return nil, withoutPath(err)
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = withoutPath(e)
		}
	}()
	data, err = io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = errTooBig
	}
	return data, withoutPath(err)
}

// withoutPath drops the operation and the path from an error of the file system. The message that it becomes part of has
// both.
func withoutPath(err error) error {
	pathErr, ok := errors.AsType[*fs.PathError](err)
	switch {
	case !ok:
		return err
	case pathErr.Err.Error() == "path escapes from parent": // the os package does not export it
		return errors.New("a symbolic link leads out of the policy's folder")
	}
	return pathErr.Err
}
