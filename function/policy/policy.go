// Package policy reads the policy file and decides: which requester may peer with which VPC, until when.
//
// A policy is read from an [fs.FS] and nothing else is touched: [Policy.Decide] is a pure function of a connection and
// a time. The language of the file is described in README.md and, key by key, in policy.schema.json.
package policy

import (
	_ "embed"
	"iter"
	"slices"
	"time"

	"peerguard/function/peering"
)

// Mode says what becomes of a verdict to reject.
type Mode string

// The modes. A policy must name one.
const (
	DryRun  Mode = "dry-run" // ask the API whether it would reject, change nothing
	Enforce Mode = "enforce" // reject
)

// Verdict is what the policy says of one connection.
type Verdict string

// The verdicts.
const (
	Allow  Verdict = "allow"
	Reject Verdict = "reject"
)

// DefaultRule is the name of the rule that rejects what no other rule decides. No rule of a file can have it.
const DefaultRule = "default"

// Guard is what a sweep looks at.
type Guard struct {
	Regions       []string                   // each once, in file order; empty: the function's own region
	Roles         map[peering.Account]string // role to assume, by guarded account, besides the function's own account
	MaxRejections int                        // a sweep that finds more to reject rejects none of them; 0: no cap
}

// Policy is a policy file that was read without an error. It never changes and is safe for concurrent use.
type Policy struct {
	Mode   Mode
	Guard  Guard
	Digest string            // "sha256:<hex>" of the policy file's bytes
	Files  map[string]string // digest of each file that the policy names, by the name written in it; nil when none

	name     string // of the file
	rules    []rule // in the order in which they are tried: reject, then allow, each in file order
	index    map[peering.Account][]int32
	everyone []int32              // rules for any account: "*", or a reject rule without accounts
	texts    map[string]*document // by file name, for the excerpts of warnings
}

// rule is one entry of reject or allow. An empty list is a key that was not written.
type rule struct {
	verdict Verdict
	name    string
	at      Position
	owner   string
	reason  string

	accounts     []entry // those of the file named by accountsFrom too
	accountsFrom string  // as written
	wildcard     *entry  // accounts holds "*"

	requesterRegions set
	requesterVPCs    set
	requesterCIDRs   prefixes
	accepterAccounts set
	accepterRegions  set
	accepterVPCs     set

	until   string    // as written; empty: for ever
	end     time.Time // the first instant at which the rule no longer matches
	untilAt Position
}

// entry is one account id of a rule and where it was written.
type entry struct {
	account peering.Account
	at      Position
}

// anyAccount reports whether the rule looks at no account at all. Only a reject rule can.
func (r *rule) anyAccount() bool { return r.wildcard == nil && len(r.accounts) == 0 }

// expired reports whether the rule's last valid day or instant lies before at.
func (r *rule) expired(at time.Time) bool { return r.until != "" && !at.Before(r.end) }

// set is a list of words as one key of a rule holds it.
type set struct {
	words []string
	index map[string]struct{} // only when there are too many words to look through
}

// small is the number of words up to which looking through them is as fast as a map.
const small = 8

func newSet(words []string) set {
	s := set{words: words}
	if len(words) > small {
		s.index = make(map[string]struct{}, len(words))
		for _, w := range words {
			s.index[w] = struct{}{}
		}
	}
	return s
}

func (s *set) empty() bool { return len(s.words) == 0 }

// has reports whether the word is one of the set's. The empty word stands for an unknown fact and never is.
func (s *set) has(word string) bool {
	if s.index != nil {
		_, ok := s.index[word]
		return ok
	}
	return slices.Contains(s.words, word)
}

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

// candidates yields the rules that name an account and those for any account, with their indexes, in the order in which
// rules are tried. No other rule can match a requester of this account.
func (p *Policy) candidates(account peering.Account) iter.Seq2[int32, *rule] {
	return func(yield func(int32, *rule) bool) {
		named, everyone := p.index[account], p.everyone
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

//go:embed policy.schema.json
var schema []byte

//go:embed policy_test.schema.json
var testSchema []byte

// Schema gives the JSON Schema (draft 2020-12) of a policy file, as function/policy/policy.schema.json holds it.
func Schema() []byte { return slices.Clone(schema) }

// TestSchema gives the JSON Schema (draft 2020-12) of a file of policy tests.
func TestSchema() []byte { return slices.Clone(testSchema) }
