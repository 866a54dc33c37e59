package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// checker judges a run. It knows what must become of each connection, sees every call that the cloud records, and is told
// of every answer. It derives client tokens by itself, from the contract and not with the code under test.
type checker struct {
	cloud *simulator.Cloud

	mu       sync.Mutex // never held while the cloud is asked: the cloud records calls with its own lock held
	subjects map[string]*subject
	open     map[peering.Partition]map[string]bool // doomed or moving, and not rejected yet
	stale    map[peering.Partition]time.Time       // when a list was last shown as it was before
	stays    map[peering.Account][]stay            // of who moves
	sweeps   []*attempt                            // that run, or ended a short while ago
	unsound  []interval                            // when the policy on disk was not one that anybody meant
	pardon   time.Time                             // when the policy on disk began to allow what is pardoned; zero: it does not yet
	suspects []suspect
	score    score
	problems []string
}

// subject is what the checker knows of one connection.
type subject struct {
	fate    fate
	by      peering.Account   // the requester
	home    peering.Partition // of the accepter
	tokens  map[string]bool   // that may reject it, besides those of sweeps
	sent    map[string]bool   // tokens of all calls; a call that is repeated is not judged again
	refused map[string]bool   // tokens that the API refused because they had been used with other parameters
	random  int               // random tokens that may still reject it
	effects int
	lied    bool // the API denied it, showed it as it was before, or acknowledged what it did not do
}

type interval struct{ from, until time.Time }

// suspect is a rejection or a verdict that must not be, unless the policy on disk was not one that anybody meant.
type suspect struct {
	at   time.Time
	lost bool // somebody was allowed; else somebody was rejected
	what string
}

// grace is how long a call may lag after the platform gives up on its invocation.
const grace = 20 * time.Second

// editLag is how long an edit of the policy may take to have an effect: it must be seen, read twice, and overtake the calls
// that are on their way.
const editLag = 3 * time.Second

func newChecker(cloud *simulator.Cloud) *checker {
	c := &checker{
		cloud:    cloud,
		subjects: map[string]*subject{},
		open:     map[peering.Partition]map[string]bool{},
		stale:    map[peering.Partition]time.Time{},
		stays:    map[peering.Account][]stay{},
	}
	for n := range movers {
		c.stays[accountOf(mover(n))] = []stay{{welcome: welcome(firstHome(n))}}
	}
	cloud.Record = c.record
	return c
}

// expect notes a connection that is about to appear.
func (c *checker) expect(n *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.score.connections++
	home := homeOf(&n.Item)
	c.subjects[n.Item.InstanceID] = &subject{fate: n.Fate, by: n.Item.Requester(), home: home, tokens: map[string]bool{}, sent: map[string]bool{}, refused: map[string]bool{}}
	if n.Fate == doomed || n.Fate == moving {
		if c.open[home] == nil {
			c.open[home] = map[string]bool{}
		}
		c.open[home][n.Item.InstanceID] = true
	}
}

// record sees each call as it ends.
func (c *checker) record(call simulator.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.score.calls++
	if call.Fault != "" {
		c.score.faults++
	}
	s := c.subjects[call.InstanceID]
	switch call.Action {
	case "ListVpcPeerConnections":
		if call.Fault == simulator.StaleRead {
			c.stale[peering.Partition{Account: call.Account, Region: call.Region}] = call.Time
		}
	case "GetVpcPeerConnectionAttribute":
		if s != nil && (call.Fault == simulator.StaleRead || call.Fault == simulator.Vanished) {
			s.lied = true
		}
	case "RejectVpcPeerConnection":
		if s == nil {
			c.blame(&c.score.wrong, "a rejection of %q, which never existed", call.InstanceID)
			return
		}
		c.rejection(s, call)
	}
}

func (c *checker) rejection(s *subject, call simulator.Call) {
	s.lied = s.lied || call.Fault == simulator.LostUpdate
	switch {
	case s.fate == doomed, s.fate == moving && c.was(false, s.by, call.Time):
	case s.fate == pardoned && (c.pardon.IsZero() || call.Time.Before(c.pardon.Add(editLag)) || s.sent[call.ClientToken]):
	default:
		c.suspects = append(c.suspects, suspect{at: call.Time, what: fmt.Sprintf("%s must never be rejected: %+v", call.InstanceID, call)})
	}
	s.sent[call.ClientToken] = true
	if !c.explains(s, call) {
		c.blame(&c.score.twice, "%s: no event and no timer explains the client token: %+v", call.InstanceID, call)
	}
	if call.Outcome == "IdempotentParameterMismatch" {
		s.refuse(call.InstanceID, call.ClientToken)
	}
	if call.Effect {
		s.effects++
		delete(c.open[s.home], call.InstanceID)
	}
	if s.effects > 1 {
		c.blame(&c.score.twice, "%s was rejected %d times", call.InstanceID, s.effects)
	}
}

// excused reports whether the policy on disk was not one that anybody meant, then or shortly before.
func (c *checker) excused(at time.Time) bool {
	for _, i := range c.unsound {
		if at.After(i.from) && at.Before(i.until.Add(grace)) {
			return true
		}
	}
	return false
}

var unresolved = regexp.MustCompile(`^([0-9]+) of [0-9]+ connections unresolved`)

// settle judges the end of the run, after the faults have ended and a last sweep has answered.
func (c *checker) settle(last platform.Result) {
	items := c.cloud.Items()
	c.mu.Lock()
	defer c.mu.Unlock()
	undecidable := 0
	for i := range items {
		s := c.subjects[items[i].InstanceID]
		switch {
		case s.fate == unclear:
			undecidable++
		case pending(items[i]) && (s.fate == doomed || s.fate == moving && !c.was(true, s.by, time.Now())):
			c.blame(&c.score.lost, "%s is %s in the end", items[i].InstanceID, items[i].Status)
		}
	}
	c.suspects = slices.DeleteFunc(c.suspects, func(s suspect) bool { return c.excused(s.at) })
	for _, s := range c.suspects {
		c.blame(new(int), "%s", s.what)
	}
	want := fmt.Sprint(undecidable)
	if told := unresolved.FindStringSubmatch(last.ErrorMessage); undecidable > 0 && (len(told) != 2 || told[1] != want) {
		c.blame(&c.score.lost, "%s connections cannot be judged, and the last sweep must name all of them: ok %t, %v, %.300s", want, last.OK, last.Err, last.ErrorMessage)
	}
}

// homeOf returns the partition in which a connection is judged.
func homeOf(it *simulator.Item) peering.Partition {
	return peering.Partition{Account: it.Accepter(), Region: it.AcceptingRegionID}
}

func pending(it simulator.Item) bool {
	return it.Status == peering.Accepting || it.Status == peering.Creating
}

// printed looks for secrets in what a process has printed, and for the traces of a crash.
func (c *checker) printed(output string) {
	if found := leaks(output); found != nil {
		c.complain(func(s *score) *int { return &s.leaks }, "a process printed %v", found)
	}
	for _, trace := range []string{"panic:", "fatal error:", "goroutine "} {
		if at := strings.Index(output, trace); at >= 0 {
			c.complain(func(s *score) *int { return &s.crashes }, "a process printed %.500q", output[at:])
		}
	}
}

// leaks names the secrets of the run that a text holds: those of the platform, those of assumed roles, and signatures.
func leaks(text string) []string {
	found := platform.Leaks(text)
	for _, part := range []string{"STS.Simulated", "SimulatedSecret", "SimulatedToken", "Signature=", "SecurityToken="} {
		if strings.Contains(text, part) {
			found = append(found, part)
		}
	}
	return found
}
