package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"peerguard/test/bench/world"
)

// wideRegions is over how many regions events are spread, so that the client's pace never makes one wait, as it never
// does in a fleet.
const wideRegions = 1000

// subject is a function that handles events, and what that took.
type subject struct {
	*function
	name    string
	serial  int
	took    []time.Duration
	onCPU   time.Duration
	handled int
}

// event is the n-th event of one name: a stranger's request to the function's account.
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

// wideCloud is a cloud for events that are spread.
func (r *rig) wideCloud(ctx context.Context, latency time.Duration) (*simulation, error) {
	return r.startCloud(ctx, "-regions", strconv.Itoa(wideRegions), "-revive", "-latency", latency.String())
}

// subjects starts peerguard and the bare calls beside one cloud.
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

// compareEvents measures the handling of events, of an API that takes no time and of one that takes as long as a real
// one. The ratio of latencies is the median of those of the blocks, that of processor time is of the whole.
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

// blocks lets peerguard and the bare calls handle blocks of events in turn, after some to warm up.
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

// duel lets both handle blocks of events in turn, each being the first as often as the other.
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

// ratios gives the median of the ratios of the blocks' medians.
func ratios(a, b []time.Duration, blocks int) float64 {
	size := len(a) / blocks
	each := make([]float64, blocks)
	for i := range blocks {
		each[i] = ratio(median(a[i*size:(i+1)*size]), median(b[i*size:(i+1)*size]))
	}
	return median(each)
}
