package simulator

import (
	"errors"
	"fmt"
	"slices"

	"peerguard/function/peering"
)

// regionsAnswer is the answer of DescribeRegions.
type regionsAnswer struct {
	RequestID string     `json:"RequestId"`
	Regions   regionList `json:"Regions"`
}

type regionList struct {
	Region []regionItem `json:"Region"`
}

type regionItem struct {
	RegionID       string `json:"RegionId"`
	LocalName      string `json:"LocalName"`
	RegionEndpoint string `json:"RegionEndpoint"`
}

func (c *Cloud) describeRegions(cl *call) answer {
	cl.wait(c.Latency)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := regionsAnswer{RequestID: cl.RequestID}
	for _, id := range c.regions() {
		a.Regions.Region = append(a.Regions.Region, regionItem{id, id, "vpc." + id + ".aliyuncs.com"})
	}
	return done(a)
}

// regions returns the regions that exist. If every one does, it returns those of the connections, and one more, so that
// there always is one. The lock is held.
func (c *Cloud) regions() []string {
	if c.Regions != nil {
		return c.Regions
	}
	ids := []string{"cn-hangzhou"}
	for in, x := range c.partitions {
		if in.Region != "" && len(x.items) > 0 { // "" is the list of all regions
			ids = append(ids, in.Region)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// validRegions returns what is wrong with the regions of a seed, or nil.
func validRegions(ids []string) error {
	if ids != nil && len(ids) == 0 {
		return errors.New("want one at least, or none of the key")
	}
	for i, id := range ids {
		if !peering.ValidRegion(id) {
			return fmt.Errorf("%q is not a region id", id)
		}
		if slices.Contains(ids[:i], id) {
			return fmt.Errorf("%s is there twice", id)
		}
	}
	return nil
}
