package guard_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

// wrecks are judges that are broken on purpose, each by a cloud that distorts what it sees or does.
var wrecks = map[string]func(guard.Cloud) guard.Cloud{
	"deaf":      func(c guard.Cloud) guard.Cloud { return deaf{c} },
	"hasty":     func(c guard.Cloud) guard.Cloud { return hasty{c} },
	"forgetful": func(c guard.Cloud) guard.Cloud { return forgetful{c} },
	"boastful":  func(c guard.Cloud) guard.Cloud { return obliging{c} },
}

// deaf treats an error of a read as "there is nothing".
type deaf struct{ guard.Cloud }

func (d deaf) Get(ctx context.Context, in peering.Partition, id string) (peering.Connection, error) {
	c, err := d.Cloud.Get(ctx, in, id)
	if err != nil && ctx.Err() == nil {
		err = &peering.Failure{Class: peering.Gone}
	}
	return c, err
}

// hasty treats an error in a list as the end of the list.
type hasty struct{ guard.Cloud }

func (h hasty) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	next := h.Cloud.List(in)
	return func(ctx context.Context) ([]peering.Connection, error) {
		page, err := next(ctx)
		if err != nil {
			return nil, io.EOF
		}
		return page, nil
	}
}

// forgetful makes up a client token for each rejection.
type forgetful struct{ guard.Cloud }

func (f forgetful) Reject(ctx context.Context, in peering.Partition, r peering.Rejection) (string, error) {
	r.ClientToken = fmt.Sprintf("%016x", rand.Uint64())
	return f.Cloud.Reject(ctx, in, r)
}

// fate is what must become of a connection.
type fate int

const (
	spared  fate = iota // never rejected
	doomed              // rejected in the end
	unclear             // never rejected, and reported as failed
)

// fate is worked out from the scenario alone.
func (s scenario) fate(c subject) fate {
	guarded := c.Accepter == 1111111111111111 || c.Accepter == 9999999999999999
	switch {
	case !guarded, c.Requester == c.Accepter, c.Managed:
		return spared
	case slices.Contains([]peering.Status{peering.Rejected, peering.Expired, peering.Deleting}, c.Status):
		return spared
	case c.Requester == 0, c.Status == "Frozen":
		return unclear
	case c.Status != peering.Accepting && c.Status != peering.Creating, s.allows(c):
		return spared
	}
	return doomed
}

func (s scenario) allows(c subject) bool {
	for _, allow := range []bool{false, true} {
		for _, r := range s.Rules {
			if r.Allow == allow && slices.Contains(r.Accounts, c.Requester) && (r.Region == "" || r.Region == c.Region) {
				return allow
			}
		}
	}
	return false
}

// policy writes the rules down as an operator does.
func (s scenario) policy() string {
	mode := map[bool]string{false: "enforce", true: "dry-run"}[s.DryRun]
	text := map[bool]string{}
	for i, r := range s.Rules {
		text[r.Allow] += fmt.Sprintf("\n  - name: rule-%d\n    accounts: [%q]", i, fmt.Sprint(r.Accounts[0]))
		if r.Region != "" {
			text[r.Allow] += "\n    requester_regions: [" + r.Region + "]"
		}
	}
	if text[true] == "" {
		text[true] = " []"
	}
	reject := ""
	if text[false] != "" {
		reject = "reject:" + text[false] + "\n"
	}
	return fmt.Sprintf("version: 1\nmode: %s\nguard:\n  regions: [%s]\n  accounts: [{role: \"acs:ram::9999999999999999:role/peerguard\"}]\n%sallow:%s\n",
		mode, strings.Join(areas, ", "), reject, text[true])
}

// stage is a scenario that is played: the cloud, and two processes of the guard.
type stage struct {
	scenario
	*simulator.Cloud
	rules  *policy.Policy
	guards [instances]*guard.Guard
	clouds [instances]*acs.Cloud
	wreck  func(guard.Cloud) guard.Cloud

	mu       sync.Mutex
	problems []string
}

// play runs a scenario, ends the faults, sweeps once more, and returns which promises were broken.
func play(t *testing.T, s scenario, wreck func(guard.Cloud) guard.Cloud) []string {
	t.Helper()
	st := &stage{scenario: s, Cloud: newWorld(t, rules).Cloud, wreck: wreck}
	var err error
	if st.rules, err = policy.Load(fstest.MapFS{"p": {Data: []byte(s.policy())}}, "p"); err != nil {
		return []string{err.Error()}
	}
	for i := range st.guards {
		st.guards[i], st.clouds[i] = guard.New(), acs.New(acs.Config{Transport: st.Cloud})
	}
	for i, c := range s.Connections {
		st.Put(c.item(i))
		if c.Then != "" {
			st.SetStatusAfter(c.item(i).InstanceID, c.After, c.Then)
		}
	}
	for _, text := range s.Faults {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return []string{err.Error()}
		}
		st.Inject(fault)
	}
	var wait sync.WaitGroup
	for _, d := range s.Triggers {
		wait.Go(func() {
			time.Sleep(d.At)
			st.deliver(t.Context(), d)
		})
	}
	wait.Wait()
	st.ClearFaults()
	time.Sleep(time.Minute) // requests that were being created are ready by now, and no throttle lasts longer
	st.judge(st.deliver(t.Context(), trigger{Number: 999, Deadline: 2 * time.Minute}))
	return st.problems
}

func (st *stage) blame(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.problems = append(st.problems, fmt.Sprintf(format, args...))
}

// deliver runs one invocation and checks its report.
func (st *stage) deliver(ctx context.Context, d trigger) *guard.Report {
	ctx, cancel := context.WithTimeout(ctx, d.Deadline)
	defer cancel()
	caller := acs.Caller{Account: own, Region: areas[0], Credentials: peering.NewCredentials("id", "secret", "token")}
	inv := &guard.Invocation{RequestID: "r", Account: own, Region: areas[0], Policy: st.rules}
	inv.Cloud = vpcpeer.New(st.clouds[d.Instance], caller, inv.Role)
	if st.wreck != nil {
		inv.Cloud = st.wreck(inv.Cloud)
	}
	began := time.Now()
	if len(d.About) == 0 {
		scope, err := inv.Scope(ctx, nil, nil)
		if err != nil {
			st.blame("%v", err)
		}
		report := st.guards[d.Instance].Sweep(ctx, inv, scope, func(id string) string { return sweepToken(d.Number, id) })
		st.check(report, began, d, st.pendingSince(began))
		return report
	}
	hints := make([]guard.Hint, len(d.About))
	for i, n := range d.About {
		accepter := st.Connections[n].Accepter
		if d.Lies {
			accepter = 1111111111111111 + 9999999999999999 - accepter
		}
		hints[i] = guard.Hint{InstanceID: fmt.Sprintf("pcc-%d", n), Accepters: []peering.Account{peering.Account(fmt.Sprint(accepter))}, ClientToken: eventToken(d.Number, n)}
	}
	report := st.guards[d.Instance].Check(ctx, inv, hints)
	if len(report.Connections) != len(hints) {
		st.blame("%d entries for %d hints", len(report.Connections), len(hints))
	}
	about := d.About
	if d.Lies {
		about = nil
	}
	st.check(report, began, d, about)
	return report
}

// eventToken and sweepToken are the client tokens of a trigger's rejections. As in reality, an event is about one connection.
func eventToken(number, connection int) string { return fmt.Sprintf("event-%d-%d", number, connection) }
func sweepToken(number int, id string) string  { return fmt.Sprintf("timer-%d-%s", number, id) }

// pendingSince returns the connections that have been pending since then: a list must have shown them.
func (st *stage) pendingSince(began time.Time) (list []int) {
	for i, c := range st.Connections {
		if c.Status == peering.Accepting || c.Status == peering.Creating && began.Sub(st.epoch()) >= c.Ready {
			list = append(list, i)
		}
	}
	return list
}

// epoch is when a bubble's time begins.
func (st *stage) epoch() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// check compares a report with the truth: success leaves no unknown request pending, and what it reports has happened.
func (st *stage) check(r *guard.Report, began time.Time, d trigger, about []int) {
	if r.Err() == nil && !st.DryRun {
		for _, n := range about {
			if item, ok := st.Item(fmt.Sprintf("pcc-%d", n)); ok && st.fate(st.Connections[n]) == doomed && !st.lied(item, began) && !leftToAnother(r, item) &&
				(item.Status == peering.Accepting || item.Status == peering.Creating) {
				st.blame("P1: %s is %s after success: %+v", item.InstanceID, item.Status, d)
			}
		}
	}
	for _, e := range r.Connections {
		item, _ := st.Item(e.InstanceID)
		if e.Outcome == guard.Rejected && st.effects()[e.InstanceID] == 0 && !st.lied(item, began) {
			st.blame("P1: %s is reported as rejected, and is %s", e.InstanceID, item.Status)
		}
	}
}

// leftToAnother reports whether a sweep left the partition of a connection to another sweep, which answers for it.
func leftToAnother(r *guard.Report, item simulator.Item) bool {
	return slices.ContainsFunc(r.Partitions, func(v guard.Visit) bool {
		return v.Busy && v.Account == item.Accepter() && v.Region == item.AcceptingRegionID
	})
}

// lied reports whether the API said something untrue about a connection that no client can detect: it denied that it
// exists, showed an old state, or acknowledged what it did not do.
func (st *stage) lied(item simulator.Item, since time.Time) bool {
	return slices.ContainsFunc(st.Calls(), func(c simulator.Call) bool {
		switch c.Action {
		case "ListVpcPeerConnections":
			return c.Fault == simulator.StaleRead && !c.Time.Before(since) && c.Account == item.Accepter() && c.Region == item.AcceptingRegionID
		case "GetVpcPeerConnectionAttribute":
			return c.InstanceID == item.InstanceID && (c.Fault == simulator.StaleRead || c.Fault == simulator.Vanished)
		}
		return c.InstanceID == item.InstanceID && c.Fault == simulator.LostUpdate
	})
}

// judge compares all that happened with the promises, after the last sweep.
func (st *stage) judge(last *guard.Report) {
	undecidable := 0
	for i, c := range st.Connections {
		fate := st.fate(c)
		item, there := st.Item(fmt.Sprintf("pcc-%d", i))
		if there && fate == unclear && !item.Status.Closed() {
			undecidable++
		}
		if fate == doomed && !st.DryRun && item.Status == peering.Accepting {
			st.blame("P1: %s is still pending in the end", item.InstanceID)
		}
	}
	if got := last.Counts[guard.Failed]; got != undecidable {
		st.blame("P1: the last sweep failed for %d connections, want %d: %v", got, undecidable, last.Err())
	}
	for _, call := range st.Calls() {
		if call.Action == "RejectVpcPeerConnection" {
			st.rejection(call)
		}
	}
	for id, n := range st.effects() {
		if n > 1 || st.DryRun {
			st.blame("P3: %s was rejected %d times", id, n)
		}
	}
}

// effects counts the rejections of each connection that took place.
func (st *stage) effects() map[string]int {
	effects := map[string]int{}
	for _, call := range st.Calls() {
		if call.Effect {
			effects[call.InstanceID]++
		}
	}
	return effects
}

func (st *stage) rejection(call simulator.Call) {
	var n int
	_, _ = fmt.Sscanf(call.InstanceID, "pcc-%d", &n)
	if st.fate(st.Connections[n]) != doomed {
		st.blame("P2: asked to reject %s: %+v", call.InstanceID, call)
	}
	if st.DryRun != call.DryRun {
		st.blame("the policy's dry run is %t, that of the call %t", st.DryRun, call.DryRun)
	}
	for _, d := range append(st.Triggers, trigger{Number: 999}) {
		token := sweepToken(d.Number, call.InstanceID)
		if slices.Contains(d.About, n) {
			token = eventToken(d.Number, n)
		}
		if st.DryRun {
			token = hash("dry-run\n" + token)
		}
		if call.ClientToken == token || call.ClientToken == hash(token+"\n"+call.InstanceID) {
			return
		}
	}
	if !st.isThird(call) {
		st.blame("P3: no trigger explains the client token: %+v", call)
	}
}

// isThird reports whether a call has the form of the random token that is sent after two others of the connection were taken.
func (st *stage) isThird(call simulator.Call) bool {
	taken := map[string]bool{}
	for _, c := range st.Calls() {
		if c.InstanceID == call.InstanceID && strings.HasPrefix(c.Outcome, "Idempoten") && c.ClientToken != call.ClientToken {
			taken[c.ClientToken] = true
		}
	}
	return len(taken) >= 2 && regexp.MustCompile("^[0-9a-f]{64}$").MatchString(call.ClientToken)
}
