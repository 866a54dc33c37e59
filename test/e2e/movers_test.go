package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// The directory of a chaos run. Every sound policy allows who is in fd-ours, and rejects who is in fd-quarantine below it.
const (
	inOurs       = "rd-3G0000/r-AAAAAA/fd-division0/fd-ours"
	inQuarantine = inOurs + "/fd-quarantine"
	inOthers     = "rd-3G0000/r-AAAAAA/fd-others"
	inGuarded    = "rd-3G0000/r-AAAAAA/fd-guarded"

	movers     = 300 // accounts that join, leave or move
	settled    = 20  // accounts that stay in fd-ours; as many in fd-quarantine, and in fd-others
	hollow     = 9990000000000099
	librarian  = "acs:ram::5000000000000300:role/peerguard-directory"
	memberFor  = 5 * time.Minute // an account may be taken for a member of a folder that it has left
	strangeFor = time.Minute     // an account may be taken for one that is not in a folder that it has joined
	moveLag    = 30 * time.Second
)

// mover is the n-th account that moves; half of them are in fd-ours in the beginning.
func mover(n int) int64 { return 5000000000001000 + int64(n) }

// move puts an account somewhere else in the directory.
type move struct {
	Account int64
	Path    peering.Path
}

// organisation is the directory of a chaos run in the beginning.
func organisation() simulator.Directory {
	d := simulator.Directory{ID: "rd-3G0000", Root: "r-AAAAAA", Management: accountOf(management), Administrators: []peering.Account{own}}
	add := func(account int64, path peering.Path) {
		if path != peering.Outside {
			d.Members = append(d.Members, simulator.Member{Account: accountOf(account), Path: string(path)})
		}
	}
	add(ownNumber, "rd-3G0000/r-AAAAAA/fd-security")
	for n := range members {
		add(memberAccount(n), peering.Path(inGuarded+[]string{"", "/fd-deep"}[n%2]))
	}
	for n := range settled {
		add(colleague(n), peering.Path(inOurs+[]string{"", "/fd-team"}[n%2]))
		add(colleague(settled+n), inQuarantine)
		add(colleague(2*settled+n), inOthers)
	}
	for n := range movers {
		add(mover(n), firstHome(n))
	}
	return d
}

func firstHome(n int) peering.Path {
	return []peering.Path{inOurs, peering.Outside, inOurs + "/fd-team", inOthers, inOurs, inQuarantine}[n%6]
}

// welcome reports whether the sound policies allow requests of an account there.
func welcome(path peering.Path) bool { return path.In("fd-ours") && !path.In("fd-quarantine") }

// move draws the next move. Every account has its turn before one moves for the second time, so that it is clear for minutes
// what must become of its requests.
func (p *plan) move() *move {
	n := p.moves % movers
	inside := welcome(firstHome(n)) == (p.moves/movers%2 == 0)
	p.moves++
	to := []peering.Path{inOurs, inOurs + "/fd-team"}
	if inside {
		to = []peering.Path{peering.Outside, inOthers, inQuarantine}
	}
	return &move{mover(n), to[p.random.IntN(len(to))]}
}

// misread makes the directory fail for a few calls, in one of the ways that are special to it or common to all.
func (p *plan) misread() *simulator.Fault {
	r := p.random
	kinds := []simulator.Kind{
		simulator.EarlyEnd, simulator.MovingTotal, simulator.Overlap, simulator.EndlessPages, simulator.Throttle, simulator.InternalError,
		simulator.Forbidden, simulator.Truncated, simulator.MissingKeys,
	}
	f := &simulator.Fault{Kind: kinds[r.IntN(len(kinds))], Count: 1 + r.IntN(6)}
	f.Action = []string{"ListAccounts", "ListAccounts", "GetAccount", "GetResourceDirectory"}[r.IntN(4)]
	if f.Kind == simulator.MissingKeys {
		f.Keys = []string{"TotalCount", "ResourceDirectoryPath", "AccountId", "MasterAccountId"}[r.IntN(4)]
	}
	return f
}

// visitor is an account without a role that is in the guarded folder every other time.
func (p *plan) visitor() *move {
	p.visits++
	return &move{hollow, []peering.Path{peering.Outside, inGuarded}[p.visits%2]}
}

// carry moves an account, and tells the checker.
func (r *run) carry(m *move) {
	account := accountOf(m.Account)
	r.checker.moves(account, m.Path, func() {
		if m.Path == peering.Outside {
			r.cloud.RemoveMember(account)
			return
		}
		r.cloud.PutMember(simulator.Member{Account: account, Path: string(m.Path)})
	})
}

// stay is a time that an account spent in a place.
type stay struct {
	from, until time.Time // until is zero while it is there
	welcome     bool
}

// moves notes a move of an account while it is carried out.
func (c *checker) moves(account peering.Account, to peering.Path, carryOut func()) {
	c.mu.Lock()
	c.stays[account] = append(c.stays[account], stay{from: time.Now(), welcome: welcome(to)})
	c.mu.Unlock()
	carryOut()
	c.mu.Lock()
	defer c.mu.Unlock()
	if list := c.stays[account]; len(list) > 1 {
		list[len(list)-2].until = time.Now()
	}
}

// was reports whether an account was welcome, or was not, at some time that may count at another. The caller holds the lock.
func (c *checker) was(welcome bool, account peering.Account, at time.Time) bool {
	lag := moveLag + strangeFor
	if welcome {
		lag = moveLag + memberFor
	}
	return slices.ContainsFunc(c.stays[account], func(s stay) bool {
		return s.welcome == welcome && !s.from.After(at) && (s.until.IsZero() || s.until.After(at.Add(-lag)))
	})
}

// folderRules are what a sound policy says of the directory, in one of many forms, and which accounts it guards.
func folderRules(r *rand.Rand) (directory, guarded, rejected, allowed string) {
	directory = "directory:\n  id: rd-3G0000\n"
	if r.IntN(3) == 0 {
		directory += "  role: " + librarian + "\n"
	}
	guarded = "  accounts:\n"
	switch r.IntN(3) {
	case 0:
		guarded += "    - folder: fd-guarded\n      role_name: peerguard\n"
	case 1:
		guarded += fmt.Sprintf("    - {folder: fd-guarded, role_name: peerguard, except: [\"%d\"]}\n    - role: %s\n", int64(hollow), roleOf(memberAccount(0)))
	default:
		for n := range members {
			guarded += fmt.Sprintf("    - role: %s\n", roleOf(memberAccount(n)))
		}
	}
	ours := []string{"fd-ours", "fd-nobody", "fd-elsewhere"}[:1+r.IntN(3)]
	rejected = "  - name: quarantine\n    requester_folders: [fd-quarantine]\n"
	allowed = "  - name: ours\n    requester_folders: [" + strings.Join(ours, ", ") + "]\n"
	if r.IntN(4) == 0 {
		allowed += "    accepter_folders: [r-AAAAAA]\n"
	}
	return directory, guarded, rejected, allowed
}
