package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// benchmark is the figures of one benchmark by their unit.
type benchmark map[string]float64

// benchmarks runs a room's own benchmarks. It returns their figures by name, without the word Benchmark and the number of
// processors.
func (r *rig) benchmarks(ctx context.Context, room, pattern string) (map[string]benchmark, error) {
	length := "1s"
	if r.short {
		length = "1x"
	}
	out, err := goCommand(ctx, nil, "test", "-run", "^$", "-bench", pattern, "-benchmem", "-benchtime", length, "-cpu", "1", "./"+room)
	if err != nil {
		return nil, err
	}
	found := map[string]benchmark{}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		name, ok := strings.CutPrefix(line, "Benchmark")
		if !ok || len(fields) < 4 {
			continue
		}
		figures := benchmark{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", line, err)
			}
			figures[fields[i+1]] = value
		}
		found[strings.Fields(name)[0]] = figures
	}
	return found, nil
}

// comparePolicy takes the figures of the policy's own benchmarks, which measure their floor themselves.
func comparePolicy(ctx context.Context, r *rig) ([]row, error) {
	found, err := r.benchmarks(ctx, "function/policy", "Decide|Load")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, n := range []string{"10", "10000", "100000"} {
		for _, rules := range []string{"accounts", "places", "cidrs"} {
			f := found["Decide/"+n+"/"+rules]
			r := row{
				what: fmt.Sprintf("a verdict, %s accounts, rules with %s, vs a map lookup; %g allocations", n, rules, f["allocs/op"]),
				ours: nanoseconds(f["ns/verdict"]), floor: nanoseconds(f["ns/lookup"]), ratio: f["verdict/lookup"], target: 5,
			}
			if rules == "cidrs" { // most of it is netip.ParsePrefix: a small part of an event, however many lookups it equals
				r.ns, r.target = f["ns/verdict"], 1_000
			}
			rows = append(rows, r)
		}
	}
	for _, list := range []string{"inline", "accounts_from"} {
		f := found["Load/"+list]
		rows = append(rows, row{
			what: fmt.Sprintf("loading 100000 accounts, %s, vs a bare decode", list),
			ours: fmt.Sprintf("%g ms", f["ms/load"]), floor: fmt.Sprintf("%g ms", f["ms/decode"]), ratio: f["load/decode"], target: 5,
		})
	}
	return rows, measured(rows)
}

// compareDiffs takes the figures of the benchmark in which every rule of a policy has changed: of fewer, diff takes less.
func compareDiffs(ctx context.Context, r *rig) ([]row, error) {
	found, err := r.benchmarks(ctx, "analysis", "Compare/.*/rewritten")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, size := range []struct {
		rules  string
		target time.Duration
	}{{"200", time.Second}, {"2000", 10 * time.Second}} {
		f, ok := found["Compare/"+size.rules+"/rewritten"]
		if !ok {
			return nil, fmt.Errorf("there is no benchmark of %s rules", size.rules)
		}
		rows = append(rows, row{
			what: fmt.Sprintf("comparing two policies, %s rules, 100000 accounts, every rule changed", size.rules),
			ours: milliseconds(time.Duration(f["ns/op"])), ns: f["ns/op"], target: float64(size.target),
		})
	}
	return rows, nil
}

// compareLogs takes the figures of the handler's own benchmarks.
func compareLogs(ctx context.Context, r *rig) ([]row, error) {
	found, err := r.benchmarks(ctx, "function/handler", "Decision|Report")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, line := range []string{"Decision", "Report"} {
		for _, level := range []string{"on", "off"} {
			f, ok := found[line+"/"+level]
			if !ok {
				return nil, fmt.Errorf("there is no benchmark %s/%s", line, level)
			}
			rows = append(rows, row{
				what: fmt.Sprintf("a log line (%s), level %s", strings.ToLower(line), level),
				ours: fmt.Sprintf("%g B, %g allocations, %s", f["B/line"], f["allocs/op"], nanoseconds(f["ns/op"])),
			})
		}
	}
	return rows, nil
}

func nanoseconds(ns float64) string { return fmt.Sprintf("%.3g ns", ns) }

// measured fails if a figure is missing, because a benchmark has been renamed.
func measured(rows []row) error {
	for _, r := range rows {
		if r.ratio == 0 {
			return fmt.Errorf("no figure for: %s", r.what)
		}
	}
	return nil
}
