// Package world names what the simulated cloud of the comparisons holds, so that the process that plays it and the one
// that measures agree: accounts, in each the same regions, in each partition the same number of pending requests.
package world

import (
	"fmt"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

// Stranger is the account that requests every connection. No policy here names it.
const Stranger peering.Account = "6666666666666666"

// Account gives the i-th guarded account. The first is the function's own.
func Account(i int) peering.Account {
	if i == 0 {
		return platform.Account
	}
	return peering.Account(fmt.Sprintf("%016d", 1_200_000_000_000_000+i))
}

// Role gives the ARN of the role that guards the i-th account.
func Role(i int) string { return "acs:ram::" + string(Account(i)) + ":role/peerguard" }

// Region gives the j-th region.
func Region(j int) string { return fmt.Sprintf("cn-region%d", j) }

// Connection gives the instance id of the k-th request to the i-th account in the j-th region.
func Connection(i, j, k int) string { return fmt.Sprintf("pcc-a%dr%dn%d", i, j, k) }

// Served is what the simulated cloud says when it is ready.
type Served struct {
	VPCPeer string // base URL of each API, and of the witness
	STS     string
	Witness string
}

// Seen is what the witness beside the cloud has seen since it was last asked.
type Seen struct {
	Connections map[string]int // accepted, by the API's base URL
	Handshakes  map[string]int // TLS handshakes begun, likewise
	Calls       int
	Throttled   int
	Moments     []Moment
}

// Moment is when something happened.
type Moment struct {
	What string // "accepted": a connection; "called", "answered": a call
	At   time.Time
}
