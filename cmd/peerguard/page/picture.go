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
	maxLines = 240 // more cannot be told apart
	maxIDs   = 5   // named by the title of a line

	pictureWidth = 1000
	boxWidth     = 290
	fewBoxes     = 40 // in a column; more are drawn smaller
	topMargin    = 40
	groupMargin  = 30 // above the VPCs of one account and region
	requesterGap = 18 // between two lines of a requester: each carries a sign there
	vpcGap       = 7
	signRoom     = 34 // beside a requester
)

// picture has the requester accounts on its left, the own VPCs on its right, and a line for each account, VPC and outcome.
type picture struct {
	Width, Height int
	Desc, Note    string
	Left, Right   []*box
	Groups        []group
	Lines         []*line
	Legend        []kind
	BoxWidth      int
	RightX        int
	boxHeight     int // at least
	boxGap        int
}

// box is a requester account or a VPC.
type box struct {
	key    place
	Name   string
	Detail string
	Title  string
	Query  string // what the table is filtered by when the box is chosen
	N      int    // lines name it
	X      int
	Y      int
	Height int

	lines  []*line
	weight float64
	above  int // room over it
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

// line is what connects an account and a VPC: all connections with the same outcome.
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

// draw gives the picture of connections that are sorted by seriousness; nil when there is nothing to see. Closed and
// ignored ones are left out: they carry no traffic, or are not the guard's business.
func draw(entries []guard.Entry) *picture {
	p := &picture{Width: pictureWidth, BoxWidth: boxWidth, RightX: pictureWidth - boxWidth - 1}
	left, right := map[place]*box{}, map[place]*box{}
	lines := map[string]*line{}
	omitted := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if e.Outcome == guard.Closed || e.Outcome == guard.Ignored {
			continue
		}
		from, to := requester(e.Requester), own(e.Accepter)
		key := fmt.Sprintf("%q %q %q", from, to, e.Outcome)
		l := lines[key]
		switch {
		case l == nil && len(lines) == maxLines:
			omitted[key] = true
			continue
		case l == nil:
			l = &line{kind: kindOf(e.Outcome), From: find(left, from), To: find(right, to)}
			lines[key] = l
			p.Lines = append(p.Lines, l)
			l.From.lines, l.To.lines = append(l.From.lines, l), append(l.To.lines, l)
		}
		l.add(e)
	}
	if len(p.Lines) == 0 {
		return nil
	}
	p.Left, p.Right = boxes(left), boxes(right)
	p.boxHeight, p.boxGap = 30, 8
	if max(len(p.Left), len(p.Right)) > fewBoxes {
		p.boxHeight, p.boxGap = 20, 3
	}
	p.untangle()
	p.lay()
	p.name(len(omitted))
	slices.Reverse(p.Lines) // what is drawn last is on top
	return p
}

func requester(s peering.Side) place { return place{account: string(s.Account)} }

func own(s peering.Side) place { return place{string(s.Account), s.Region, s.VPC} }

func find(all map[place]*box, key place) *box {
	if all[key] == nil {
		all[key] = &box{key: key}
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
	if len(l.ids) <= maxIDs {
		l.ids = append(l.ids, e.InstanceID)
	}
}

// name writes what the picture says in words.
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
	p.Desc = fmt.Sprintf("%s on the left, %s on the right, and between them %s: %s. The table below holds the same in words.",
		count(len(p.Left), "requester account"), count(len(p.Right), "VPC"), count(len(p.Lines), "line"), strings.Join(parts, ", "))
	if omitted > 0 {
		p.Note = fmt.Sprintf("The %d most serious lines are drawn, and %s left out. The table has the rest.", len(p.Lines), were(omitted))
	}
}

func were(n int) string {
	if n == 1 {
		return "1 is"
	}
	return thousands(n) + " are"
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
		known(l.From.key.account), known(l.To.key.vpc), known(l.To.key.account), in(l.To.key.region), count(l.n, "connection"), ids)
}

func (b *box) nameRequester() {
	n := 0
	for _, l := range b.lines {
		n += l.n
	}
	b.Name, b.Detail = brief(known(b.key.account), 20), count(n, "connection")
	b.Title = fmt.Sprintf("Requester account %s, %s: show in the table", known(b.key.account), b.Detail)
	b.Query = known(b.key.account)
}

func (b *box) nameVPC() {
	b.Name = brief(known(b.key.vpc), 32)
	b.Title = fmt.Sprintf("%s of account %s%s: show in the table", known(b.key.vpc), known(b.key.account), in(b.key.region))
	b.Query = known(b.key.vpc)
}

func known(s string) string { return cmp.Or(plain(s), "unknown") }

func in(region string) string {
	if region == "" {
		return ""
	}
	return " in " + plain(region)
}
