package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

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
