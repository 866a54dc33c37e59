package page

import (
	"fmt"
	"strings"
	"testing"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// asking returns entries of n accounts, each of which asks for one of the VPCs.
func asking(n, vpcs int, outcome guard.Outcome) []guard.Entry {
	all := make([]guard.Entry, n)
	for i := range all {
		all[i] = guard.Entry{
			InstanceID: fmt.Sprintf("pcc-%d", i), Outcome: outcome,
			Requester: peering.Side{Account: peering.Account(fmt.Sprintf("%016d", i))},
			Accepter:  peering.Side{Account: "1111111111111111", Region: fmt.Sprintf("cn-%c", 'a'+i%vpcs%3), VPC: fmt.Sprintf("vpc-%d", i%vpcs)},
		}
	}
	return all
}

// TestPicture: at every size, boxes do not overlap, nothing lies outside of the picture, and each line joins its two boxes.
func TestPicture(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ accounts, vpcs int }{{1, 1}, {2, 1}, {1, 2}, {7, 3}, {40, 40}, {41, 5}, {240, 1}, {240, 240}, {1_000, 9}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			p := draw(asking(size.accounts, size.vpcs, guard.WouldReject))
			boxes, lines := size.accounts, size.accounts
			if size.accounts > manyLines { // the others are one box with a line for each region
				boxes, lines = maxAccounts+1, maxAccounts+min(size.vpcs, 3)
			}
			if len(p.Lines) != lines || len(p.Left) != boxes {
				t.Errorf("%d lines from %d boxes, want %d from %d", len(p.Lines), len(p.Left), lines, boxes)
			}
			if p.Note != "" {
				t.Errorf("the note is %q", p.Note)
			}
			drawn := 0
			for _, l := range p.Lines {
				drawn += l.n
			}
			if want := fmt.Sprintf("%s on the left", count(size.accounts, "requester account")); drawn != size.accounts || !strings.HasPrefix(p.Desc, want) {
				t.Errorf("%d of %d connections are drawn: %s", drawn, size.accounts, p.Desc)
			}
			column(t, p, p.Left)
			column(t, p, p.Right)
			for _, l := range p.Lines {
				joins(t, p, l)
			}
		})
	}
}

func column(t *testing.T, p *picture, boxes []*box) {
	t.Helper()
	end := topMargin
	for _, b := range boxes {
		if b.Y < end || b.Y+b.Height > p.Height || b.X < 0 || b.X+p.BoxWidth > p.Width {
			t.Errorf("box %q at %d,%d of height %d overlaps the one that ends at %d, or lies outside of %d×%d", b.Name, b.X, b.Y, b.Height, end, p.Width, p.Height)
		}
		end = b.Y + b.Height
	}
}

func joins(t *testing.T, p *picture, l *line) {
	t.Helper()
	inside := func(b *box, y int) bool { return b.Y <= y && y <= b.Y+b.Height }
	end := fmt.Sprintf(" %d %d", p.RightX, l.at)
	if !inside(l.From, l.startY) || !inside(l.To, l.at) || !strings.HasSuffix(l.Path, end) {
		t.Errorf("line %q does not join its boxes: %s", l.Title, l.Path)
	}
}

// TestPictureMerges: connections with the same ends and outcome are one line that counts them.
func TestPictureMerges(t *testing.T) {
	t.Parallel()
	all := asking(1, 1, guard.Violation)
	for i := range 7 {
		again := all[0]
		again.InstanceID = fmt.Sprintf("pcc-again-%d", i)
		all = append(all, again)
	}
	all = append(all, asking(1, 1, guard.Allowed)...)
	p := draw(all)
	if len(p.Lines) != 2 || len(p.Left) != 1 || len(p.Right) != 1 {
		t.Fatalf("%d lines from %d to %d boxes", len(p.Lines), len(p.Left), len(p.Right))
	}
	top := p.Lines[1]
	if top.Outcome != guard.Violation || top.Count != "8" {
		t.Errorf("the line on top is %s ×%s, want the most serious", top.Outcome, top.Count)
	}
	want := "Violation: account 0000000000000000 to vpc-0 of account 1111111111111111 in cn-a. " +
		"8 connections: pcc-0, pcc-again-0, pcc-again-1, pcc-again-2, pcc-again-3, 3 more"
	if top.Title != want {
		t.Errorf("the title is\n%s, want\n%s", top.Title, want)
	}
}

// TestPictureOmits: if there are too many lines, the least serious ones are left out.
func TestPictureOmits(t *testing.T) {
	t.Parallel()
	everywhere := func(outcome guard.Outcome) []guard.Entry { // each of 20 accounts asks in 12 regions
		all := asking(maxLines, 1, outcome)
		for i := range all {
			all[i].Requester.Account = peering.Account(fmt.Sprintf("%016d", i%20))
			all[i].Accepter.Region = fmt.Sprintf("cn-%d", i/20)
		}
		return all
	}
	p := draw(append(everywhere(guard.Violation), everywhere(guard.Allowed)...))
	if len(p.Lines) != maxLines {
		t.Errorf("there are %d lines", len(p.Lines))
	}
	for _, l := range p.Lines {
		if l.Outcome != guard.Violation {
			t.Errorf("a line is %s", l.Outcome)
		}
	}
	if want := "Only 240 of 480 lines are drawn: pending requests first, then the most serious. The table has the rest."; p.Note != want {
		t.Errorf("the note is %q, want %q", p.Note, want)
	}
	if draw(append(asking(3, 1, guard.Closed), asking(3, 1, guard.Ignored)...)) != nil {
		t.Error("there is a picture of closed and ignored connections")
	}
}

// TestUntangle: the layout finds an order without crossings, if the order is as simple as this one.
func TestUntangle(t *testing.T) {
	t.Parallel()
	var all []guard.Entry
	for i := range 20 {
		all = append(all, guard.Entry{
			InstanceID: "pcc-x", Outcome: guard.Allowed,
			Requester: peering.Side{Account: peering.Account(fmt.Sprintf("%02d", i))},
			Accepter:  peering.Side{Account: "1", VPC: fmt.Sprintf("vpc-%02d", 19-i)},
		})
	}
	p := draw(all)
	for _, l := range p.Lines {
		for _, m := range p.Lines {
			if (l.startY-m.startY)*(l.at-m.at) < 0 {
				t.Fatalf("%q crosses %q", l.Title, m.Title)
			}
		}
	}
}

// TestPicturePendingFirst: requesters that wait for an answer are at the top, and where not everything can be drawn, they are.
func TestPicturePendingFirst(t *testing.T) {
	t.Parallel()
	all := asking(5_000, 3, guard.Violation)
	for i := range all {
		all[i].Status = peering.Activated
		if i >= 4_990 {
			all[i].Outcome, all[i].Status = guard.WouldReject, peering.Accepting
		}
	}
	p := draw(all)
	if len(p.Left) != maxAccounts+1 {
		t.Fatalf("there are %d boxes", len(p.Left))
	}
	for i, b := range p.Left {
		if b.pending != (i < 10) {
			t.Errorf("box %d of %s waits for an answer: %t", i, b.Name, b.pending)
		}
	}
	if last := p.Left[maxAccounts]; last.Name != "4,980 other accounts" || last.Detail != "4,980 connections" || last.Query != "" {
		t.Errorf("the last box is %q, %q, and shows %q", last.Name, last.Detail, last.Query)
	}
}
