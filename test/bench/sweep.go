package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"peerguard/test/bench/floor/calls"
	"peerguard/test/bench/world"
)

// apiLatency is how long each call takes when the simulated API is as slow as a real one.
const apiLatency = 20 * time.Millisecond

// The pace of AssumeRole: so many sessions at once, then so many a second.
const (
	sessionsAtOnce = 10
	sessionsRate   = 90
)

// What the floor does at the same time. It is what peerguard does when calls take apiLatency.
const (
	floorPartitions = 64
	floorRejections = 5
)

// organisation is what is swept.
type organisation struct{ accounts, regions int }

func (o organisation) partitions() int { return o.accounts * o.regions }

// pace returns how long it takes to open a session in each account but the function's own.
func (o organisation) pace() time.Duration {
	return time.Duration(max(0, o.accounts-1-sessionsAtOnce)) * time.Second / sessionsRate
}

// swept is the cost of a sweep.
type swept struct {
	wall, onCPU time.Duration
	calls       int
}

func (s swept) perCall() time.Duration { return s.onCPU / time.Duration(s.calls) }

// sweeper is a program that sweeps an organisation.
type sweeper struct {
	*function
	organisation
	cloud   *simulation
	payload func(n int) string // of its n-th sweep
	n       int
}

// stage is an organisation in a cloud of its own, with the two programs in front of it.
type stage struct {
	cloud       *simulation
	ours, floor *sweeper
}

func (r *rig) stage(ctx context.Context, o organisation, latency time.Duration) (*stage, error) {
	c, err := r.startCloud(ctx, "-accounts", strconv.Itoa(o.accounts), "-regions", strconv.Itoa(o.regions), "-each", "0", "-latency", latency.String())
	if err != nil {
		return nil, err
	}
	s := &stage{cloud: c}
	if err := s.start(ctx, r, o); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// start starts the two programs.
func (s *stage) start(ctx context.Context, r *rig, o organisation) error {
	policy, err := r.write("sweep.yaml", policyText(o.accounts, o.regions))
	if err != nil {
		return err
	}
	f, _, err := startFunction(ctx, r.binary(ours), s.cloud.env(policy)...)
	if err != nil {
		return err
	}
	s.ours = &sweeper{function: f, organisation: o, cloud: s.cloud, payload: timer}
	if f, _, err = startFunction(ctx, r.binary(bare), s.cloud.floorEnv()...); err != nil {
		return err
	}
	s.floor = &sweeper{function: f, organisation: o, cloud: s.cloud, payload: o.bareCalls}
	return nil
}

func (s *stage) end() {
	for _, one := range []*sweeper{s.ours, s.floor} {
		if one != nil {
			one.stop()
		}
	}
	s.cloud.end()
}

// timer returns the payload of peerguard's n-th sweep.
func timer(n int) string {
	return fmt.Sprintf(`{"triggerTime":"2026-11-01T08:%02d:00Z","triggerName":"sweep","payload":""}`, n)
}

// bareCalls returns the payload of the floor's n-th sweep. The first opens the sessions and calls nothing else.
func (o organisation) bareCalls(n int) string {
	sweep := calls.Sweep{Partitions: floorPartitions, Rejections: floorRejections, Roles: []string{""}}
	for i := 1; i < o.accounts; i++ {
		sweep.Roles = append(sweep.Roles, world.Role(i))
	}
	for j := range o.regions {
		if n > 0 {
			sweep.Regions = append(sweep.Regions, world.Region(j))
		}
	}
	payload, _ := json.Marshal(sweep) //nolint:errchkjson // strings and numbers
	return string(payload)
}

// sweep sweeps once, and fails unless every partition was listed and every pending request was rejected.
func (s *sweeper) sweep(ctx context.Context, pending int) (swept, error) {
	if _, err := s.cloud.seen(); err != nil {
		return swept{}, err
	}
	before, err := s.cpu()
	if err != nil {
		return swept{}, err
	}
	wall, _, err := s.invoke(ctx, s.payload(s.n))
	s.n++
	if err != nil {
		return swept{}, err
	}
	after, err := s.cpu()
	if err != nil {
		return swept{}, err
	}
	seen, err := s.cloud.seen()
	switch {
	case err != nil:
		return swept{}, err
	case seen.Throttled > 0 || seen.Rejected != pending:
		return swept{}, fmt.Errorf("%d of %d rejected, %d calls throttled", seen.Rejected, pending, seen.Throttled)
	}
	return swept{wall, after - before, seen.Calls}, nil
}

// compareSweep compares sweeps with the same calls made by the floor.
func compareSweep(ctx context.Context, r *rig) ([]row, error) {
	idle, err := r.compareIdle(ctx, organisation{r.times(500, 5), r.times(30, 6)})
	if err != nil {
		return nil, err
	}
	busy, err := r.comparePending(ctx, organisation{r.times(1000, 5), r.times(30, 6)})
	return append(idle, busy...), err
}

// compareIdle sweeps when nothing is pending: the first time without any session, then with all of them.
func (r *rig) compareIdle(ctx context.Context, o organisation) ([]row, error) {
	var cold, warm, floor []swept
	for range r.times(3, 1) {
		if err := r.idleRound(ctx, o, &cold, &warm, &floor); err != nil {
			return nil, err
		}
	}
	first, floorCost := middle(cold), middle(floor)
	least := max(floorCost.wall, o.pace())
	rows := sweepRows(fmt.Sprintf("a sweep of %d partitions, nothing pending, %v a call", o.partitions(), apiLatency), middle(warm), floorCost, 1)
	return append(rows, row{
		what: fmt.Sprintf("  without sessions, vs the longer of the bare calls and %d sessions at %d/s", o.accounts, sessionsRate),
		ours: seconds(first.wall), floor: seconds(least), ratio: ratio(first.wall, least), target: 1.1,
	}), nil
}

// idleRound adds what new processes take.
func (r *rig) idleRound(ctx context.Context, o organisation, cold, warm, floor *[]swept) error {
	s, err := r.stage(ctx, o, apiLatency)
	if err != nil {
		return err
	}
	defer s.end()
	if _, err := s.floor.sweep(ctx, 0); err != nil { // opens its sessions
		return err
	}
	for _, one := range []struct {
		by *sweeper
		to *[]swept
	}{{s.ours, cold}, {s.floor, floor}, {s.ours, warm}} {
		cost, err := one.by.sweep(ctx, 0)
		if err != nil {
			return err
		}
		*one.to = append(*one.to, cost)
	}
	return nil
}

// comparePending sweeps when requests are pending, first few and then many in the same partitions.
func (r *rig) comparePending(ctx context.Context, o organisation) ([]row, error) {
	s, err := r.stage(ctx, o, apiLatency)
	if err != nil {
		return nil, err
	}
	defer s.end()
	for _, one := range []*sweeper{s.ours, s.floor} {
		if _, err := one.sweep(ctx, 0); err != nil { // opens the sessions
			return nil, err
		}
	}
	_, small, err := s.reject(ctx, s.ours, 1, 3)
	if err != nil {
		return nil, err
	}
	many, big, err := s.reject(ctx, s.ours, 2, 1)
	if err != nil {
		return nil, err
	}
	floor, _, err := s.reject(ctx, s.floor, 2, 1)
	if err != nil {
		return nil, err
	}
	n := o.partitions()
	return append(sweepRows(fmt.Sprintf("a sweep of %d partitions, %d requests pending, %v a call", n, 2*n, apiLatency), many, floor, 1.25),
		row{what: "  peak memory, vs 128 MiB", ours: mebibytes(big), floor: mebibytes(128 << 20), ratio: ratio(big, 128<<20), target: 1},
		row{what: fmt.Sprintf("  peak memory, vs with %d requests", n/3), ours: mebibytes(big), floor: mebibytes(small), ratio: ratio(big, small), target: 1.05},
	), nil
}

// reject lets a program sweep after so many requests have become pending in every n-th partition. It returns the peak of its
// memory too.
func (s *stage) reject(ctx context.Context, one *sweeper, each, every int) (swept, int, error) {
	if err := s.cloud.fill(each, every); err != nil {
		return swept{}, 0, err
	}
	cost, err := one.sweep(ctx, one.partitions()/every*each)
	if err != nil {
		return swept{}, 0, err
	}
	m, err := one.memory()
	return cost, m.peak, err
}

func sweepRows(what string, a, b swept, onCPU float64) []row {
	return []row{
		{what: what, ours: seconds(a.wall), floor: seconds(b.wall), ratio: ratio(a.wall, b.wall), target: 1.1},
		{what: fmt.Sprintf("  processor time of a call, at %.0f calls/s", float64(a.calls)/a.wall.Seconds()), ours: microseconds(a.perCall()), floor: microseconds(b.perCall()), ratio: ratio(a.perCall(), b.perCall()), target: onCPU},
	}
}

// middle returns the medians of several sweeps.
func middle(all []swept) swept {
	m := all[0]
	var wall, onCPU []time.Duration
	for _, s := range all {
		wall, onCPU = append(wall, s.wall), append(onCPU, s.onCPU)
	}
	m.wall, m.onCPU = median(wall), median(onCPU)
	return m
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
