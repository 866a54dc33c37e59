// Package world names what the simulated cloud of the comparisons holds, so that the process that plays it and the one
// that measures agree: accounts, in each the same regions, in each partition the same number of pending requests.
package world

import (
	"fmt"

	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

// Stranger is the account that requests every connection. No policy here names it.
const Stranger peering.Account = "6666666666666666"

// Account returns the i-th guarded account. The first is the function's own.
func Account(i int) peering.Account {
	if i == 0 {
		return platform.Account
	}
	return peering.Account(fmt.Sprintf("%016d", 1_200_000_000_000_000+i))
}

// Role returns the ARN of the role that guards the i-th account.
func Role(i int) string { return "acs:ram::" + string(Account(i)) + ":role/peerguard" }

// Region returns the j-th region.
func Region(j int) string { return fmt.Sprintf("cn-region%d", j) }

// Connection returns the instance id of the k-th request to the i-th account in the j-th region.
func Connection(i, j, k int) string { return fmt.Sprintf("pcc-a%dr%dn%d", i, j, k) }

// Served is what the simulated cloud says when it is ready: the base URL of each API.
type Served struct{ VPCPeer, STS string }

// Seen counts the calls that the simulated cloud has seen since it was last asked.
type Seen struct{ Calls, Throttled, Rejected int }
