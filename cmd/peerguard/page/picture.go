package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

const (
	maxLines  = 240 // a reader cannot distinguish more
	manyLines = 60  // if there are more, most requesters are one box, and so are the VPCs of an account and region
	maxIDs    = 5   // in the title of a line

	pictureWidth = 1000
	boxWidth     = 290
	fewBoxes     = 40 // in a column; if there are more, they are drawn smaller
	topMargin    = 40
	groupMargin  = 30 // above the first VPC of an account and region
	requesterGap = 18 // between two lines of a requester, where each has its sign
	vpcGap       = 7
	signRoom     = 34 // to the right of a requester
)

// picture shows requester accounts on the left, own VPCs on the right, and a line for each account, VPC and outcome.
type picture struct {
	Width, Height int
	Desc, Note    string
	Left, Right   []*box
	Groups        []group
	Lines         []*line
	Legend        []kind
	BoxWidth      int
	RightX        int
	boxHeight     int // the minimum
	boxGap        int
}

// box is a requester account or a VPC.
type box struct {
	key    place
	Name   string
	Detail string
	Title  string
	Query  string // filters the table when the box is clicked
	N      int    // the number by which lines refer to it
	X      int
	Y      int
	Height int

	lines   []*line
	weight  float64
	above   int  // space above it
	pending bool // at least one of its connections is

	accounts, vpcs map[string]bool // that it stands for
}

// place is an account, or one of its VPCs.
type place struct{ account, region, vpc string }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.account, q.account), cmp.Compare(p.region, q.region), cmp.Compare(p.vpc, q.vpc))
}

// group is the heading over the VPCs of one account and region.
type group struct {
	Name string
	X, Y int
}

// line stands for all connections between two boxes that have the same outcome.
type line struct {
	kind
	From, To *box
	Title    string
	Path     string
	Count    string // empty for a single connection
	SignX    int
	SignY    int

	ids        []string
	n          int
	startY, at int
}

// draw returns the picture of entries that are sorted by seriousness, or nil if there is nothing to draw. Pending requests are
// drawn first: they are at the top, and where not everything can be drawn, other connections are left out. Closed and ignored
// connections are never drawn: they carry no traffic or are outside the guard's scope.
func draw(entries []guard.Entry) *picture {
	drawn := slices.DeleteFunc(slices.Clone(entries), func(e guard.Entry) bool { return e.Outcome == guard.Closed || e.Outcome == guard.Ignored })
	slices.SortStableFunc(drawn, func(a, b guard.Entry) int { return cmp.Compare(settled(&a), settled(&b)) })
	if len(drawn) == 0 {
		return nil
	}
	p, omitted := connect(drawn, accountOf, vpcOf)
	if len(p.Lines)+omitted > manyLines {
		p, omitted = connect(drawn, busiest(drawn), homeOf)
	}
	p.boxHeight, p.boxGap = 30, 8
	if max(len(p.Left), len(p.Right)) > fewBoxes {
		p.boxHeight, p.boxGap = 20, 3
	}
	p.untangle()
	p.position()
	p.name(omitted)
	slices.Reverse(p.Lines) // the last line is drawn on top
	return p
}

// rank orders requesters: those with pending requests, all others, and the box that stands for several.
func (b *box) rank() int {
	switch {
	case b.key == others:
		return 2
	case b.pending:
		return 0
	}
	return 1
}

// settled is 0 for a pending request and 1 for any other connection.
func settled(e *guard.Entry) int {
	if stateOf(e) == pending {
		return 0
	}
	return 1
}

// connect returns a picture with the boxes and lines of entries, without their positions, and how many lines are left out. source
// and target say which box stands for a requester and for an accepter.
func connect(entries []guard.Entry, source, target func(peering.Side) place) (p *picture, omitted int) {
	p = &picture{Width: pictureWidth, BoxWidth: boxWidth, RightX: pictureWidth - boxWidth - 1}
	left, right := map[place]*box{}, map[place]*box{}
	lines, leftOut := map[string]*line{}, map[string]bool{}
	for i := range entries {
		e := &entries[i]
		from, to := source(e.Requester), target(e.Accepter)
		key := fmt.Sprintf("%q %q %q", from, to, e.Outcome)
		l := lines[key]
		switch {
		case l == nil && len(lines) == maxLines:
			leftOut[key] = true
			continue
		case l == nil:
			l = &line{kind: kindOf(e.Outcome), From: boxFor(left, from), To: boxFor(right, to)}
			lines[key] = l
			p.Lines = append(p.Lines, l)
			l.From.lines, l.To.lines = append(l.From.lines, l), append(l.To.lines, l)
		}
		l.add(e)
	}
	p.Left, p.Right = boxes(left), boxes(right)
	return p, len(leftOut)
}

// others is the place of all requesters that have no box of their own.
var others = place{vpc: "others"}

// busiest returns the places of requesters where there are many: the accounts with the most pending requests, then with the most
// connections, have their own.
func busiest(entries []guard.Entry) func(peering.Side) place {
	requests, connections := map[peering.Account]int{}, map[peering.Account]int{}
	for i := range entries {
		account := entries[i].Requester.Account
		connections[account]++
		requests[account] += 1 - settled(&entries[i])
	}
	accounts := slices.SortedFunc(maps.Keys(connections), func(a, b peering.Account) int {
		return cmp.Or(cmp.Compare(requests[b], requests[a]), cmp.Compare(connections[b], connections[a]), cmp.Compare(a, b))
	})
	own := map[peering.Account]bool{}
	for _, account := range accounts[:min(len(accounts), maxAccounts)] {
		own[account] = true
	}
	return func(s peering.Side) place {
		if own[s.Account] {
			return accountOf(s)
		}
		return others
	}
}

func accountOf(s peering.Side) place { return place{account: string(s.Account)} }

func vpcOf(s peering.Side) place { return place{string(s.Account), s.Region, s.VPC} }

func homeOf(s peering.Side) place { return vpcOf(s).home() }

// boxFor returns the box of a place, which it adds if it is missing.
func boxFor(all map[place]*box, key place) *box {
	if all[key] == nil {
		all[key] = &box{key: key, accounts: map[string]bool{}, vpcs: map[string]bool{}}
	}
	return all[key]
}

func boxes(all map[place]*box) []*box {
	list := make([]*box, 0, len(all))
	for _, b := range all {
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b *box) int { return a.key.compare(b.key) })
	return list
}

func (l *line) add(e *guard.Entry) {
	l.n++
	l.From.pending = l.From.pending || stateOf(e) == pending
	l.From.accounts[string(e.Requester.Account)] = true
	l.To.vpcs[e.Accepter.VPC] = true
	if len(l.ids) <= maxIDs {
		l.ids = append(l.ids, e.InstanceID)
	}
}
