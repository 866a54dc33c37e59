package analysis

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// Witness is a connection at a time. It has each fact that a rule names, and no other, but for the accounts. Where it is any
// connection that no rule names, it has no ID.
type Witness struct {
	peering.Connection
	At time.Time
}

// witness returns what a search has found, for now if that is possible. Else it is what was found for the last time, at the
// earliest one at which [policy.Policy.Decide] confirms it.
func (s *space) witness(q *search, avoid []*rule, is func(c *peering.Connection, at time.Time) bool) (Witness, error) {
	at, c := s.times[0], q.connection()
	if now := s.find(q.match, avoid, at); now != nil {
		c = now.connection()
	}
	for i := 1; i < len(s.times) && !is(&c, at); i++ {
		at = s.times[i]
	}
	if !is(&c, at) {
		return Witness{}, fmt.Errorf("comparing policies: a bug: the verdict on %v is not what was looked for", c)
	}
	c.Requester.CIDRs = simplest(c.Requester.CIDRs, func(cidrs []string) bool {
		changed := c
		changed.Requester.CIDRs = cidrs
		return is(&changed, at)
	})
	slices.Sort(c.Requester.CIDRs)
	return Witness{c, at}, nil
}

// simplest drops CIDRs until none can go, and makes the others as large as those of a VPC usually are.
func simplest(cidrs []string, will func([]string) bool) []string {
	for i := len(cidrs) - 1; i >= 0 && len(cidrs) > 1; i-- {
		if fewer := slices.Delete(slices.Clone(cidrs), i, i+1); will(fewer) {
			cidrs = fewer
		}
	}
	for i := range cidrs {
		for p := netip.MustParsePrefix(cidrs[i]); p.Bits() > p.Addr().BitLen()/2; {
			p = netip.PrefixFrom(p.Addr(), p.Bits()-1).Masked()
			wider := slices.Clone(cidrs)
			if wider[i] = p.String(); !will(wider) {
				break
			}
			cidrs = wider
		}
	}
	return cidrs
}

// unnamed are values that a rule hardly names, each with a number. A connection that no rule names has no id.
var unnamed = [policy.Facts]string{
	policy.RequesterAccount: "9%015d", policy.RequesterFolders: "r-other%d", policy.RequesterRegion: "other-region%d", policy.RequesterVPC: "vpc-other%d",
	policy.AccepterAccount: "1%015d", policy.AccepterFolders: "r-other%d", policy.AccepterRegion: "other-region%d", policy.AccepterVPC: "vpc-other%d",
}

// connection returns what the search has found.
func (q *search) connection() (c peering.Connection) {
	for f := range policy.Facts {
		switch has := f.Of(&c); {
		case len(q.values[f]) == 0 && f != policy.AccepterAccount: // no rule names any
		case f.Several():
			*has = q.path(f)
		case q.found[f] != nil:
			*has = q.values[f][q.found[f][0]]
		default:
			*has = q.other(f)
		}
	}
	for _, p := range q.shapes {
		if len(q.cidrs.All()) > 0 {
			c.Requester.CIDRs = append(c.Requester.CIDRs, p.String())
		}
	}
	return c
}

// other returns a value of a fact that no rule names, not even as an account of the requester.
func (s *space) other(f policy.Fact) string {
	for i := 0; s.others[f] == "" && unnamed[f] != ""; i++ {
		word := fmt.Sprintf(unnamed[f], i)
		_, named := s.index[f][word]
		if _, requester := s.index[policy.RequesterAccount][word]; !named && !requester {
			s.others[f] = word
		}
	}
	return s.others[f]
}

// path returns where an account is that is in the folders that the search has found, and in no other that a rule names.
func (q *search) path(f policy.Fact) string {
	if q.found[f] == nil {
		return string(peering.Outside)
	}
	path := []string{q.rd, q.other(f)}
	for _, v := range q.found[f] {
		if id := q.values[f][v]; strings.HasPrefix(id, "r-") {
			path[1] = id
		} else {
			path = append(path, id)
		}
	}
	return strings.Join(path, "/")
}
