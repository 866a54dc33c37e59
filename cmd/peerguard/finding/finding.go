// Package finding writes what a command found in a policy for the programs that show it to people: GitHub's annotations, a
// comment of a merge request, and SARIF.
package finding

import (
	"path/filepath"

	"peerguard/function/policy"
)

// Severity says how bad a finding is. The values are those of SARIF and, but for Note, of GitHub.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the command fails
	Warning Severity = "warning" // probably a mistake
	Note    Severity = "note"    // worth knowing
)

// Finding is one thing that a command found, and where. A finding that has no place in a file has no line.
type Finding struct {
	policy.Position
	Severity Severity
	Code     string // what kind of finding it is: words in lower case with hyphens between them
	Message  string
}

// path returns the file's path with slashes, as all formats want it.
func (f *Finding) path() string { return filepath.ToSlash(f.File) }
