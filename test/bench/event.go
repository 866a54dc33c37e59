package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/handler"
	"peerguard/function/policy"
	"peerguard/simulator/platform"
	"peerguard/test/bench/floor/calls"
	"peerguard/test/bench/world"
)

// wideRegions is the number of regions that events are spread over, so that the client's limit of calls in each region never
// makes one wait.
const wideRegions = 1000

// subject is a function that handles events, and the figures of that.
type subject struct {
	*function
	name    string
	serial  int
	took    []time.Duration
	onCPU   time.Duration
	handled int
}

// event returns the n-th event for a program: a stranger's request to the function's account.
func event(name string, n int) string {
	return fmt.Sprintf(`{"id":"%s-%d","source":"acs.vpcpeer","specversion":"1.0","type":"vpcpeer:ActionTrail:ApiCall",
"time":"2026-11-01T08:00:00Z","datacontenttype":"application/json;charset=utf-8","subject":"acs:vpcpeer:cn-hangzhou:%[4]s:%[3]s",
"aliyunaccountid":"1111111111111111","aliyunpublishtime":"2026-11-01T08:00:01.234Z","aliyuneventbusname":"default","aliyunregionid":"cn-hangzhou",
"data":{"eventId":"%[1]s-%[2]d","eventVersion":"1","eventName":"CreateVpcPeerConnection","eventType":"ApiCall","eventRW":"Write","eventSource":"vpcpeer.aliyuncs.com",
"eventTime":"2026-11-01T08:00:00Z","eventCategory":"Management","acsRegion":"cn-hangzhou","apiVersion":"2022-01-01","requestId":"54B48E3D-DF70-471B-AA93-08E683A1B45",
"recipientAccountId":"%[4]s","serviceName":"VpcPeer","sourceIpAddress":"203.0.113.7","userAgent":"AlibabaCloud (linux; amd64) Golang/1.20 Core/0.01",
"requestParameters":{"AcceptingAliUid":1111111111111111,"AcceptingRegionId":"%[5]s","AcceptingVpcId":"vpc-bp1gsk7h12ew7oegk0000","VpcId":"vpc-bp1vzjkp2q1xgnind0000","RegionId":"cn-hangzhou"},
"responseElements":{"InstanceId":"%[3]s","RequestId":"54B48E3D-DF70-471B-AA93-08E683A1B45"},
"userIdentity":{"accountId":"%[4]s","principalId":"%[4]s","type":"root-account","userName":"root"}}}`,
		name, n, world.Connection(0, n%wideRegions, 0), world.Stranger, world.Region(n%wideRegions))
}

// handle sends events, one after the other, and keeps the figures.
func (s *subject) handle(ctx context.Context, events int) error {
	before, err := s.cpu()
	if err != nil {
		return err
	}
	for range events {
		took, reply, err := s.invoke(ctx, event(s.name, s.serial))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if s.name == ours && !bytes.Contains(reply, []byte(`"rejected":1`)) {
			return fmt.Errorf("%s: not rejected: %s", s.name, reply)
		}
		s.serial++
		s.took = append(s.took, took)
	}
	after, err := s.cpu()
	s.onCPU, s.handled = s.onCPU+after-before, s.handled+events
	return err
}

// wideCloud starts a cloud that has a pending request in each of the wide regions, however often it is rejected.
func (r *rig) wideCloud(ctx context.Context, latency time.Duration) (*simulation, error) {
	return r.startCloud(ctx, "-regions", strconv.Itoa(wideRegions), "-revive", "-latency", latency.String())
}

// subjects starts peerguard and the bare calls in front of one cloud.
func (r *rig) subjects(ctx context.Context, c *simulation) (a, b *subject, err error) {
	policy, err := r.write("event.yaml", policyText(1, 1))
	if err != nil {
		return nil, nil, err
	}
	a, b = &subject{name: ours}, &subject{name: bare}
	if a.function, _, err = startFunction(ctx, r.binary(ours), c.env(policy)...); err != nil {
		return nil, nil, err
	}
	if b.function, _, err = startFunction(ctx, r.binary(bare), c.floorEnv()...); err != nil {
		a.stop()
		return nil, nil, err
	}
	return a, b, nil
}

// compareEvents measures how events are handled, with an API that answers at once and with one that takes as long as a real
// one. The ratio of latencies is the median of the blocks' ratios; that of processor time is of all events together.
func compareEvents(ctx context.Context, r *rig) ([]row, error) {
	a, b, latency, err := r.blocks(ctx, r.times(40, 2), r.times(250, 5), 0)
	if err != nil {
		return nil, err
	}
	slowA, slowB, slow, err := r.blocks(ctx, r.times(10, 2), r.times(10, 2), apiLatency)
	if err != nil {
		return nil, err
	}
	allocations, err := compareAllocations(ctx, r)
	if err != nil {
		return nil, err
	}
	cpuA, cpuB := a.onCPU/time.Duration(a.handled), b.onCPU/time.Duration(b.handled)
	return append([]row{
		{what: "an event, latency", ours: microseconds(median(a.took)), floor: microseconds(median(b.took)), ratio: latency, target: 1.1},
		{what: fmt.Sprintf("  when each call takes %v", apiLatency), ours: milliseconds(median(slowA.took)), floor: milliseconds(median(slowB.took)), ratio: slow},
		{what: "an event, processor time", ours: microseconds(cpuA), floor: microseconds(cpuB), ratio: ratio(cpuA, cpuB), target: 1.25},
	}, allocations...), nil
}

// blocks lets peerguard and the bare calls handle blocks of events in turn, after a few that warm them up.
func (r *rig) blocks(ctx context.Context, blocks, events int, latency time.Duration) (a, b *subject, ratio float64, err error) {
	c, err := r.wideCloud(ctx, latency)
	if err != nil {
		return nil, nil, 0, err
	}
	defer c.end()
	if a, b, err = r.subjects(ctx, c); err != nil {
		return nil, nil, 0, err
	}
	defer a.stop()
	defer b.stop()
	if err := duel(ctx, a, b, 4, events); err != nil {
		return nil, nil, 0, err
	}
	for _, s := range []*subject{a, b} {
		s.took, s.onCPU, s.handled = nil, 0, 0
	}
	if err := duel(ctx, a, b, blocks, events); err != nil {
		return nil, nil, 0, err
	}
	return a, b, ratios(a.took, b.took, blocks), nil
}

// duel lets both handle blocks of events in turn. They alternate in who begins.
func duel(ctx context.Context, a, b *subject, blocks, events int) error {
	for i := range blocks {
		first, second := a, b
		if i%2 == 1 {
			first, second = b, a
		}
		for _, s := range []*subject{first, second} {
			if err := s.handle(ctx, events); err != nil {
				return err
			}
		}
	}
	return nil
}

// ratios returns the median of the ratios of the blocks' medians.
func ratios(a, b []time.Duration, blocks int) float64 {
	size := len(a) / blocks
	each := make([]float64, blocks)
	for i := range blocks {
		each[i] = ratio(median(a[i*size:(i+1)*size]), median(b[i*size:(i+1)*size]))
	}
	return median(each)
}

// canned is a transport that knows the two answers of an event, so that only the caller's allocations are counted.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(`{"RequestId":"54B48E3D-DF70-471B-AA93-08E683A1B45"}`)
	if bytes.Contains([]byte(r.URL.RawQuery), []byte("GetVpcPeerConnectionAttribute")) {
		body = []byte(`{"RequestId":"54B48E3D-DF70-471B-AA93-08E683A1B45","InstanceId":"pcc-a0r0n0","Status":"Accepting","BizStatus":"Normal",
"OwnerId":6666666666666666,"AcceptingOwnerUid":1111111111111111,"RegionId":"cn-hangzhou","AcceptingRegionId":"cn-region0","Bandwidth":1024,
"Vpc":{"VpcId":"vpc-bp1vzjkp2q1xgnind0000","Ipv4Cidrs":["192.168.0.0/16"]},"AcceptingVpc":{"VpcId":"vpc-bp1gsk7h12ew7oegk0000","Ipv4Cidrs":["172.16.0.0/12"]},
"GmtCreate":"2026-11-01T08:00:00Z","GmtModified":"2026-11-01T08:00:00Z","GmtExpired":"2026-11-08T08:00:00Z","Name":"","Description":"","Tags":[]}`)
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

// compareAllocations counts what one event allocates, from the payload to the report or the last answer. It leaves out the
// runtime's loop and the network, which are the same for both.
func compareAllocations(ctx context.Context, r *rig) ([]row, error) {
	endpoint := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	h, err := r.inProcess(policyText(1, 1), acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: endpoint}, Transport: canned{}})
	if err != nil {
		return nil, err
	}
	secrets := platform.Credentials()
	payload := []byte(event(ours, 0))
	oursCount, oursBytes, err := allocated(func() error {
		timed, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		_, err := h.Handle(timed, invocation(), payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	floor := calls.Cloud{Endpoint: endpoint, Transport: canned{}}
	floorCount, floorBytes, err := allocated(func() error {
		return floor.Handle(calls.Credentials{ID: secrets.AccessKeyID, Secret: secrets.AccessKeySecret, Token: secrets.SecurityToken}, payload)
	})
	return []row{
		{what: "an event, allocations", ours: fmt.Sprint(oursCount), floor: fmt.Sprint(floorCount), ratio: ratio(oursCount, floorCount)},
		{what: "an event, bytes allocated", ours: kibibytes(oursBytes), floor: kibibytes(floorBytes), ratio: ratio(oursBytes, floorBytes)},
	}, err
}

// allocated returns how often a run of f allocates, and how many bytes. It runs f no more often than the limit of calls lets it.
func allocated(f func() error) (count, size int, err error) {
	const runs = 50
	if err := f(); err != nil {
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := f(); err != nil {
			return 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return int(after.Mallocs-before.Mallocs) / runs, int(after.TotalAlloc-before.TotalAlloc) / runs, nil
}

// inProcess returns peerguard's handler as its main puts it together.
func (r *rig) inProcess(policyText string, cloud acs.Config) (*handler.Handler, error) {
	const name = "inprocess.yaml"
	if _, err := r.write(name, policyText); err != nil {
		return nil, err
	}
	return handler.New(handler.Config{
		Policy: policy.NewSource(os.DirFS(r.dir), name).Load,
		Cloud:  acs.New(cloud),
		Log:    zerolog.New(zerolog.SyncWriter(io.Discard)).With().Timestamp().Logger(),
	}), nil
}

func invocation() fc.Invocation {
	return fc.Invocation{RequestID: "1-65f1b2a0-0123", Account: platform.Account, Region: "cn-hangzhou", Credentials: platform.Credentials().Sealed()}
}
