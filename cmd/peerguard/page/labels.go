package page

import (
	"cmp"
	"fmt"
	"strings"

	"peerguard/function/guard"
)

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
	accounts, vpcs := 0, 0
	for i, b := range p.Left {
		b.N = i
		b.nameRequester()
		accounts += len(b.accounts)
	}
	for i, b := range p.Right {
		b.N = i
		b.nameVPC()
		vpcs += len(b.vpcs)
	}
	p.Desc = fmt.Sprintf("%s on the left, %s on the right, and between them %s: %s. The table below lists the same connections.",
		count(accounts, "requester account"), count(vpcs, "VPC"), count(len(p.Lines), "line"), strings.Join(parts, ", "))
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
	l.Title = fmt.Sprintf("%s: %s to %s of account %s%s. %s: %s", l.Label,
		l.From.who(), l.To.what(), orUnknown(l.To.key.account), inRegion(l.To.key.region), count(l.n, "connection"), ids)
}

func (b *box) nameRequester() {
	n := 0
	for _, l := range b.lines {
		n += l.n
	}
	b.Detail = count(n, "connection")
	b.Name, b.Query = shorten(orUnknown(b.key.account), 20), orUnknown(b.key.account)
	if b.key == others {
		b.Name, b.Query = b.who(), ""
	}
	b.Title = fmt.Sprintf("Requester %s, %s: show in the table", b.who(), b.Detail)
}

// who names the account that the box stands for, or says how many they are.
func (b *box) who() string {
	if b.key == others {
		return count(len(b.accounts), "other account")
	}
	return "account " + orUnknown(b.key.account)
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
