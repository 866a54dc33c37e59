package simulator_test

import (
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpc"

	"peerguard/simulator"
)

func (r caller) regions() (string, error) {
	c, err := vpc.NewClientWithOptions(r.region, r.rig.config(r.timeout), r.credential())
	if err != nil {
		panic(err)
	}
	c.Domain = r.rig.domain
	got, err := c.DescribeRegions(vpc.CreateDescribeRegionsRequest())
	var ids []string
	for _, region := range got.Regions.Region {
		ids = append(ids, region.RegionId)
	}
	return strings.Join(ids, " "), err
}

func TestRegions(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := newCloud()
		for want, regions := range map[string][]string{"cn-hangzhou": nil, "me-east-1 cn-hangzhou": {"me-east-1", "cn-hangzhou"}} {
			c.Regions = regions
			if got, err := start(c).as(accepterKey).regions(); err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
	})
}

// TestRegionsOfConnections: a cloud in which every region exists shows those that matter. No permission is needed.
func TestRegionsOfConnections(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"), with(request("pcc-2"), func(it *simulator.Item) { it.AcceptingRegionID = "us-east-1" }))
	c.Remove("pcc-2")
	narrow := sessionKey
	narrow.Policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`
	c.AddKey(narrow)
	if got, err := inProcess(c).as(narrow).regions(); err != nil || got != away+" "+home {
		t.Errorf("got %q, %v", got, err)
	}
}
