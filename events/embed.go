// Package events holds sample events, one file for each case, with the outcome that must come of it. README.md says where
// their shapes come from. Tests and the demo play them; the function does not contain them.
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

// The outcomes that a sample may have besides those of a report.
const (
	Invalid = "invalid" // the invocation fails with InvalidEvent
	Sweep   = "sweep"   // the invocation sweeps and succeeds
)

// known has every outcome that the name of a sample may contain.
var known = []string{
	"rejected", "allowed", "ignored", "closed", "violation", "would_reject", "not_ready", "failed", Invalid, Sweep,
}

// Case is one sample.
type Case struct {
	Name string // what happened: create-unknown-account
	File string // create-unknown-account.rejected.json
	// Outcomes are what must come of the sample, one for each element if it is an array. A would_reject sample is played
	// under a policy with mode dry-run, every other one with mode enforce.
	Outcomes []string
	Payload  []byte // as Function Compute hands it over
}

// Cases returns all samples, sorted by file name. It fails if there is none, or if a name has no outcome or an unknown one:
// a sample that nobody checks is worse than none.
func Cases() ([]Case, error) { return cases(files) }

// World returns the cloud and the policy that the samples are played with:
//   - seed.json, `{"connections":[…]}` of items as ListVpcPeerConnections shows them. Every sample that needs a connection
//     has its own, and there are some that no event announces.
//   - policy.yaml with mode enforce, and the file that it names.
//   - organisation.json and organisation.yaml, the same for an organisation with a directory, in which the demo plays a few of
//     the samples.
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
		return Case{}, errors.New("the name is not WHAT.OUTCOME.json")
	}
	c := Case{Name: name, File: file, Outcomes: strings.Split(outcomes, "+")}
	for _, outcome := range c.Outcomes {
		if !slices.Contains(known, outcome) {
			return Case{}, fmt.Errorf("unknown outcome %q", outcome)
		}
	}
	var err error
	c.Payload, err = fs.ReadFile(fsys, file)
	return c, err
}
