package guard_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

// companyStage is a company while it is played.
type companyStage struct {
	company
	*simulator.Cloud
	rules    *policy.Policy
	guards   [instances]*guard.Guard
	clouds   [instances]*acs.Cloud
	memories [instances]*directory.Memory
	wreck    func(guard.Directory) guard.Directory // what the guard sees in place of the directory, if not nil
	sum      *tally

	mu       sync.Mutex
	calls    int
	stays    map[peering.Account][]stay
	failing  []stay // when the directory was out of order; where says how
	problems []string
}

// stay is where an account was from a time on.
type stay struct {
	from  time.Time
	where peering.Path
}

func (c company) play(t *testing.T, wreck func(guard.Directory) guard.Directory, sum *tally) []string {
	t.Helper()
	st := &companyStage{company: c, wreck: wreck, Cloud: newWorld(t, rules).Cloud, sum: sum, stays: map[peering.Account][]stay{}}
	var err error
	if st.rules, err = policy.Load(fstest.MapFS{"p": {Data: []byte(c.policy())}}, "p"); err != nil {
		return []string{err.Error()}
	}
	for i := range instances {
		st.boot(i)
	}
	st.Cloud.Latency = c.Latency
	st.SetDirectory(simulator.Directory{ID: "rd-x", Root: "r-a", Management: chief})
	for i := range c.Extra {
		st.move(peering.Account(fmt.Sprintf("2%015d", i)), "rd-x/r-a/fd-extra")
	}
	st.stays[chief] = []stay{{where: "rd-x/r-a"}} // it is no member, but counts as directly below the root
	for a, home := range c.Homes {
		st.move(a, home)
	}
	for a := range st.stays {
		st.AddRole(simulator.Role{ARN: "acs:ram::" + string(a) + ":role/peerguard", TrustedAccounts: []peering.Account{own}})
	}
	st.Before = st.before
	var wait sync.WaitGroup
	for i, a := range c.Connections {
		if a.Begins == 0 {
			st.Put(a.item(i))
			continue
		}
		wait.Go(func() {
			time.Sleep(a.Begins)
			st.Put(a.item(i))
		})
	}
	for _, h := range c.Happenings {
		if h.Call == 0 {
			wait.Go(func() {
				time.Sleep(h.At)
				st.happen(h)
			})
		}
	}
	for _, v := range c.Visits {
		wait.Go(func() {
			time.Sleep(v.At)
			st.visit(t.Context(), v)
		})
	}
	wait.Wait()
	st.happen(happening{Faults: []string{}})
	time.Sleep(readingLag + time.Minute)
	st.Before = nil
	st.settled(st.visit(t.Context(), visitOf{}))
	return st.problems
}

// boot starts a process that knows nothing.
func (st *companyStage) boot(i int) {
	st.guards[i], st.clouds[i] = guard.New(), acs.New(acs.Config{Transport: st.Cloud})
	st.memories[i] = directory.NewMemory(st.clouds[i])
}

func (a approach) item(n int) simulator.Item {
	it := request(fmt.Sprintf("pcc-%d", n), number(a.From))
	it.AcceptingOwnerUID = number(a.To)
	if a.Active {
		it.Status = peering.Activated
	}
	return it
}

func number(a peering.Account) (n int64) {
	_, _ = fmt.Sscan(string(a), &n)
	return n
}

// before makes happen what happens right before a call.
func (st *companyStage) before(simulator.Call) {
	st.mu.Lock()
	st.calls++
	now := st.calls
	st.mu.Unlock()
	for _, h := range st.Happenings {
		if h.Call == now {
			st.happen(h)
		}
	}
}

func (st *companyStage) happen(h happening) {
	if h.Faults == nil {
		st.move(h.Moves, h.To)
		return
	}
	st.ClearFaults()
	st.mu.Lock()
	st.failing = append(st.failing, stay{time.Now(), peering.Path(strings.Join(h.Faults, " "))})
	st.mu.Unlock()
	for _, text := range h.Faults {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			st.blame("%v", err)
			continue
		}
		st.Inject(fault)
	}
}

func (st *companyStage) move(a peering.Account, to peering.Path) {
	st.mu.Lock()
	st.stays[a] = append(st.stays[a], stay{time.Now(), to})
	st.mu.Unlock()
	if to == peering.Outside {
		st.RemoveMember(a)
		return
	}
	st.PutMember(simulator.Member{Account: a, Path: string(to)})
}

// epoch is when the time of a bubble begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// between returns where an account was between two times.
func (st *companyStage) between(a peering.Account, from, until time.Time) (paths []peering.Path) {
	return span(st.stays[a], from, until)
}

func span(stays []stay, from, until time.Time) (list []peering.Path) {
	for i, s := range stays {
		over := i+1 < len(stays) && stays[i+1].from.Before(from)
		if !over && !s.from.After(until) {
			list = append(list, s.where)
		}
	}
	return list
}

// could reports whether a directory of the time before now would have allowed, or rejected, a connection.
func (st *companyStage) could(allow bool, a approach, lag time.Duration, now time.Time) bool {
	for _, from := range st.between(a.From, now.Add(-lag), now) {
		for _, to := range st.between(a.To, now.Add(-lag), now) {
			if st.allows(a.From, a.To, from, to) == allow {
				return true
			}
		}
	}
	return false
}

func (st *companyStage) blame(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.problems = append(st.problems, fmt.Sprintf(format, args...))
}

// visit invokes the guard.
func (st *companyStage) visit(ctx context.Context, v visitOf) *guard.Report {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	caller := acs.Caller{Account: own, Region: "cn-shanghai", Credentials: peering.NewCredentials("id", "secret", "token")}
	inv := &guard.Invocation{RequestID: "r", Account: own, Region: "cn-shanghai", Policy: st.rules, OnEntry: st.entry}
	inv.Directory = st.memories[v.Instance].Client(caller, directory.Access{ID: "rd-x"})
	if st.wreck != nil {
		inv.Directory = st.wreck(inv.Directory)
	}
	inv.Cloud = vpcpeer.New(st.clouds[v.Instance], caller, inv.Role)
	began := time.Now()
	var report *guard.Report
	if v.Event {
		to := st.Connections[v.About].To
		report = st.guards[v.Instance].Check(ctx, inv, []guard.Hint{{InstanceID: fmt.Sprintf("pcc-%d", v.About), Accepters: []peering.Account{to}, ClientToken: fmt.Sprint("event-", v.About)}})
	} else {
		scope, err := inv.Scope(ctx, nil, nil)
		if err != nil {
			st.blame("%v", err)
		}
		report = st.guards[v.Instance].Sweep(ctx, inv, scope, func(id string) string { return fmt.Sprint("timer-", began.Unix(), "-", id) })
	}
	st.judge(v, report, began)
	return report
}

// entry judges an outcome as it is reported.
func (st *companyStage) entry(e guard.Entry) {
	st.mu.Lock()
	defer st.mu.Unlock()
	var n int
	_, _ = fmt.Sscanf(e.InstanceID, "pcc-%d", &n)
	a, now := st.Connections[n], time.Now()
	wrong := ""
	switch e.Outcome {
	case guard.Rejected, guard.Violation:
		st.sum.rejected++
		if !st.could(false, a, answerLag, now) {
			wrong = "no directory of the last minute rejects it"
		}
	case guard.Allowed:
		st.sum.allowed++
		if !st.could(true, a, readingLag, now) {
			wrong = "no directory of the last five minutes allows it"
		}
	case guard.Failed:
		st.sum.undecided++
		wrong = st.needless(a, e, now)
	case guard.Ignored:
		if e.Reason != "requester and accepter are the same account" && !st.unguarded(a.To, now) {
			wrong = "its accepter has been guarded for minutes"
		}
	default: // the others do not depend on the directory
	}
	if wrong != "" {
		st.problems = append(st.problems, fmt.Sprintf("%s: pcc-%d is %s at %v, rule %s, %s: %+v", wrong, n, e.Outcome, now.Sub(epoch), e.Rule, e.Reason, e.Error))
	}
}

// unguarded reports whether an account was in no guarded folder at some time in the last minutes.
func (st *companyStage) unguarded(a peering.Account, now time.Time) bool {
	return slices.ContainsFunc(st.between(a, now.Add(-readingLag), now), func(p peering.Path) bool { return !st.company.guards(a, p) })
}

// needless returns why an outcome need not have failed, "" if it had to.
func (st *companyStage) needless(a approach, e guard.Entry, now time.Time) string {
	allowed, rejected := false, false
	for _, from := range anywhere() {
		for _, to := range anywhere() {
			if st.allows(a.From, a.To, from, to) {
				allowed = true
			} else {
				rejected = true
			}
		}
	}
	folders := slices.ContainsFunc(st.Guarded, func(f guardedFolder) bool { return f.Except != a.To })
	switch {
	case e.Error.Code == "TooManyRequesters" && st.Cap > 0 && e.Rule == policy.DefaultRule:
		return ""
	case e.Error.Code != "DirectoryUnavailable":
		return "it failed for another reason than the directory"
	case !st.outOfOrder(now):
		return "it failed although the directory has been well for minutes"
	case (!allowed || !rejected) && (a.To == own || !folders):
		return "it failed although nothing hangs on the directory"
	}
	return ""
}

// anywhere returns a path for each set of folders: a policy does not say which of them lie in which.
func anywhere() []peering.Path {
	paths := []peering.Path{"rd-x"}
	for _, f := range folders {
		for _, p := range paths {
			paths = append(paths, p+"/"+peering.Path(f))
		}
	}
	return paths
}

// outOfOrder reports whether the directory failed in the last minutes.
func (st *companyStage) outOfOrder(now time.Time) bool {
	return slices.ContainsFunc(span(st.failing, now.Add(-answerLag), now), func(p peering.Path) bool { return p != "" })
}

// judge compares a report with what it promises.
func (st *companyStage) judge(v visitOf, r *guard.Report, began time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	now := time.Now()
	if !r.Complete {
		st.sum.incomplete++
		if !st.outOfOrder(now) && !tooMany(r) {
			st.problems = append(st.problems, fmt.Sprintf("a sweep is not complete although the directory has been well for minutes: %v", r.Err()))
		}
	}
	if r.Err() != nil {
		return
	}
	for n, a := range st.Connections {
		it, _ := st.Item(fmt.Sprintf("pcc-%d", n))
		if it.Status != peering.Accepting || v.Event && n != v.About || a.From == a.To || epoch.Add(a.Begins).After(began) || st.could(true, a, readingLag, now) || st.unguarded(a.To, now) {
			continue
		}
		if busy := slices.ContainsFunc(r.Partitions, func(p guard.Visit) bool { return p.Busy && p.Account == a.To }); !busy {
			st.problems = append(st.problems, fmt.Sprintf("pcc-%d is pending after an invocation that succeeded: %+v, began %v", n, v, began))
		}
	}
}

// settled judges the last sweep: the directory has been well, and nobody has moved, for minutes.
func (st *companyStage) settled(last *guard.Report) {
	if err := last.Err(); err != nil && !tooMany(last) {
		st.blame("the last sweep: %v", err)
	}
	for n, a := range st.Connections {
		it, _ := st.Item(fmt.Sprintf("pcc-%d", n))
		from, to := st.stays[a.From], st.stays[a.To]
		allowed := st.allows(a.From, a.To, from[len(from)-1].where, to[len(to)-1].where)
		if it.Status == peering.Accepting && !allowed && !tooMany(last) && a.From != a.To && st.company.guards(a.To, to[len(to)-1].where) {
			st.blame("pcc-%d is pending in the end", n)
		}
	}
}

// tooMany reports whether the cap kept a sweep from rejecting.
func tooMany(r *guard.Report) bool {
	return slices.ContainsFunc(r.Errors, func(p guard.Problem) bool { return p.Code == "TooManyRequesters" })
}
