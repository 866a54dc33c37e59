package peering

import (
	"iter"
	"slices"
	"strings"
)

// Path says where an account is in its resource directory: the ids of the directory, of the root folder, and of the
// folders down to the account, "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA". That of the management account is "rd-…/r-…". The
// empty Path is unknown.
type Path string

// Outside is the Path of an account that is not in the directory.
const Outside Path = "none"

// Known reports whether it is known where the account is, or that it is not in the directory.
func (p Path) Known() bool { return p != "" }

// In reports whether the account is in a folder or below it. The root folder r-… is the whole directory.
func (p Path) In(folder string) bool {
	for id := range p.Folders() {
		if id == folder {
			return true
		}
	}
	return false
}

// Folders yields the ids of the folders that the account is in, the root folder first.
func (p Path) Folders() iter.Seq[string] {
	return func(yield func(string) bool) {
		_, rest, more := strings.Cut(string(p), "/")
		for more {
			var id string
			if id, rest, more = strings.Cut(rest, "/"); !yield(id) {
				return
			}
		}
	}
}

// ValidDirectory reports whether s has the form of a resource directory's id.
func ValidDirectory(s string) bool { return validDirectoryID("rd-", s) }

// ValidFolder reports whether s has the form of a folder's id, the root folder's included.
func ValidFolder(s string) bool { return validDirectoryID("r-", s) || validDirectoryID("fd-", s) }

// ValidPath reports whether s has the form of a known Path other than Outside.
func ValidPath(s string) bool {
	ids := strings.Split(s, "/")
	return len(ids) >= 2 && ValidDirectory(ids[0]) && validDirectoryID("r-", ids[1]) &&
		!slices.ContainsFunc(ids[2:], func(id string) bool { return !validDirectoryID("fd-", id) })
}

// validDirectoryID checks an id of the resource directory. The documents do not agree on how long one is.
func validDirectoryID(prefix, s string) bool {
	id, ok := strings.CutPrefix(s, prefix)
	return ok && MadeOf(Letters+Digits, id, 60)
}
