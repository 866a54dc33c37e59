// Package policy reads the policy file and decides which requester may peer with which VPC, and until when.
//
// [Load] reads a policy and the files that it names from an [fs.FS]. [Policy.Decide] is a pure function of a connection and
// a time. docs/policy.md describes the language of the file, policy.schema.json each of its keys.
package policy

import (
	_ "embed"
	"slices"
	"time"

	"peerguard/function/peering"
)

// Mode says what happens to a connection that the policy rejects.
type Mode string

// The modes. A policy must name one.
const (
	DryRun  Mode = "dry-run" // ask the API whether it would reject, but change nothing
	Enforce Mode = "enforce" // reject
)

// Verdict is what the policy says about one connection.
type Verdict string

// The verdicts.
const (
	Allow     Verdict = "allow"
	Reject    Verdict = "reject"
	Undecided Verdict = "undecided" // a fact is missing, and the verdict hangs on it
)

// DefaultRule is the name of the rule that rejects what no other rule decides. A rule in a file cannot have this name.
const DefaultRule = "default"

// Guard says what a sweep looks at.
type Guard struct {
	Regions       []string                         // each once, in file order; nil is every region
	Roles         map[peering.Account]peering.Role // the role to assume, by guarded account; the function's own account needs none
	Folders       []GuardedFolder                  // in file order
	MaxRequesters int                              // the most accounts whose requests a sweep rejects by the default rule; 0 is no cap
}

// GuardedFolder is a folder of the resource directory. The member accounts in it and below it are guarded.
type GuardedFolder struct {
	Folder     string            // fd-…, or r-… for the whole directory, the management account included
	RoleName   string            // of the role to assume in each of its accounts
	ExternalID string            // that these roles ask for; "" if they do not
	Except     []peering.Account // that are not guarded, in file order
}

// Directory is the resource directory that the policy's folders belong to.
type Directory struct {
	ID   string // rd-…
	Role string // ARN of the role that may read it; "" is the function's own credentials
}

// Policy is a policy file that was read without an error. It never changes, so it is safe for concurrent use.
type Policy struct {
	Mode  Mode
	Guard Guard
	// Directory is nil if the file does not name one. A policy that names folders has it.
	Directory *Directory
	Digest    string            // "sha256:<hex>" of the policy file's bytes
	Files     map[string]string // digests of the files that the policy names, by name as written; nil if it names none

	name     string                      // of the policy file
	rules    []rule                      // in the order in which they are tried: reject, then allow, each in file order
	index    map[peering.Account][]int32 // the rules that name an account, as indexes into rules
	everyone []int32                     // the rules for any account ("*", or without accounts) and any connection
	linked   map[string][]int32          // by connection that such a rule names: everyone, and the rules that name it
	texts    map[string]*document        // by file name, for the snippets of warnings
	folders  bool                        // a rule names folders
	warnings []Warning                   // those that hold at any time
}

// rule is one entry of reject or allow. A list is empty if the file does not have its key.
type rule struct {
	verdict Verdict
	name    string
	at      Position
	owner   string
	reason  string

	accounts     []entry // including those of the file accountsFrom
	accountsFrom string  // as written
	wildcard     *entry  // where accounts has "*"; nil if it does not

	connections      set
	requesterFolders set
	requesterRegions set
	requesterVPCs    set
	requesterCIDRs   prefixes
	accepterAccounts set
	accepterFolders  set
	accepterRegions  set
	accepterVPCs     set

	keys keySet // those that some fact would not satisfy, without until

	until   string    // as written; empty if the rule never expires
	end     time.Time // the first instant at which the rule no longer matches
	untilAt Position
}

// entry is one account id of a rule, and where it is written.
type entry struct {
	account peering.Account
	at      Position
}

// anyAccount reports whether the rule does not have a list of accounts.
func (r *rule) anyAccount() bool { return r.wildcard == nil && len(r.accounts) == 0 }

// everyAccount reports whether the rule is for any account.
func (r *rule) everyAccount() bool { return r.wildcard != nil || r.anyAccount() }

// set returns the words of a key, or nil if the key is not a list of words.
func (r *rule) set(k key) *set {
	switch k {
	case connections:
		return &r.connections
	case requesterFolders:
		return &r.requesterFolders
	case requesterRegions:
		return &r.requesterRegions
	case requesterVPCs:
		return &r.requesterVPCs
	case accepterAccounts:
		return &r.accepterAccounts
	case accepterFolders:
		return &r.accepterFolders
	case accepterRegions:
		return &r.accepterRegions
	case accepterVPCs:
		return &r.accepterVPCs
	case none, accounts, requesterCIDRs, until:
	}
	return nil
}

// looksAt returns the keys that some fact would not satisfy, without until.
func (r *rule) looksAt() (keys keySet) {
	if !r.everyAccount() {
		keys = keys.with(accounts)
	}
	if !r.requesterCIDRs.empty() && !r.requesterCIDRs.everything() {
		keys = keys.with(requesterCIDRs)
	}
	for k := none; k <= until; k++ {
		if s := r.set(k); s != nil && !s.empty() {
			keys = keys.with(k)
		}
	}
	return keys
}

// expired reports whether the rule's last valid day or instant is before at.
func (r *rule) expired(at time.Time) bool { return r.until != "" && !at.Before(r.end) }

// set is the list of words of one key of a rule.
type set struct {
	words []string
	index map[string]struct{} // nil if there are so few words that a search is as fast
}

// small is the number of words up to which a linear search is as fast as a map.
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

// fits reports whether a fact satisfies the key, or may do so because it is unknown. Every fact satisfies a key that the rule
// does not have.
func (s *set) fits(fact string) bool { return s.empty() || fact == "" || s.has(fact) }

// fitsPath reports whether a key that lists folders is satisfied by where an account is, or may be.
func (s *set) fitsPath(p peering.Path) bool { return s.empty() || !p.Known() || s.folderOf(p) != "" }

// folderOf returns the lowest of the listed folders that an account is in, or "" if it is in none of them.
func (s *set) folderOf(p peering.Path) string {
	lowest := ""
	for id := range p.Folders() {
		if s.has(id) {
			lowest = id
		}
	}
	return lowest
}

func (s *set) has(word string) bool {
	if s.index != nil {
		_, ok := s.index[word]
		return ok
	}
	return slices.Contains(s.words, word)
}

//go:embed policy.schema.json
var schema []byte

//go:embed policy_test.schema.json
var testSchema []byte

// Schema returns the JSON Schema (draft 2020-12) of a policy file: function/policy/policy.schema.json.
func Schema() []byte { return slices.Clone(schema) }

// TestSchema returns the JSON Schema (draft 2020-12) of a file of policy tests: function/policy/policy_test.schema.json.
func TestSchema() []byte { return slices.Clone(testSchema) }
