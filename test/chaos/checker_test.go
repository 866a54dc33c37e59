package chaos_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// checker judges a run. It knows what each connection's fate has to be, sees every call that the cloud records, and is
// told of every answer. What it knows of client tokens it works out itself.
type checker struct {
	cloud *simulator.Cloud

	mu       sync.Mutex // never held while the cloud is asked: the cloud records calls with its own lock held
	files    map[string]*file
	open     map[peering.Partition]map[string]bool // doomed, and not rejected yet
	stale    map[peering.Partition]time.Time       // when a list was last shown as it was before
	sweeps   []*sweepWatch
	unsound  []interval // when the policy on disk was not what anybody meant
	suspects []suspect
	score    score
	problems []string
}

// score is what a run comes to.
type score struct {
	connections, calls, faults, kills, stops, edits, deliveries, told int

	lost, wrong, twice, leaks, crashes int
}

// file is what is known of one connection.
type file struct {
	fate    fate
	home    peering.Partition // of the accepter
	tokens  map[string]bool   // that events about it explain
	effects int
	lied    bool // the API denied it, showed it as it was before, or acknowledged what it did not do
}

// sweepWatch is one timer event, from its first delivery to the end of its last.
type sweepWatch struct {
	*sweep
	running int
	until   time.Time // zero while it runs
}

type interval struct{ from, until time.Time }

// suspect is a rejection that must not be, unless the policy on disk was not what anybody meant.
type suspect struct {
	at   time.Time
	what string
}

// grace is how long a call may lag behind the platform's giving up on its invocation.
const grace = 20 * time.Second

func newChecker(cloud *simulator.Cloud) *checker {
	c := &checker{
		cloud: cloud,
		files: map[string]*file{},
		open:  map[peering.Partition]map[string]bool{},
		stale: map[peering.Partition]time.Time{},
	}
	cloud.Record = c.record
	return c
}

// expect notes a connection that is about to appear.
func (c *checker) expect(n *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.score.connections++
	home := peering.Partition{Account: n.Item.Accepter(), Region: n.Item.AcceptingRegionID}
	c.files[n.Item.InstanceID] = &file{fate: n.Fate, home: home, tokens: map[string]bool{}}
	if n.Fate == doomed {
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
	f := c.files[call.InstanceID]
	switch call.Action {
	case "ListVpcPeerConnections":
		if call.Fault == simulator.StaleRead {
			c.stale[peering.Partition{Account: call.Account, Region: call.Region}] = call.Time
		}
	case "GetVpcPeerConnectionAttribute":
		if f != nil && (call.Fault == simulator.StaleRead || call.Fault == simulator.Vanished) {
			f.lied = true
		}
	case "RejectVpcPeerConnection":
		if f == nil {
			c.blame(&c.score.wrong, "a rejection of %q, which never was", call.InstanceID)
			return
		}
		c.rejection(f, call)
	}
}

func (c *checker) rejection(f *file, call simulator.Call) {
	f.lied = f.lied || call.Fault == simulator.LostUpdate
	if f.fate != doomed {
		c.suspects = append(c.suspects, suspect{call.Time, fmt.Sprintf("%s must never be rejected: %+v", call.InstanceID, call)})
	}
	if !f.tokens[call.ClientToken] && !c.sweepExplains(call) {
		c.blame(&c.score.twice, "%s: no event and no timer explains the client token: %+v", call.InstanceID, call)
	}
	if call.Effect {
		f.effects++
		delete(c.open[f.home], call.InstanceID)
	}
	if f.effects > 1 {
		c.blame(&c.score.twice, "%s was rejected %d times", call.InstanceID, f.effects)
	}
}

// excused tells whether the policy on disk was not what anybody meant, then or shortly before.
func (c *checker) excused(at time.Time) bool {
	for _, i := range c.unsound {
		if at.After(i.from) && at.Before(i.until.Add(grace)) {
			return true
		}
	}
	return false
}

func (c *checker) sweepExplains(call simulator.Call) bool {
	for _, s := range c.sweeps {
		alive := s.running > 0 || call.Time.Before(s.until.Add(grace))
		if alive && explained(digest("sweep\n"+s.TriggerTime+"\n"+call.InstanceID), call.InstanceID)[call.ClientToken] {
			return true
		}
	}
	return false
}

// explained are the tokens that a rejection may carry on behalf of an event or a timer: that of the trigger, that of its
// dry run, and what stands for either when it was taken.
func explained(token, id string) map[string]bool {
	dry := digest("dry-run\n" + token)
	return map[string]bool{token: true, dry: true, digest(token + "\n" + id): true, digest(dry + "\n" + id): true}
}

var plainToken = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

func eventToken(id string) string {
	if plainToken.MatchString(id) {
		return id
	}
	return digest(id)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// attempt is one delivery under way, as the checker sees it.
type attempt struct {
	delivery
	began   time.Time
	pending []string // doomed connections in the sweep's scope that were pending when it began
	watch   *sweepWatch
}

// begin notes an attempt, and the client tokens that it explains.
func (c *checker) begin(d delivery) *attempt {
	a := &attempt{delivery: d}
	c.mu.Lock()
	c.score.deliveries++
	for _, e := range d.Events {
		if f := c.files[e.About]; f != nil {
			for token := range explained(eventToken(e.ID), e.About) {
				f.tokens[token] = true
			}
		}
	}
	var candidates []string
	if d.Sweep != nil {
		a.watch = c.watch(d.Sweep)
		for _, in := range d.Sweep.Scope {
			for id := range c.open[in] {
				candidates = append(candidates, id)
			}
		}
	}
	c.mu.Unlock()
	for _, id := range candidates {
		if item, ok := c.cloud.Item(id); ok && item.Status == peering.Accepting {
			a.pending = append(a.pending, id)
		}
	}
	a.began = time.Now()
	return a
}

func (c *checker) watch(s *sweep) *sweepWatch {
	kept := c.sweeps[:0]
	var found *sweepWatch
	for _, w := range c.sweeps {
		if w.running > 0 || time.Since(w.until) < 2*grace {
			kept = append(kept, w)
		}
		if w.sweep == s {
			found = w
		}
	}
	c.sweeps = kept
	if found == nil || found.running == 0 {
		found = &sweepWatch{sweep: s}
		c.sweeps = append(c.sweeps, found)
	}
	found.running++
	return found
}

// end judges the answer of an attempt.
func (c *checker) end(a *attempt, r platform.Result) {
	if leaks := leaks(string(r.Body) + r.ErrorMessage); leaks != nil {
		c.complain(func(s *score) *int { return &s.leaks }, "the answer of an invocation holds %v", leaks)
	}
	if a.watch != nil {
		c.mu.Lock()
		a.watch.running--
		a.watch.until = time.Now()
		c.mu.Unlock()
	}
	if !r.OK {
		return // the platform knows, and tries again or tells somebody
	}
	var report guard.Report
	if err := json.Unmarshal(r.Body, &report); err != nil || a.Bad {
		c.complain(func(s *score) *int { return &s.lost }, "a success that is none: %.200q for %.200q", r.Body, a.Payload)
		return
	}
	if report.Mode != policy.Enforce {
		return
	}
	left := a.pending
	for _, e := range a.Events {
		if e.Honest {
			left = append(left, e.About)
		}
	}
	for _, id := range left {
		c.acknowledged(a, id, r)
	}
}

// acknowledged checks that an invocation that succeeded left no unknown request behind, unless the API lied to it.
func (c *checker) acknowledged(a *attempt, id string, r platform.Result) {
	item, there := c.cloud.Item(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.files[id]
	pending := item.Status == peering.Accepting || item.Status == peering.Creating
	if !there || !pending || f.fate != doomed || f.lied || a.Sweep != nil && c.stale[f.home].After(a.began) {
		return
	}
	c.blame(&c.score.lost, "%s is %s after an invocation that succeeded: %.300q answered %.300q", id, item.Status, a.Payload, r.Body)
}

// giveUp notes a delivery that failed for good: it is at the platform's destination for such.
func (c *checker) giveUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.score.told++
}

var unresolved = regexp.MustCompile(`^([0-9]+) of [0-9]+ connections unresolved`)

// settle judges the end of the run, after faults have ended and a last sweep has answered.
func (c *checker) settle(last platform.Result) {
	items := c.cloud.Items()
	c.mu.Lock()
	defer c.mu.Unlock()
	undecidable := 0
	for i := range items {
		f := c.files[items[i].InstanceID]
		switch pending := items[i].Status == peering.Accepting || items[i].Status == peering.Creating; {
		case f.fate == unclear:
			undecidable++
		case f.fate == doomed && pending:
			c.blame(&c.score.lost, "%s is %s in the end", items[i].InstanceID, items[i].Status)
		}
	}
	c.suspects = slices.DeleteFunc(c.suspects, func(s suspect) bool { return c.excused(s.at) })
	for _, s := range c.suspects {
		c.blame(new(int), "%s", s.what)
	}
	want := fmt.Sprint(undecidable)
	if told := unresolved.FindStringSubmatch(last.ErrorMessage); undecidable > 0 && (len(told) != 2 || told[1] != want) {
		c.blame(&c.score.lost, "%s connections that nobody can judge are not all told of: ok %t, %v, %.300s", want, last.OK, last.Err, last.ErrorMessage)
	}
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

func (c *checker) crashed(how string) {
	c.complain(func(s *score) *int { return &s.crashes }, "%s", how)
}

// leaks names what of the run's secrets a text holds: those of the platform, those of assumed roles, and signatures.
func leaks(text string) []string {
	found := platform.Leaks(text)
	for _, part := range []string{"STS.Simulated", "SimulatedSecret", "SimulatedToken", "Signature=", "SecurityToken="} {
		if strings.Contains(text, part) {
			found = append(found, part)
		}
	}
	return found
}

func (c *checker) complain(of func(*score) *int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blame(of(&c.score), format, args...)
}

// blame counts a problem and keeps the first few. The lock is held.
func (c *checker) blame(counter *int, format string, args ...any) {
	*counter++
	if len(c.problems) < 20 {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

// soFar is the score as it stands. Before the end, a rejection may yet turn out to be excused.
func (c *checker) soFar() score {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.score
	s.wrong += len(c.suspects)
	return s
}

// note changes the score under the lock.
func (c *checker) note(change func(*score)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.score)
}
