package guard_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// company is a directory, a policy that names its folders, and what happens in some minutes: members join, move and leave, the
// directory fails, connections are requested, and the guard is invoked.
type company struct { //nolint:recvcheck // what draws it changes it, what plays it does not
	Latency     time.Duration
	Cap         int                              `json:",omitempty"` // of requesters that only the default rejects
	Extra       int                              // members that have nothing to do with the connections, so that a list has several pages
	Homes       map[peering.Account]peering.Path `json:",omitempty"` // where accounts are in the beginning
	Guarded     []guardedFolder                  `json:",omitempty"`
	Rules       []folderRule                     `json:",omitempty"`
	Connections []approach                       `json:",omitempty"`
	Happenings  []happening                      `json:",omitempty"`
	Visits      []visitOf                        `json:",omitempty"`
}

type guardedFolder struct {
	Folder string
	Except peering.Account `json:",omitempty"`
}

// folderRule is a rule of the policy. What is empty does not restrict it.
type folderRule struct {
	Allow      bool            `json:",omitempty"`
	Account    peering.Account `json:",omitempty"` // of the requester
	Requesters string          `json:",omitempty"` // their folder
	Accepters  string          `json:",omitempty"` // their folder
	Accepter   peering.Account `json:",omitempty"`
}

// approach is a connection.
type approach struct {
	From, To peering.Account
	Active   bool          `json:",omitempty"`
	Begins   time.Duration `json:",omitempty"` // when it is requested
}

// happening is a move of an account, or the beginning or the end of an outage. It happens at a time, or right before a call.
type happening struct {
	At     time.Duration   `json:",omitempty"`
	Call   int             `json:",omitempty"` // counted from the first one of the run
	Moves  peering.Account `json:",omitempty"`
	To     peering.Path    `json:",omitempty"` // peering.Outside: leaves
	Faults []string        `json:",omitempty"` // of the directory, from now on
}

// visitOf is an event about a connection, or a sweep.
type visitOf struct {
	At       time.Duration
	Event    bool `json:",omitempty"`
	About    int  `json:",omitempty"`
	Instance int  `json:",omitempty"`
}

const (
	answerLag  = 90 * time.Second // a minute, for which an answer about one account is kept, and the time until it has an effect
	readingLag = 330 * time.Second

	chief = "1999999999999999" // the management account
)

var (
	people  = []peering.Account{own, chief, "1000000000000001", "1000000000000002", "1000000000000003", "1000000000000004", "1000000000000005"}
	places  = []peering.Path{peering.Outside, "rd-x/r-a", "rd-x/r-a/fd-b", "rd-x/r-a/fd-b/fd-c", "rd-x/r-a/fd-b/fd-c/fd-d", "rd-x/r-a/fd-e"}
	folders = []string{"r-a", "fd-b", "fd-c", "fd-d", "fd-e"}
	outages = []string{
		"early-end", "early-end", "early-end", "throttle", "throttle-429", "internal", "reset-before", "hang", "early-end", "moving-total", "overlapping-pages", "endless-pages",
		"truncated", "empty", "forbidden", "no-request-id", "missing-keys", "null-keys", "error-200", "not-found",
	}
)

func anyOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// drawCompany makes the company of a seed. In every third one, it all turns on one account that moves and asks, and nothing goes
// wrong.
func drawCompany(seed uint64) company {
	r := rand.New(rand.NewPCG(seed, 15))
	c := company{Latency: anyOf(r, []time.Duration{0, 0, 100 * time.Millisecond, time.Second}), Extra: anyOf(r, []int{0, 0, 60}), Homes: map[peering.Account]peering.Path{}}
	for _, a := range people[2:] {
		c.Homes[a] = anyOf(r, places)
	}
	c.Homes[own] = anyOf(r, places[1:]) // it reads the directory
	if r.IntN(6) == 0 {
		c.Cap = 1 + r.IntN(2)
	}
	for range r.IntN(3) {
		f := guardedFolder{Folder: anyOf(r, folders)}
		if r.IntN(3) == 0 {
			f.Except = anyOf(r, people)
		}
		if !slices.ContainsFunc(c.Guarded, func(g guardedFolder) bool { return g.Folder == f.Folder }) {
			c.Guarded = append(c.Guarded, f)
		}
	}
	for range 1 + r.IntN(4) {
		c.Rules = append(c.Rules, drawFolderRule(r))
	}
	asker, asked := anyOf(r, people), anyOf(r, people)
	if r.IntN(3) == 0 {
		c.askOften(r, people[2], own)
	} else {
		c.askAndFail(r, asker, asked)
	}
	for range 1 + r.IntN(4) {
		c.Visits = append(c.Visits, visitOf{At: upTo(r, 10*time.Minute), Event: r.IntN(3) > 0, About: r.IntN(len(c.Connections)), Instance: r.IntN(6) / 5})
	}
	return c
}

// askOften lets an account move, and ask again and again.
func (c *company) askOften(r *rand.Rand, asker, asked peering.Account) {
	for range 1 + r.IntN(4) {
		c.Happenings = append(c.Happenings, happening{At: upTo(r, 10*time.Minute), Moves: asker, To: anyOf(r, places)})
	}
	for range 4 + r.IntN(5) {
		c.ask(r, approach{From: asker, To: asked, Begins: upTo(r, 10*time.Minute)})
	}
}

// askAndFail lets anybody ask and move, two of them more than others, while the directory fails in many ways.
func (c *company) askAndFail(r *rand.Rand, asker, asked peering.Account) {
	for range r.IntN(7) {
		c.Happenings = append(c.Happenings, drawHappening(r, asker, asked))
	}
	for range 1 + r.IntN(5) {
		a := approach{From: anyOf(r, people), To: anyOf(r, people), Active: r.IntN(6) == 0}
		if r.IntN(2) == 0 {
			a.From = asker
		}
		if r.IntN(2) == 0 {
			a.To = asked
		}
		if r.IntN(2) == 0 {
			a.Begins = upTo(r, 10*time.Minute)
		}
		c.ask(r, a)
	}
}

// ask adds a connection. If it is not there from the beginning, there is an event of it.
func (c *company) ask(r *rand.Rand, a approach) {
	if a.Begins > 0 {
		c.Visits = append(c.Visits, visitOf{At: a.Begins + upTo(r, 3*time.Second), Event: true, About: len(c.Connections)})
	}
	c.Connections = append(c.Connections, a)
}

func drawFolderRule(r *rand.Rand) folderRule {
	rule := folderRule{Allow: r.IntN(3) > 0}
	if r.IntN(4) > 0 {
		rule.Requesters = anyOf(r, folders)
	} else {
		rule.Account = anyOf(r, people)
	}
	switch r.IntN(4) {
	case 0:
		rule.Accepters = anyOf(r, folders)
	case 1:
		rule.Accepter = anyOf(r, people)
	}
	return rule
}

func drawHappening(r *rand.Rand, busy ...peering.Account) happening {
	var h happening
	if r.IntN(2) == 0 {
		h.At = upTo(r, 10*time.Minute)
	} else {
		h.Call = 1 + r.IntN(60)
	}
	if r.IntN(2) == 0 {
		h.Moves, h.To = anyOf(r, append(busy, people...)), anyOf(r, places)
		switch h.Moves {
		case own:
			h.To = anyOf(r, places[1:]) // it reads the directory
		case chief:
			h.Moves = people[2]
		}
		return h
	}
	h.Faults = []string{}
	for range r.IntN(3) {
		action := anyOf(r, []string{"", "GetResourceDirectory", "ListAccounts", "ListAccounts", "GetAccount"})
		if action == "" {
			for _, action := range []string{"GetResourceDirectory", "ListAccounts", "GetAccount"} {
				h.Faults = append(h.Faults, action+":internal")
			}
			continue
		}
		h.Faults = append(h.Faults, action+":"+anyOf(r, outages))
	}
	return h
}

// TestOnlyTheDirectoryDecides: whatever the directory does, and however its members move, nobody is rejected whom the directory,
// complete and as it was in the last minute, would allow; nobody is allowed whom it would not have allowed in the last five
// minutes; and nothing fails but what hangs on a directory that is out of order. In the end everything is settled.
func TestOnlyTheDirectoryDecides(t *testing.T) {
	t.Parallel()
	var sum tally
	for seed := range uint64(500) {
		c := drawCompany(seed)
		problems := c.run(t, nil, &sum)
		if len(problems) > 0 {
			c = c.shrink(func(c company) bool { return len(c.run(t, nil, &tally{})) > 0 })
			text, err := json.MarshalIndent(c, "", " ")
			t.Fatalf("seed %d: %q\n%s, %v\n%q", seed, problems, text, err, c.run(t, nil, &tally{}))
		}
	}
	t.Logf("%+v", sum)
	if sum.rejected < 200 || sum.allowed < 200 || sum.undecided < 50 || sum.incomplete < 10 {
		t.Errorf("too little happened: %+v", sum)
	}
}

// misleading are directories that are broken on purpose.
var misleading = map[string]func(guard.Directory) guard.Directory{
	"takes an error for a proof": func(d guard.Directory) guard.Directory { return gullible{d} },
	"takes a list for a proof":   func(d guard.Directory) guard.Directory { return bookish{d} },
	"never reads again":          func(d guard.Directory) guard.Directory { return lazy{d} },
}

type gullible struct{ guard.Directory }

func (g gullible) Path(ctx context.Context, a peering.Account) (peering.Path, error) {
	path, err := g.Directory.Path(ctx, a)
	if err != nil {
		return peering.Outside, nil //nolint:nilerr // this is what is wrong with it
	}
	return path, nil
}

type bookish struct{ guard.Directory }

func (b bookish) Path(ctx context.Context, a peering.Account) (peering.Path, error) {
	reading, err := b.Directory.Reading(ctx, 5*time.Minute)
	if err != nil {
		return "", err
	}
	return cmp.Or(reading.Path(a), peering.Outside), nil
}

type lazy struct{ guard.Directory }

func (l lazy) Reading(ctx context.Context, _ time.Duration) (*peering.Reading, error) {
	return l.Directory.Reading(ctx, time.Hour)
}

// TestMisleadingDirectories: the test above notices a directory that is not what it should be.
func TestMisleadingDirectories(t *testing.T) {
	t.Parallel()
	for name, wreck := range misleading {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(200) {
				if problems := drawCompany(seed).run(t, wreck, &tally{}); len(problems) > 0 {
					t.Logf("seed %d: %s", seed, problems[0])
					return
				}
			}
			t.Error("it is not caught")
		})
	}
}

// tally counts what happened, so that a test that proves nothing is noticed.
type tally struct{ rejected, allowed, undecided, incomplete int }

func (c company) run(t *testing.T, wreck func(guard.Directory) guard.Directory, sum *tally) (problems []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { problems = c.play(t, wreck, sum) })
	return problems
}

// shrink leaves out what a failure does not need.
func (c company) shrink(fails func(company) bool) company {
	for _, smaller := range c.smaller() {
		if fails(smaller) {
			return smaller.shrink(fails)
		}
	}
	return c
}

func (c company) smaller() (list []company) {
	for i := range c.Visits {
		s := c
		s.Visits = slices.Delete(slices.Clone(c.Visits), i, i+1)
		list = append(list, s)
	}
	for i := range c.Happenings {
		s := c
		s.Happenings = slices.Delete(slices.Clone(c.Happenings), i, i+1)
		list = append(list, s)
	}
	for i := range c.Rules {
		s := c
		s.Rules = slices.Delete(slices.Clone(c.Rules), i, i+1)
		list = append(list, s)
	}
	if last := len(c.Connections) - 1; last > 0 && !slices.ContainsFunc(c.Visits, func(v visitOf) bool { return v.About == last }) {
		s := c
		s.Connections = c.Connections[:last]
		list = append(list, s)
	}
	return list
}

// policy writes the rules down as an operator does.
func (c company) policy() string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\ndirectory: {id: rd-x}\nguard:\n  regions: [cn-shanghai]\n")
	if c.Cap > 0 {
		fmt.Fprintf(&b, "  max_requesters: %d\n", c.Cap)
	}
	if len(c.Guarded) > 0 {
		b.WriteString("  accounts:\n")
	}
	for _, f := range c.Guarded {
		fmt.Fprintf(&b, "    - {folder: %s, role_name: peerguard", f.Folder)
		if f.Except != "" {
			fmt.Fprintf(&b, ", except: [%q]", f.Except)
		}
		b.WriteString("}\n")
	}
	text := map[bool]string{}
	for i, r := range c.Rules {
		text[r.Allow] += fmt.Sprintf("  - name: rule-%d\n", i)
		for key, value := range map[string]string{"accounts": string(r.Account), "requester_folders": r.Requesters, "accepter_folders": r.Accepters, "accepter_accounts": string(r.Accepter)} {
			if value != "" {
				text[r.Allow] += fmt.Sprintf("    %s: [%q]\n", key, value)
			}
		}
	}
	if text[false] != "" {
		b.WriteString("reject:\n" + text[false])
	}
	if text[true] == "" {
		text[true] = "  []\n"
	}
	return b.String() + "allow:\n" + text[true]
}

// allows is what the policy says when everything is known.
func (c company) allows(from, to peering.Account, fromPath, toPath peering.Path) bool {
	for _, allow := range []bool{false, true} {
		for _, r := range c.Rules {
			if r.Allow == allow && (r.Account == "" || r.Account == from) && (r.Requesters == "" || below(fromPath, r.Requesters)) &&
				(r.Accepters == "" || below(toPath, r.Accepters)) && (r.Accepter == "" || r.Accepter == to) {
				return allow
			}
		}
	}
	return false
}

func below(path peering.Path, folder string) bool {
	return path == peering.Path(folder) || strings.Contains(string(path)+"/", "/"+folder+"/")
}

func (c company) guards(a peering.Account, path peering.Path) bool {
	return a == own || slices.ContainsFunc(c.Guarded, func(f guardedFolder) bool { return f.Except != a && below(path, f.Folder) })
}
