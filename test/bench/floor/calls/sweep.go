package calls

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"
	"golang.org/x/sync/errgroup"
)

// Sweep is what to sweep, and how much of it at the same time.
type Sweep struct {
	Roles      []string // one for each account; "" is the caller's own account
	Regions    []string
	Partitions int // at the same time
	Rejections int // at the same time in each of them
}

// Sweep rejects every pending request, and returns how many. Sessions are opened before anything else and kept.
func (c *Cloud) Sweep(creds Credentials, s Sweep) (rejected int, err error) {
	sessions := make([]Credentials, len(s.Roles))
	var opening errgroup.Group
	opening.SetLimit(s.Partitions)
	for i, role := range s.Roles {
		opening.Go(func() (err error) {
			sessions[i], err = c.session(creds, role)
			return err
		})
	}
	if err := opening.Wait(); err != nil {
		return 0, err
	}
	var count atomic.Int64
	var sweeping errgroup.Group
	sweeping.SetLimit(s.Partitions)
	for _, session := range sessions {
		for _, region := range s.Regions {
			sweeping.Go(func() error {
				n, err := c.sweepPartition(session, region, s.Rejections)
				count.Add(int64(n))
				return err
			})
		}
	}
	err = sweeping.Wait()
	return int(count.Load()), err
}

func (c *Cloud) session(creds Credentials, role string) (Credentials, error) {
	if role == "" {
		return creds, nil
	}
	if kept, ok := c.sessions.Load(role); ok {
		return kept.(Credentials), nil //nolint:forcetypeassert // nothing else is stored
	}
	session, err := c.assume(creds, "cn-hangzhou", role)
	if err == nil {
		c.sessions.Store(role, session)
	}
	return session, err
}

func (c *Cloud) sweepPartition(creds Credentials, region string, atOnce int) (rejected int, err error) {
	client, err := c.client(creds, region)
	if err != nil {
		return 0, err
	}
	for token := ""; ; {
		list := vpcpeer.CreateListVpcPeerConnectionsRequest()
		c.address(list)
		list.MaxResults, list.NextToken = requests.NewInteger(100), token
		page, err := client.ListVpcPeerConnections(list)
		if err != nil {
			return rejected, err
		}
		var rejecting errgroup.Group
		rejecting.SetLimit(atOnce)
		for _, found := range page.VpcPeerConnects {
			rejecting.Go(func() error {
				return c.reject(client, found.InstanceId, "floor-"+found.InstanceId+"-"+strconv.FormatInt(time.Now().UnixNano(), 36))
			})
		}
		if err := rejecting.Wait(); err != nil {
			return rejected, err
		}
		rejected += len(page.VpcPeerConnects)
		if token = page.NextToken; token == "" {
			return rejected, nil
		}
	}
}
