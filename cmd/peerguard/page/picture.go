package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

const (
	maxLines  = 240 // a reader cannot distinguish more
	manyLines = 60  // if there are more, the VPCs of an account and region are one box
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
	above   int             // space above it
	pending bool            // at least one of its connections is
	vpcs    map[string]bool // that it stands for
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
	p, omitted := connect(drawn, vpcOf)
	if len(p.Lines)+omitted > manyLines {
		p, omitted = connect(drawn, func(s peering.Side) place { return vpcOf(s).home() })
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

// rank is 0 for a requester with pending requests and 1 for any other.
func (b *box) rank() int {
	if b.pending {
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

// connect returns a picture with the boxes and lines of entries, without their positions, and how many lines are left out. target
// says which box stands for an accepter.
func connect(entries []guard.Entry, target func(peering.Side) place) (p *picture, omitted int) {
	p = &picture{Width: pictureWidth, BoxWidth: boxWidth, RightX: pictureWidth - boxWidth - 1}
	left, right := map[place]*box{}, map[place]*box{}
	lines, leftOut := map[string]*line{}, map[string]bool{}
	for i := range entries {
		e := &entries[i]
		from, to := accountOf(e.Requester), target(e.Accepter)
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

func accountOf(s peering.Side) place { return place{account: string(s.Account)} }

func vpcOf(s peering.Side) place { return place{string(s.Account), s.Region, s.VPC} }

// boxFor returns the box of a place, which it adds if it is missing.
func boxFor(all map[place]*box, key place) *box {
	if all[key] == nil {
		all[key] = &box{key: key, vpcs: map[string]bool{}}
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
	l.To.vpcs[e.Accepter.VPC] = true
	if len(l.ids) <= maxIDs {
		l.ids = append(l.ids, e.InstanceID)
	}
}

// name sets every text of the picture.
func (p *picture) name(omitted int) {
	n := map[guard.Outcome]int{}
	for _, l := range p.Lines {
		n[l.Outcome]++
		l.name()
	}
	var parts []string
	for _, k := range kinds {
		if n[k.Outcome] > 0 {
			p.Legend = append(p.Legend, k)
			parts = append(parts, fmt.Sprintf("%d %s", n[k.Outcome], strings.ToLower(k.Label)))
		}
	}
	for i, b := range p.Left {
		b.N = i
		b.nameRequester()
	}
	for i, b := range p.Right {
		b.N = i
		b.nameVPC()
	}
	p.Desc = fmt.Sprintf("%s on the left, %s on the right, and between them %s: %s. The table below lists the same connections.",
		count(len(p.Left), "requester account"), count(len(p.Right), "VPC"), count(len(p.Lines), "line"), strings.Join(parts, ", "))
	if omitted > 0 {
		p.Note = fmt.Sprintf("Only %d of %s lines are drawn: pending requests first, then the most serious. The table has the rest.", len(p.Lines), thousands(len(p.Lines)+omitted))
	}
}

func (l *line) name() {
	ids := listed(l.ids, maxIDs)
	if l.n > maxIDs {
		ids = listed(l.ids[:maxIDs], maxIDs) + fmt.Sprintf(", %d more", l.n-maxIDs)
	}
	if l.n > 1 {
		l.Count = thousands(l.n)
	}
	l.Title = fmt.Sprintf("%s: account %s to %s of account %s%s. %s: %s", l.Label,
		orUnknown(l.From.key.account), l.To.what(), orUnknown(l.To.key.account), inRegion(l.To.key.region), count(l.n, "connection"), ids)
}

func (b *box) nameRequester() {
	n := 0
	for _, l := range b.lines {
		n += l.n
	}
	b.Name, b.Detail = shorten(orUnknown(b.key.account), 20), count(n, "connection")
	b.Title = fmt.Sprintf("Requester account %s, %s: show in the table", orUnknown(b.key.account), b.Detail)
	b.Query = orUnknown(b.key.account)
}

func (b *box) nameVPC() {
	b.Name = shorten(b.what(), 32)
	b.Title = fmt.Sprintf("%s of account %s%s: show in the table", b.what(), orUnknown(b.key.account), inRegion(b.key.region))
	b.Query = b.what()
	if len(b.vpcs) > 1 {
		b.Query = joined(" ", bounded(b.key.account), bounded(b.key.region))
	}
}

// what returns the id of the VPC that the box stands for, or how many they are.
func (b *box) what() string {
	if len(b.vpcs) > 1 {
		return count(len(b.vpcs), "VPC")
	}
	for vpc := range b.vpcs {
		return orUnknown(vpc)
	}
	return unknown
}

func orUnknown(s string) string { return cmp.Or(bounded(s), "unknown") }

func inRegion(region string) string {
	if region == "" {
		return ""
	}
	return " in " + bounded(region)
}
