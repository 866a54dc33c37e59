package policy

import "peerguard/function/peering"

// buildIndex lists, for each account, the rules that name it, so that a verdict looks at those only.
func (p *Policy) buildIndex() {
	total := 0
	for i := range p.rules {
		total += len(p.rules[i].accounts)
	}
	p.index = make(map[peering.Account][]int32, total)
	for i := range p.rules {
		p.indexRule(int32(i))
	}
}

func (p *Policy) indexRule(i int32) {
	r := &p.rules[i]
	if r.wildcard != nil || r.anyAccount() {
		p.everyone = append(p.everyone, i)
		return
	}
	alone := []int32{i} // most accounts are named by one rule, and share this list
	for _, e := range r.accounts {
		switch list := p.index[e.account]; {
		case len(list) == 0:
			p.index[e.account] = alone[:1:1]
		case list[len(list)-1] != i:
			p.index[e.account] = append(list, i)
		}
	}
}
