package acs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

const (
	own      = peering.Account("1111111111111111")
	member   = peering.Account("9999999999999999")
	stranger = 6666666666666666
	role     = "acs:ram::9999999999999999:role/peerguard"
)

var (
	home  = peering.Partition{Account: own, Region: "cn-shanghai"}
	there = peering.Partition{Account: member, Region: "cn-shanghai"}
	quota = acs.Quota{Burst: 60, Rate: 5}
)

// canaries are the caller's credentials: nothing but a signed request may hold one of them.
var (
	canaries = platform.Credentials().Sealed()
	caller   = acs.Caller{Account: own, Region: "cn-shanghai", Credentials: canaries}
)

// client calls an API as the rooms that are built on acs do: it has a call that reads and one that writes.
type client struct{ *acs.Cloud }

func newClient(cfg acs.Config) client { return client{acs.New(cfg)} }

func (c client) get(ctx context.Context, in peering.Partition) error {
	return c.do(ctx, in, func() requests.AcsRequest {
		request := vpcpeer.CreateGetVpcPeerConnectionAttributeRequest()
		request.InstanceId = "pcc-one"
		return request
	})
}

func (c client) reject(ctx context.Context, in peering.Partition, id, token string) error {
	return c.do(ctx, in, func() requests.AcsRequest {
		request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		request.InstanceId, request.ClientToken, request.DryRun = id, token, requests.NewBoolean(false)
		return request
	})
}

func (c client) do(ctx context.Context, in peering.Partition, request func() requests.AcsRequest) error {
	call := acs.Call{Service: acs.VpcPeer, In: in, Quota: quota}
	if in.Account == member {
		call.Role = acs.Role{ARN: role}
	}
	return c.Do(ctx, caller, call, func(send acs.Send) error { return send(request(), new(acs.Confirmation)) })
}

func (c client) assume(ctx context.Context) error {
	_, err := c.RoleCredentials(ctx, caller, acs.Role{ARN: role}, peering.Credentials{})
	return err
}

// world is a simulated cloud and a client of it.
type world struct {
	*simulator.Cloud
	client client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := &simulator.Cloud{}
	sim.AddKey(simulator.Key{ID: canaries.AccessKeyID(), Secret: canaries.AccessKeySecret(), Token: canaries.SecurityToken(), Account: own})
	sim.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{own}})
	t.Cleanup(func() {
		if unknown := sim.UnknownActions(); len(unknown) > 0 {
			t.Errorf("the simulator does not know %v", unknown)
		}
	})
	return &world{sim, newClient(acs.Config{Transport: sim})}
}

func pending(id string, accepter int64) simulator.Item {
	return simulator.Item{
		InstanceID: id, OwnerID: stranger, RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-a"},
		AcceptingOwnerUID: accepter, AcceptingRegionID: "cn-shanghai", AcceptingVPC: simulator.VPC{VpcID: "vpc-b"},
		Status: peering.Accepting, GmtCreate: "2026-11-01T00:00:00Z",
	}
}

// within returns a context with a deadline.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// failed returns the failure that an error is.
func failed(t *testing.T, err error) *peering.Failure {
	t.Helper()
	f, ok := errors.AsType[*peering.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a *peering.Failure", err)
	}
	return f
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var signature = regexp.MustCompile(`Signature=[A-Za-z0-9]`)

// leakFree fails the test if text holds a secret or a signature.
func leakFree(t *testing.T, text string) {
	t.Helper()
	if signature.MatchString(text) {
		t.Errorf("a signature is in %s", text)
	}
	if leaks := platform.Leaks(text); leaks != nil {
		t.Errorf("the %v is in %s", leaks, text)
	}
}

// says is a server that always gives the same answer.
type says struct {
	status int
	body   string
}

func (s says) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: s.status, Status: http.StatusText(s.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(s.body))), Request: r,
	}, nil
}

// mute never answers.
type mute struct{}

func (mute) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// recorder notes the hosts of all requests and answers none of them.
type recorder struct {
	mu    sync.Mutex
	hosts []string
}

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts = append(r.hosts, q.URL.Scheme+"://"+q.URL.Host)
	return nil, errors.New("nobody is there")
}

func (r *recorder) has(host string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.hosts, host)
}
