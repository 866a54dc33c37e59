package policy

import (
	"io/fs"
	"maps"
	"time"
)

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
