package attacks_test

import (
	"fmt"

	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// More accounts, as the API writes them.
const (
	partner = 2222222222222222 // of an allow rule
	phisher = 3333333333333333 // of a reject rule
	flooder = 6666666666666667 // of none
)

// own is the function's account, as a policy names it.
const own = platform.Account

// requestIn is a request to another region.
func requestIn(region, id string, requester int64) simulator.Item {
	it := request(id, requester)
	it.AcceptingRegionID = region
	return it
}

// flood adds many requests of one requester.
func (w *world) flood(n int, region string) {
	for i := range n {
		w.Put(requestIn(region, fmt.Sprintf("pcc-junk%d", i), flooder))
	}
}
