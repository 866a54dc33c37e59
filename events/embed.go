// Package events holds sample events, one file a case, each with the outcome that it must lead to. README.md tells where
// their shapes come from. Tests and the demo play them; the function itself does not know them.
package events

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

//go:embed simulator
var world embed.FS

// The outcomes that a sample may carry besides those of a report.
const (
	Invalid = "invalid" // the invocation fails with InvalidEvent
	Sweep   = "sweep"   // the invocation is a sweep and ends well
)

// known holds every word that may stand in a sample's name.
var known = []string{
	"rejected", "allowed", "ignored", "closed", "violation", "would_reject", "not_ready", "failed", Invalid, Sweep,
}

// Case is one sample.
type Case struct {
	Name string // what happened: create-unknown-account
	File string // where it stands: create-unknown-account.rejected.json
	// Outcomes that the sample must lead to, in the order of the elements where it is an array. A would_reject sample
	// is played under a policy in mode dry-run, every other one under mode enforce.
	Outcomes []string
	Payload  []byte // as Function Compute hands it over
}

// Cases gives all samples in the order of their names. It fails when there is none, or when a name carries no outcome
// or one that does not exist: a sample that nobody checks is worse than none.
func Cases() ([]Case, error) { return cases(files) }

// World is what the samples are played in:
//   - seed.json, `{"connections":[…]}` of items as ListVpcPeerConnections shows them: for every sample that needs one its
//     own connection, and some that no event announces;
//   - policy.yaml in mode enforce, and the file that it names.
func World() fs.FS {
	sub, err := fs.Sub(world, "simulator")
	if err != nil {
		panic(err) // the path is a constant
	}
	return sub
}

func cases(fsys fs.FS) ([]Case, error) {
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing samples: %w", err)
	}
	if len(names) == 0 {
		return nil, errors.New("listing samples: there are none")
	}
	all := make([]Case, 0, len(names))
	for _, name := range names {
		c, err := readCase(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("reading sample %s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func readCase(fsys fs.FS, file string) (Case, error) {
	name, outcomes, ok := strings.Cut(strings.TrimSuffix(file, ".json"), ".")
	if !ok || name == "" {
		return Case{}, errors.New("its name is not WHAT.OUTCOME.json")
	}
	c := Case{Name: name, File: file, Outcomes: strings.Split(outcomes, "+")}
	for _, outcome := range c.Outcomes {
		if !slices.Contains(known, outcome) {
			return Case{}, fmt.Errorf("no such outcome: %q", outcome)
		}
	}
	var err error
	c.Payload, err = fs.ReadFile(fsys, file)
	return c, err
}
