package guard_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// scenario is a small world and what happens in it. Its form is JSON, so that a counterexample can be kept as a file.
type scenario struct {
	DryRun      bool      `json:",omitempty"`
	Rules       []ruleOf  `json:",omitempty"`
	Connections []subject `json:",omitempty"`
	Triggers    []trigger `json:",omitempty"`
	Faults      []string  `json:",omitempty"` // as simulator.ParseFault reads them
}

// ruleOf is a rule of the policy.
type ruleOf struct {
	Allow    bool    `json:",omitempty"`
	Accounts []int64 // of requesters
	Region   string  `json:",omitempty"` // of requesters; "": any
}

// subject is a connection and its history.
type subject struct {
	Requester int64
	Region    string // of the requester
	Accepter  int64
	Home      string // region of the accepter
	Status    peering.Status
	Ready     time.Duration  `json:",omitempty"` // after which Creating becomes Accepting
	Managed   bool           `json:",omitempty"`
	Then      peering.Status `json:",omitempty"` // the status that its owners give it later
	After     time.Duration  `json:",omitempty"`
}

// trigger is one delivery of an event about connections, or of a timer event, which is about none in particular.
type trigger struct {
	At       time.Duration
	Number   int           // of the event or timer: deliveries with the same number are of the same one
	About    []int         `json:",omitempty"`
	Lies     bool          `json:",omitempty"` // the event names another accepter
	Deadline time.Duration // for the invocation
	Instance int           `json:",omitempty"` // which process
}

const instances = 2

var (
	areas    = []string{"cn-shanghai", "cn-hangzhou"} // that the policy of these tests guards
	askers   = []int64{partner, stranger, 7777777777777777, 1111111111111111, 9999999999999999, 0}
	standing = []peering.Status{peering.Updating, peering.Activated, peering.Rejected, peering.Expired, peering.Deleting, "Frozen"}
)

// draw makes the scenario of a seed.
func draw(seed uint64) scenario {
	r := rand.New(rand.NewPCG(seed, 0))
	s := scenario{DryRun: r.IntN(8) == 0}
	for range r.IntN(4) {
		rule := ruleOf{Allow: r.IntN(3) > 0, Accounts: []int64{askers[r.IntN(5)]}}
		if r.IntN(3) == 0 {
			rule.Region = areas[r.IntN(2)]
		}
		s.Rules = append(s.Rules, rule)
	}
	for range 1 + r.IntN(5) {
		s.Connections = append(s.Connections, drawSubject(r))
	}
	for range 1 + r.IntN(6) {
		d := trigger{At: upTo(r, 8*time.Second), Number: r.IntN(5), Deadline: 2*time.Second + upTo(r, time.Minute), Instance: r.IntN(instances), Lies: r.IntN(12) == 0}
		for range r.IntN(4) {
			d.About = append(d.About, r.IntN(len(s.Connections)))
		}
		s.Triggers = append(s.Triggers, d)
	}
	for range r.IntN(6) {
		s.Faults = append(s.Faults, drawFault(r).String())
	}
	return s
}

func drawSubject(r *rand.Rand) subject {
	c := subject{
		Requester: askers[r.IntN(len(askers))], Region: areas[r.IntN(2)],
		Accepter: []int64{1111111111111111, 9999999999999999}[r.IntN(2)], Home: areas[r.IntN(2)], Status: peering.Accepting,
	}
	switch r.IntN(8) {
	case 0:
		c.Status = standing[r.IntN(len(standing))]
	case 1:
		c.Status, c.Ready = peering.Creating, upTo(r, 20*time.Second)+1
	case 2:
		c.Then, c.After = []peering.Status{peering.Activated, peering.Expired, peering.Deleted}[r.IntN(3)], upTo(r, 10*time.Second)
	case 3:
		c.Managed = r.IntN(2) == 0
	case 4:
		c.Requester, c.Accepter = c.Accepter, stranger
	}
	return c
}

func drawFault(r *rand.Rand) simulator.Fault {
	kinds := simulator.Kinds()
	f := simulator.Fault{Kind: kinds[r.IntN(len(kinds))]}
	f.Action = []string{"", "GetVpcPeerConnectionAttribute", "ListVpcPeerConnections", "RejectVpcPeerConnection", "AssumeRole"}[r.IntN(5)]
	switch r.IntN(3) {
	case 0:
		f.Count, f.Skip = 1+r.IntN(4), r.IntN(3)
	case 1:
		f.Every, f.Count = 2, 1+r.IntN(10)
	case 2:
		f.Probability, f.Seed = r.Float64(), r.Uint64()
	}
	return f
}

func upTo(r *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(d/time.Millisecond))) * time.Millisecond
}

// FuzzJudge: the promises hold for every policy, connection, history and fault. The seeds below are part of every test
// run; fuzzing draws more. A failure shows the scenario, made as small as possible: keep it as a file in
// testdata/scenarios.
func FuzzJudge(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := draw(seed)
		if problems := s.run(t, nil); len(problems) > 0 {
			small := s.shrink(func(s scenario) bool { return len(s.run(t, nil)) > 0 })
			t.Errorf("seed %d: %q\n%s", seed, problems, small)
		}
	})
}

func (s scenario) run(t *testing.T, wreck func(guard.Cloud) guard.Cloud) (problems []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { problems = play(t, s, wreck) })
	return problems
}

func (s scenario) String() string {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// shrink leaves out, one by one, what a failure does not need. Runs of one scenario differ in the jitter of their pauses,
// so a scenario that does not fail is tried twice.
func (s scenario) shrink(fails func(scenario) bool) scenario {
	for again := true; again; {
		again = false
		for _, smaller := range s.smaller() {
			if slices.ContainsFunc([]scenario{smaller, smaller}, fails) {
				s, again = smaller, true
				break
			}
		}
	}
	return s
}

// smaller returns the scenarios that have one thing less.
func (s scenario) smaller() (list []scenario) {
	for i := range s.Triggers {
		c := s
		c.Triggers = slices.Delete(slices.Clone(s.Triggers), i, i+1)
		list = append(list, c)
		for j := range s.Triggers[i].About {
			if len(s.Triggers[i].About) > 1 {
				c := s
				c.Triggers = slices.Clone(s.Triggers)
				c.Triggers[i].About = slices.Delete(slices.Clone(s.Triggers[i].About), j, j+1)
				list = append(list, c)
			}
		}
	}
	for i := range s.Faults {
		c := s
		c.Faults = slices.Delete(slices.Clone(s.Faults), i, i+1)
		list = append(list, c)
	}
	for i := range s.Rules {
		c := s
		c.Rules = slices.Delete(slices.Clone(s.Rules), i, i+1)
		list = append(list, c)
	}
	for i := range s.Connections {
		list = append(list, s.without(i))
	}
	return list
}

// without leaves out a connection, and its mentions in triggers.
func (s scenario) without(connection int) scenario {
	c := s
	c.Connections = slices.Delete(slices.Clone(s.Connections), connection, connection+1)
	c.Triggers = nil
	for _, d := range s.Triggers {
		event := len(d.About) > 0
		about := d.About
		d.About = nil
		for _, i := range about {
			switch {
			case i < connection:
				d.About = append(d.About, i)
			case i > connection:
				d.About = append(d.About, i-1)
			}
		}
		if !event || len(d.About) > 0 {
			c.Triggers = append(c.Triggers, d)
		}
	}
	return c
}

// TestKeptScenarios: each file of testdata/scenarios is a counterexample that was found once, made as small as possible.
// Its name begins with the judge that it defeats: one that is broken on purpose, or the real one as it used to be. The
// real judge now keeps its promises in all of them, and the broken ones do not.
func TestKeptScenarios(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scenarios/*.json")
	if err != nil || len(files) < len(wrecks) {
		t.Fatalf("%d files, %v; want one for each of %d broken judges", len(files), err, len(wrecks))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			var s scenario
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if problems := s.run(t, nil); len(problems) > 0 {
				t.Errorf("the judge: %q", problems)
			}
			name, _, _ := strings.Cut(filepath.Base(file), "-")
			wreck, broken := wrecks[strings.TrimSuffix(name, ".json")]
			if broken && len(s.run(t, wreck)) == 0 {
				t.Errorf("the %s judge is not caught", name)
			}
		})
	}
}

// TestShrink: the properties catch each broken judge within a few hundred seeds, and its scenario shrinks to a few lines.
// If the jitter of pauses decides whether a scenario fails, it does not shrink; then another seed is tried.
func TestShrink(t *testing.T) {
	t.Parallel()
	for name, wreck := range wrecks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails := func(s scenario) bool { return len(s.run(t, wreck)) > 0 }
			for seed := range uint64(500) {
				s := draw(seed)
				if !fails(s) {
					continue
				}
				s = s.shrink(fails)
				if len(s.Connections)+len(s.Triggers)+len(s.Faults) <= 4 {
					t.Logf("seed %d: %s", seed, s)
					return
				}
			}
			t.Error("it is not caught")
		})
	}
}

func (c subject) item(n int) simulator.Item {
	it := request(fmt.Sprintf("pcc-%d", n), c.Requester)
	it.RegionID, it.AcceptingOwnerUID, it.AcceptingRegionID = c.Region, c.Accepter, c.Home
	it.Status, it.ReadyAfter = c.Status, c.Ready
	if c.Managed {
		it.ManagedService = "SWAS"
	}
	return it
}
