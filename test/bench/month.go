package main

import (
	"context"
	"fmt"
	"time"
)

// slowLatency is how long each call takes in a month's sweeps. Nobody has measured the real API from Function Compute.
const slowLatency = 100 * time.Millisecond

// The size of an instance, as s.yaml has it.
const (
	deployedCPU = 0.2  // vCPU
	deployedGB  = 0.25 // memory
)

// What the largest sweep is allowed.
const (
	mostTime   = 25 * time.Second
	mostCPU    = mostTime / 5 // all of deployedCPU
	mostMemory = 64 << 20
)

// sweepsAMonth is one a minute, for 30 days.
const sweepsAMonth = 30 * 24 * 60

// quietCost is what a sweep costs when nothing is pending.
type quietCost struct {
	swept
	peak    int // bytes of memory
	printed int // bytes of log
}

// compareMonth sweeps organisations of several sizes in which nothing is pending, as is usual, and works out a month of it.
func compareMonth(ctx context.Context, r *rig) ([]row, error) {
	var rows, months []row
	for _, o := range []organisation{{1, 1}, {5, 20}, {r.times(100, 6), r.times(30, 6)}, {r.times(1000, 7), r.times(30, 7)}} {
		cost, err := r.quiet(ctx, o)
		if err != nil {
			return nil, err
		}
		rows = []row{ // of the largest
			{what: fmt.Sprintf("a sweep of %d partitions, nothing pending, %v a call, vs 25 s", o.partitions(), slowLatency), ours: seconds(cost.wall), floor: seconds(mostTime), ratio: ratio(cost.wall, mostTime), target: 1},
			{what: fmt.Sprintf("  processor time, vs %g of a core for 25 s", deployedCPU), ours: seconds(cost.onCPU), floor: seconds(mostCPU), ratio: ratio(cost.onCPU, mostCPU), target: 1},
			{what: "  peak memory, vs 64 MiB", ours: mebibytes(cost.peak), floor: mebibytes(mostMemory), ratio: ratio(cost.peak, mostMemory), target: 1},
		}
		months = append(months, month(o, cost))
	}
	return append(rows, months...), nil
}

// quiet sweeps an organisation a few times. The first one opens the sessions and does not count.
func (r *rig) quiet(ctx context.Context, o organisation) (quietCost, error) {
	s, err := r.stage(ctx, o, slowLatency)
	if err != nil {
		return quietCost{}, err
	}
	defer s.end()
	var all []swept
	for range r.times(4, 2) {
		cost, err := s.ours.sweep(ctx, 0)
		if err != nil {
			return quietCost{}, err
		}
		all = append(all, cost)
	}
	m, err := s.ours.memory()
	s.ours.stop() // all that it printed has been counted
	return quietCost{middle(all[1:]), m.peak, int(s.ours.printed.Load()) / len(all)}, err
}

// month returns what is billed for a sweep each minute: an instance of the deployed size for as long as a sweep takes it. If that
// waits for the processor, it takes longer there than here.
func month(o organisation, one quietCost) row {
	busy := max(one.wall, time.Duration(float64(one.onCPU)/deployedCPU)).Seconds() * sweepsAMonth
	return row{
		what: fmt.Sprintf("30 days of a sweep of %d × %d partitions each minute: %d invocations", o.accounts, o.regions, sweepsAMonth),
		ours: fmt.Sprintf("%.0f vCPU-s, %.0f GB-s, %.1f MB of log", busy*deployedCPU, busy*deployedGB, float64(one.printed)*sweepsAMonth/1e6),
	}
}
