package simulator_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpc"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// TestMain fills maps of the SDK, which fills them on first use without a lock.
func TestMain(m *testing.M) {
	vpcpeer.GetEndpointMap()
	resourcemanager.GetEndpointMap()
	vpc.GetEndpointMap()
	sts.GetEndpointMap()
	os.Exit(m.Run())
}

const (
	accepter  peering.Account = "1111111111111111"
	requester peering.Account = "2222222222222222"
	bystander peering.Account = "5555555555555555"
	home                      = "cn-shanghai"
	away                      = "cn-hangzhou"
)

var (
	accepterKey  = simulator.Key{ID: "AKaccepter", Secret: "secret-of-accepter", Account: accepter}
	requesterKey = simulator.Key{ID: "AKrequester", Secret: "secret-of-requester", Account: requester}
	strangerKey  = simulator.Key{ID: "AKstranger", Secret: "secret-of-stranger", Account: bystander}
	sessionKey   = simulator.Key{ID: "STS.session", Secret: "secret-of-session", Token: "token/of+session==", Account: accepter}
)

// rig drives one cloud with the real SDK.
type rig struct {
	*simulator.Cloud
	domain, scheme string
	transport      http.RoundTripper
}

// via hides the type of a transport, because the SDK changes an *http.Transport.
type via struct{ http.RoundTripper }

func newCloud(items ...simulator.Item) *simulator.Cloud {
	c := &simulator.Cloud{}
	for _, k := range []simulator.Key{accepterKey, requesterKey, strangerKey, sessionKey} {
		c.AddKey(k)
	}
	c.Put(items...)
	return c
}

func inProcess(c *simulator.Cloud) rig { return rig{c, "vpcpeer.aliyuncs.com", "HTTPS", c} }

func overLoopback(t *testing.T, c *simulator.Cloud) rig {
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	tr := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !strings.HasPrefix(addr, "127.0.0.1:") {
			return nil, errors.New("a test may only dial loopback: " + addr)
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return rig{c, strings.TrimPrefix(s.URL, "http://"), "HTTP", via{tr}}
}

// bothWays runs a test over loopback and in process. Both must behave the same.
func bothWays(t *testing.T, test func(t *testing.T, start func(*simulator.Cloud) rig)) {
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		test(t, func(c *simulator.Cloud) rig { return overLoopback(t, c) })
	})
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		test(t, inProcess)
	})
}

func (r rig) config(timeout time.Duration) *sdk.Config {
	cfg := sdk.NewConfig().WithScheme(r.scheme).WithTimeout(timeout)
	cfg.Transport = r.transport
	return cfg
}

// caller makes calls with one key in one region.
type caller struct {
	rig     rig
	key     simulator.Key
	region  string
	timeout time.Duration
}

func (r rig) as(k simulator.Key) caller { return caller{r, k, home, 10 * time.Second} }

func (r caller) in(region string) caller {
	r.region = region
	return r
}

func (r caller) patient(d time.Duration) caller {
	r.timeout = d
	return r
}

func (r caller) peer() *vpcpeer.Client {
	c, err := vpcpeer.NewClientWithOptions(r.region, r.rig.config(r.timeout), r.credential())
	if err != nil {
		panic(err)
	}
	c.Domain = r.rig.domain
	return c
}

func (r caller) sts() *sts.Client {
	c, err := sts.NewClientWithOptions(r.region, r.rig.config(r.timeout), r.credential())
	if err != nil {
		panic(err)
	}
	c.Domain = r.rig.domain
	return c
}

func (r caller) credential() any {
	if r.key.Token != "" {
		return credentials.NewStsTokenCredential(r.key.ID, r.key.Secret, r.key.Token)
	}
	return credentials.NewAccessKeyCredential(r.key.ID, r.key.Secret)
}

func (r caller) get(id string) (*vpcpeer.GetVpcPeerConnectionAttributeResponse, error) {
	q := vpcpeer.CreateGetVpcPeerConnectionAttributeRequest()
	q.InstanceId = id
	return r.peer().GetVpcPeerConnectionAttribute(q)
}

func (r caller) list(next string, most int) (*vpcpeer.ListVpcPeerConnectionsResponse, error) {
	q := vpcpeer.CreateListVpcPeerConnectionsRequest()
	q.NextToken = next
	if most != 0 {
		q.MaxResults = requests.NewInteger(most)
	}
	return r.peer().ListVpcPeerConnections(q)
}

func (r caller) reject(id, token string, dryRun bool) (*vpcpeer.RejectVpcPeerConnectionResponse, error) {
	q := vpcpeer.CreateRejectVpcPeerConnectionRequest()
	q.InstanceId, q.ClientToken = id, token
	if dryRun {
		q.DryRun = requests.NewBoolean(true)
	}
	return r.peer().RejectVpcPeerConnection(q)
}

func (r caller) assume(change func(*sts.AssumeRoleRequest)) (*sts.AssumeRoleResponse, error) {
	q := sts.CreateAssumeRoleRequest()
	q.RoleArn, q.RoleSessionName = roleARN, "peerguard"
	if change != nil {
		change(q)
	}
	return r.sts().AssumeRole(q)
}

// code returns the API's error code, "" for success, or the text of any other error.
func code(err error) string {
	var e *sdkerrors.ServerError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.ErrorCode()
	}
	return err.Error()
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func wantStatus(t *testing.T, c *simulator.Cloud, id string, want peering.Status) {
	t.Helper()
	if it, ok := c.Item(id); !ok || it.Status != want {
		t.Errorf("%s: status %q (exists: %t), want %q", id, it.Status, ok, want)
	}
}

// request returns a pending request from requester to accepter.
func request(id string) simulator.Item {
	return simulator.Item{
		InstanceID: id, Status: peering.Accepting,
		OwnerID: 2222222222222222, RegionID: away, VPC: simulator.VPC{VpcID: "vpc-a", Ipv4Cidrs: []string{"10.1.0.0/16"}},
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: home, AcceptingVPC: simulator.VPC{VpcID: "vpc-b"},
	}
}

func with(it simulator.Item, change func(*simulator.Item)) simulator.Item {
	change(&it)
	return it
}
