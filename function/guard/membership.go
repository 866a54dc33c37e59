package guard

import (
	"context"
	"sync"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Directory is what the guard needs from the resource directory and from the list of regions. Implementations are safe for
// concurrent use and remember answers from one invocation to the next. Every error is a *peering.Failure, and means that nobody
// knows.
type Directory interface {
	// Reading returns the whole directory as it was at most age ago. With an error it returns the latest reading, however old,
	// or nil if there never was one.
	Reading(ctx context.Context, age time.Duration) (*peering.Reading, error)
	// Path asks the directory where one account is now. peering.Outside means that it has proven not to be a member.
	Path(ctx context.Context, account peering.Account) (peering.Path, error)
	// Regions returns the regions that there are. With an error it returns those of the latest answer, or none.
	Regions(ctx context.Context) ([]string, error)
}

// How old a reading may be, and how long it is waited for while nothing hangs on it yet.
const (
	memberAge = 5 * time.Minute  // that says that an account is a member
	sweepAge  = time.Minute      // that a sweep takes its accounts from
	glance    = 5 * time.Second  // and then work goes on without it
	respite   = 30 * time.Second // for which it goes on without it
)

// membership is what an invocation knows of where accounts are. It is safe for concurrent use.
type membership struct {
	mu     sync.Mutex
	latest *peering.Reading                 // however old
	failed time.Time                        // when there was no fresh one
	asked  map[peering.Account]peering.Path // accounts that were asked for alone, and are in a guarded folder
}

// path returns where an account was when the directory was asked last.
func (m *membership) path(a peering.Account) peering.Path {
	m.mu.Lock()
	defer m.mu.Unlock()
	if path, ok := m.asked[a]; ok {
		return path
	}
	if m.latest == nil {
		return ""
	}
	return m.latest.Path(a)
}

// organisation returns what the report says of the latest reading, nil if there is none.
func (m *membership) organisation() *Organisation {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest == nil {
		return nil
	}
	return &Organisation{ID: m.latest.ID, Members: m.latest.Size(), AsOf: m.latest.AsOf.UTC().Truncate(time.Second)}
}

// take keeps a reading, and notes whether asking for it failed.
func (m *membership) take(latest *peering.Reading, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if latest != nil {
		m.latest = latest
	}
	if err != nil {
		m.failed = time.Now()
	}
}

// fresh returns a reading that still says who is a member, or nil. There is no point in asking if asking has just failed.
func (m *membership) fresh() (fresh *peering.Reading, ask bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest != nil && time.Since(m.latest.AsOf) <= memberAge {
		return m.latest, false
	}
	return nil, time.Since(m.failed) > respite
}

func (m *membership) note(a peering.Account, path peering.Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked == nil {
		m.asked = map[peering.Account]peering.Path{}
	}
	m.asked[a] = path
}

// hasFolders reports whether a policy names folders, in its rules or in what it guards.
func hasFolders(rules *policy.Policy) bool {
	return rules.NamesFolders() || len(rules.Guard.Folders) > 0
}

// read reads the directory.
func (inv *Invocation) read(ctx context.Context, age time.Duration) (*peering.Reading, error) {
	reading, err := inv.Directory.Reading(ctx, age)
	inv.membership.take(reading, err)
	return reading, err
}

// members returns a reading that says who is a member, or nil if there is none now.
func (inv *Invocation) members(ctx context.Context, rules *policy.Policy) *peering.Reading {
	if !hasFolders(rules) || inv.elsewhere(rules) != nil {
		return nil
	}
	reading, ask := inv.membership.fresh()
	if !ask {
		return reading
	}
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	reading, err := inv.read(ctx, memberAge)
	if err != nil {
		return nil // whatever hangs on it asks again, and reports the error
	}
	return reading
}

// elsewhere returns a failure if a policy is about another directory than the one that the invocation asks.
func (inv *Invocation) elsewhere(rules *policy.Policy) error {
	if inv.Policy.Directory != nil && *rules.Directory == *inv.Policy.Directory {
		return nil
	}
	return &peering.Failure{Code: codeDirectory, Message: "the policy names another directory since it changed: the next invocation reads it", Retryable: true}
}

// place says where both accounts of a connection are, if a reading tells.
func (inv *Invocation) place(ctx context.Context, rules *policy.Policy, c *peering.Connection) {
	if members := inv.members(ctx, rules); members != nil {
		c.Requester.Path, c.Accepter.Path = members.Path(c.Requester.Account), members.Path(c.Accepter.Account)
	}
}

// ask asks the directory where one account is now.
func (inv *Invocation) ask(ctx context.Context, rules *policy.Policy, a peering.Account) (peering.Path, error) {
	err := inv.elsewhere(rules)
	var path peering.Path
	if err == nil {
		path, err = inv.Directory.Path(ctx, a)
	}
	if err != nil {
		return "", unavailable(codeDirectory, err)
	}
	return path, nil
}

// unavailable returns why something hangs on the directory or on the regions, which could not be read. It keeps the code of
// what went wrong in the message.
func unavailable(code string, err error) *peering.Failure {
	f := *failure(err)
	if f.Code != code {
		f.Code, f.Message = code, f.Error()
	}
	f.RequestID = ""
	return &f
}

// Role returns the role through which an account is guarded, as far as the invocation knows where it is; false if it is guarded
// through none.
func (inv *Invocation) Role(a peering.Account) (peering.Role, bool) {
	return inv.Policy.Guard.Role(a, inv.membership.path(a))
}

// guards reports whether a policy guards an account, as far as the invocation knows where it is.
func (inv *Invocation) guards(rules *policy.Policy, a peering.Account) bool {
	if a == inv.Account {
		return true
	}
	_, member := rules.Guard.Role(a, inv.membership.path(a))
	return member
}

// guarded reports whether a policy guards an account. That it is in no guarded folder is asked for, and with an error nobody
// knows.
func (inv *Invocation) guarded(ctx context.Context, rules *policy.Policy, a peering.Account) (bool, error) {
	if inv.guards(rules, a) || !a.Known() || !rules.Guard.MayGuard(a, "") {
		return inv.guards(rules, a), nil
	}
	inv.members(ctx, rules)
	if inv.guards(rules, a) {
		return true, nil
	}
	path, err := inv.ask(ctx, rules, a)
	if err != nil {
		return false, err
	}
	if rules.Guard.MayGuard(a, path) {
		inv.membership.note(a, path)
	}
	return inv.guards(rules, a), nil
}

// proven returns the connection with the paths on which its verdict hangs, as the directory answers for each account alone.
// If the verdict hangs on an account for which there is no answer, proven returns why. A list never makes a stranger of a
// member, and one that is minutes old does not say in which folder a member is now.
func (inv *Invocation) proven(ctx context.Context, rules *policy.Policy, c *peering.Connection, at time.Time) (peering.Connection, error) {
	known := withoutPaths(c)
	var failed error
	for range 2 { // one answer can make the other one matter
		for _, side := range []*peering.Side{&known.Requester, &known.Accepter} {
			if side.Path.Known() || !hangsOn(rules.Decide(&known, at), side == &known.Requester) {
				continue
			}
			path, err := inv.ask(ctx, rules, side.Account)
			side.Path = path
			if err != nil {
				failed = err
			}
		}
	}
	if hangs(rules.Decide(&known, at)) {
		return *c, failed
	}
	if !known.Requester.Path.Known() {
		known.Requester.Path = c.Requester.Path
	}
	if !known.Accepter.Path.Known() {
		known.Accepter.Path = c.Accepter.Path
	}
	return known, nil
}

// withoutPaths returns a connection of which it is not known where its accounts are.
func withoutPaths(c *peering.Connection) peering.Connection {
	blank := *c
	blank.Requester.Path, blank.Accepter.Path = "", ""
	return blank
}

// hangs reports whether an undecided verdict hangs on where an account is.
func hangs(d policy.Decision) bool { return hangsOn(d, true) || hangsOn(d, false) }

// hangsOn reports whether an undecided verdict hangs on where the requester, or else the accepter, is.
func hangsOn(d policy.Decision, onRequester bool) bool {
	requester, accepter := d.HangsOnMembership()
	return onRequester && requester || !onRequester && accepter
}
