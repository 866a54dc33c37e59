package policy

import (
	"iter"
	"math/bits"
	"strings"
)

// key is a key of a rule that can fail to match. The constants are in the order in which a rule checks its keys.
type key uint8

const (
	none key = iota // all keys match
	accounts
	connections
	requesterFolders
	requesterRegions
	requesterVPCs
	requesterCIDRs
	accepterAccounts
	accepterFolders
	accepterRegions
	accepterVPCs
	until
)

// keyNames are the keys as written in a policy file.
var keyNames = [...]string{
	none:             "",
	accounts:         "accounts",
	connections:      "connections",
	requesterFolders: "requester_folders",
	requesterRegions: "requester_regions",
	requesterVPCs:    "requester_vpcs",
	requesterCIDRs:   "requester_cidrs",
	accepterAccounts: "accepter_accounts",
	accepterFolders:  "accepter_folders",
	accepterRegions:  "accepter_regions",
	accepterVPCs:     "accepter_vpcs",
	until:            "until",
}

// String returns the key as written in a policy file, or "" for none.
func (k key) String() string { return keyNames[k] }

// fact returns what a key is about, in words: "requester region" for requester_regions.
func (k key) fact() string {
	switch k {
	case accounts:
		return "requester account"
	case requesterCIDRs:
		return "requester CIDRs" // always all of them
	case requesterFolders:
		return "requester folders" // those that the account is in
	case accepterFolders:
		return "accepter folders"
	default:
	}
	return strings.TrimSuffix(strings.NewReplacer("_", " ", "vpc", "VPC").Replace(k.String()), "s")
}

// keySet is a set of keys.
type keySet uint16

func (s keySet) has(k key) bool       { return s&(1<<k) != 0 }
func (s keySet) with(k key) keySet    { return s | 1<<k }
func (s keySet) without(k key) keySet { return s &^ (1 << k) }

// first returns the key of a set that is not empty that a rule checks first.
func (s keySet) first() key { return key(bits.TrailingZeros16(uint16(s))) }

// facts returns what the keys are about, in the order in which a rule checks them.
func (s keySet) facts() []string {
	var facts []string
	for k := range s.all() {
		facts = append(facts, k.fact())
	}
	return facts
}

func (s keySet) all() iter.Seq[key] {
	return func(yield func(key) bool) {
		for ; s != 0 && yield(s.first()); s = s.without(s.first()) {
		}
	}
}
