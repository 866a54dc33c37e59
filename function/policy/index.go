package policy

import (
	"fmt"
	"iter"
	"slices"

	"peerguard/function/peering"
)

// buildIndex lists the rules that name each account and each connection, so that a verdict looks only at those, and the keys
// of each rule.
func (p *Policy) buildIndex() {
	total := 0
	for i := range p.rules {
		total += len(p.rules[i].accounts)
	}
	p.index = make(map[peering.Account][]int32, total)
	p.linked = map[string][]int32{}
	for i := range p.rules {
		p.indexRule(int32(i))
		p.rules[i].keys = p.rules[i].looksAt()
	}
	for id, list := range p.linked {
		p.linked[id] = slices.Concat(list, p.everyone)
		slices.Sort(p.linked[id])
	}
}

func (p *Policy) indexRule(i int32) {
	r := &p.rules[i]
	if r.everyAccount() {
		p.indexForEveryone(r, i)
		return
	}
	alone := []int32{i} // shared by all accounts that only this rule names, which is most of them
	for _, e := range r.accounts {
		switch list := p.index[e.account]; {
		case len(list) == 0:
			p.index[e.account] = alone[:1:1]
		case list[len(list)-1] != i:
			p.index[e.account] = append(list, i)
		default:
			p.warnings = append(p.warnings, Warning{e.at, fmt.Sprintf("account %s is in rule %s already", e.account, r.name), ValueRepeated, p.texts[e.at.File]})
		}
	}
}

func (p *Policy) indexForEveryone(r *rule, i int32) {
	if r.connections.empty() {
		p.everyone = append(p.everyone, i)
	}
	for _, id := range r.connections.words {
		if !slices.Contains(p.linked[id], i) {
			p.linked[id] = append(p.linked[id], i)
		}
	}
}

// names reports whether one of the rules lists an account.
func (p *Policy) names(r *rule, account peering.Account) bool {
	return slices.ContainsFunc(p.index[account], func(i int32) bool { return &p.rules[i] == r })
}

// candidates yields the rules that can match a connection: those that name the requester's account, and those for any account,
// unless they name other connections. They come with their indexes, in the order in which rules are tried.
func (p *Policy) candidates(account peering.Account, connection string) iter.Seq2[int32, *rule] {
	return func(yield func(int32, *rule) bool) {
		named, everyone := p.index[account], p.everyone
		if linked := p.linked[connection]; linked != nil {
			everyone = linked
		}
		for len(named) > 0 || len(everyone) > 0 {
			next := &everyone
			if len(everyone) == 0 || len(named) > 0 && named[0] < everyone[0] {
				next = &named
			}
			i := (*next)[0]
			*next = (*next)[1:]
			if !yield(i, &p.rules[i]) {
				return
			}
		}
	}
}
