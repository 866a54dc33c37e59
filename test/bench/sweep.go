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

// sliceAccounts is how many accounts the sequential loop sweeps. All of them would take it half an hour.
const sliceAccounts = 2

// organisation is what is swept.
type organisation struct {
	accounts, regions int
	each              int // pending requests in a partition
	every             int // n means in every n-th partition only
}

func (o organisation) partitions() int { return o.accounts * o.regions }

func (o organisation) connections() int { return o.partitions() / o.every * o.each }

// swept is the cost of a sweep.
type swept struct {
	wall  time.Duration
	calls int
	peak  int
}

const timer = `{"triggerTime":"2026-11-01T08:00:00Z","triggerName":"sweep","payload":""}`

// compareSweep compares a sweep of an organisation with a loop that makes the same calls one after the other, for a few of
// its accounts.
func compareSweep(ctx context.Context, r *rig) ([]row, error) {
	whole := organisation{r.times(1000, 5), r.times(30, 6), 2, 1}
	few := organisation{whole.accounts, whole.regions, 1, 3}
	big, slice, err := r.sweep(ctx, whole)
	if err != nil {
		return nil, err
	}
	small, _, err := r.sweep(ctx, few)
	if err != nil {
		return nil, err
	}
	perPartition := big.wall / time.Duration(whole.partitions())
	return []row{
		{
			what: fmt.Sprintf("a sweep of %d × %d partitions, %d requests, %v latency, vs a loop (each partition)", whole.accounts, whole.regions, whole.connections(), apiLatency),
			ours: microseconds(perPartition), floor: microseconds(slice), ratio: ratio(slice, perPartition), target: 30, most: true,
		},
		{what: fmt.Sprintf("  wall time %.1f s, %.0f calls/s; peak memory, vs 128 MiB", big.wall.Seconds(), float64(big.calls)/big.wall.Seconds()),
			ours: mebibytes(big.peak), floor: mebibytes(128 << 20), ratio: ratio(big.peak, 128<<20), target: 1},
		{what: fmt.Sprintf("  peak memory with %d requests, vs %d in the same partitions", whole.connections(), few.connections()),
			ours: mebibytes(big.peak), floor: mebibytes(small.peak), ratio: ratio(big.peak, small.peak), target: 1.05},
	}, nil
}

// sweep lets both sweep a new cloud; the loop sweeps a few accounts that peerguard does not guard. The duration is what the
// loop takes for a partition.
func (r *rig) sweep(ctx context.Context, o organisation) (swept, time.Duration, error) {
	c, err := r.startCloud(ctx, "-accounts", strconv.Itoa(o.accounts+sliceAccounts), "-regions", strconv.Itoa(o.regions),
		"-each", strconv.Itoa(o.each), "-every", strconv.Itoa(o.every), "-latency", apiLatency.String())
	if err != nil {
		return swept{}, 0, err
	}
	defer c.end()
	slice, err := r.loop(ctx, c, o)
	if err != nil {
		return swept{}, 0, err
	}
	policy, err := r.write("sweep.yaml", policyText(o.accounts, o.regions))
	if err != nil {
		return swept{}, 0, err
	}
	f, _, err := startFunction(ctx, r.binary(ours), c.env(policy)...)
	if err != nil {
		return swept{}, 0, err
	}
	defer f.stop()
	s, err := f.sweep(ctx, c, o)
	return s, slice, err
}

func (f *function) sweep(ctx context.Context, c *simulation, o organisation) (swept, error) {
	if _, err := c.seen(); err != nil {
		return swept{}, err
	}
	wall, reply, err := f.invoke(ctx, timer)
	if err != nil {
		return swept{}, err
	}
	var report struct{ Counts map[string]int }
	if err := json.Unmarshal(reply, &report); err != nil {
		return swept{}, fmt.Errorf("reading the report: %w", err)
	}
	if n := report.Counts["rejected"]; n != o.connections() {
		return swept{}, fmt.Errorf("%d of %d rejected", n, o.connections())
	}
	seen, err := c.seen()
	if err != nil {
		return swept{}, err
	}
	if seen.Throttled > 0 {
		return swept{}, fmt.Errorf("%d calls throttled", seen.Throttled)
	}
	m, err := f.memory()
	return swept{wall, seen.Calls, m.peak}, err
}

// loop returns what the sequential loop takes for a partition.
func (r *rig) loop(ctx context.Context, c *simulation, o organisation) (time.Duration, error) {
	var slice calls.Slice
	for i := range sliceAccounts {
		slice.Roles = append(slice.Roles, world.Role(o.accounts+i))
	}
	for j := range o.regions {
		slice.Regions = append(slice.Regions, world.Region(j))
	}
	payload, err := json.Marshal(slice)
	if err != nil {
		return 0, fmt.Errorf("writing the slice: %w", err)
	}
	f, _, err := startFunction(ctx, r.binary(bare), c.floorEnv()...)
	if err != nil {
		return 0, err
	}
	defer f.stop()
	took, _, err := f.invoke(ctx, string(payload))
	return took / time.Duration(sliceAccounts*o.regions), err
}
