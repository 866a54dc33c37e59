package page

import (
	"cmp"
	"fmt"
	"slices"
)

// untangle orders both columns so that few lines cross. It repeatedly sorts the boxes of a column by the mean position of
// the boxes that they are connected with (Sugiyama's barycentre method). VPCs of the same account and region stay together, and
// requesters with pending requests stay above the others.
func (p *picture) untangle() {
	number(p.Right)
	for range 6 {
		weigh(p.Left, func(l *line) *box { return l.To })
		slices.SortFunc(p.Left, func(a, b *box) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.weight, b.weight), a.key.compare(b.key))
		})
		number(p.Left)
		weigh(p.Right, func(l *line) *box { return l.From })
		p.sortRight()
		number(p.Right)
	}
}

func number(boxes []*box) {
	for i, b := range boxes {
		b.N = i
	}
}

func weigh(boxes []*box, other func(*line) *box) {
	for _, b := range boxes {
		sum := 0
		for _, l := range b.lines {
			sum += other(l).N
		}
		b.weight = float64(sum) / float64(len(b.lines))
	}
}

func (p *picture) sortRight() {
	sum, n := map[place]float64{}, map[place]float64{}
	for _, b := range p.Right {
		sum[b.key.home()] += b.weight
		n[b.key.home()]++
	}
	slices.SortFunc(p.Right, func(a, b *box) int {
		x, y := a.key.home(), b.key.home()
		return cmp.Or(cmp.Compare(sum[x]/n[x], sum[y]/n[y]), x.compare(y), cmp.Compare(a.weight, b.weight), a.key.compare(b.key))
	})
}

// home is the account and region of a VPC.
func (p place) home() place { return place{account: p.account, region: p.region} }

// position computes the position of every box and line.
func (p *picture) position() {
	left, right := p.measure(p.Left, requesterGap, 0), p.measure(p.Right, vpcGap, groupMargin)
	tallest := max(left, right)
	p.Height = topMargin + tallest
	p.stack(p.Left, 1, tallest-left)
	p.stack(p.Right, p.RightX, tallest-right)
	p.head()
	for _, b := range p.Left {
		slices.SortStableFunc(b.lines, func(l, m *line) int { return cmp.Compare(l.To.N, m.To.N) })
		b.ports(requesterGap, func(l *line, y int) { l.startY = y })
	}
	for _, b := range p.Right {
		slices.SortStableFunc(b.lines, func(l, m *line) int { return cmp.Compare(l.startY, m.startY) })
		b.ports(vpcGap, func(l *line, y int) { l.at = y })
	}
	for _, l := range p.Lines {
		l.bend(p.RightX)
	}
}

// measure sets the height of each box of a column, and the space above it. It returns the column's height.
func (p *picture) measure(boxes []*box, gap, heading int) int {
	total := 0
	for i, b := range boxes {
		b.Height, b.above = max(p.boxHeight, gap*len(b.lines)+4), p.boxGap
		if i == 0 || boxes[i-1].key.home() != b.key.home() {
			b.above += heading
		}
		total += b.above + b.Height
	}
	return total + p.boxGap
}

// stack places a column's boxes. spare is how much taller the other column is; it is spread between the boxes.
func (p *picture) stack(boxes []*box, x, spare int) {
	y := topMargin
	for i, b := range boxes {
		n := len(boxes)
		b.X, b.Y = x, y+b.above+spare*(2*i+1)/(2*n)
		y += b.above + b.Height
	}
}

// head adds a heading above the first VPC of each account and region.
func (p *picture) head() {
	for i, b := range p.Right {
		if i == 0 || p.Right[i-1].key.home() != b.key.home() {
			name := joined(" · ", orUnknown(b.key.account), bounded(b.key.region))
			p.Groups = append(p.Groups, group{Name: shorten(name, 44), X: b.X, Y: b.Y - 9})
		}
	}
}

// ports spreads the ends of a box's lines over its side.
func (b *box) ports(gap int, set func(*line, int)) {
	first := b.Y + b.Height/2 - gap*(len(b.lines)-1)/2
	for i, l := range b.lines {
		set(l, first+i*gap)
	}
}

// bend computes the line's curve, from its sign to its VPC.
func (l *line) bend(rightX int) {
	from := 1 + boxWidth
	l.SignX, l.SignY = from+6, l.startY-8
	start, mid := from+signRoom, (from+signRoom+rightX)/2
	l.Path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", start, l.startY, mid, l.startY, mid, l.at, rightX, l.at)
}

// CountX is where the number of connections begins, next to the sign.
func (l *line) CountX() int { return l.SignX + 19 }

// CountY is the baseline of the count.
func (l *line) CountY() int { return l.startY + 4 }

// TextX is where the name of a box begins.
func (b *box) TextX() int { return b.X + 11 }

// TextY is the baseline of the texts in a box.
func (b *box) TextY() int { return b.Y + b.Height/2 + 4 }

// EndX is where the detail of a box ends.
func (b *box) EndX() int { return b.X + boxWidth - 10 }
