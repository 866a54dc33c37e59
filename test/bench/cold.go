package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"peerguard/test/bench/world"
)

// The parts of the first event of a cold instance, in their order, as they show from outside.
var parts = []string{
	"start to poll", "event, policy, signing, dial", "TLS handshake and call 1", "answer, verdict, signing", "call 2", "report and reply", "all, from start to reply",
}

// compareCold takes the first event of a cold instance apart, over TLS, beside that of the bare calls.
func compareCold(ctx context.Context, r *rig) ([]row, error) {
	tls, err := r.authority()
	if err != nil {
		return nil, err
	}
	c, err := r.wideCloud(ctx, tls.args()...)
	if err != nil {
		return nil, err
	}
	defer c.end()
	policy, err := r.write("cold.yaml", policyText(1, 1))
	if err != nil {
		return nil, err
	}
	env := map[string][]string{ours: append(c.env(policy), tls.env()), bare: append(c.floorEnv(), tls.env())}
	took := map[string][][]time.Duration{ours: make([][]time.Duration, len(parts)), bare: make([][]time.Duration, len(parts))}
	for n := range r.times(40, 2) {
		for _, name := range []string{ours, bare} {
			one, err := r.coldEvent(ctx, c, name, n, env[name])
			if err != nil {
				return nil, err
			}
			for i, d := range one {
				took[name][i] = append(took[name][i], d)
			}
		}
	}
	var rows []row
	for i, part := range parts {
		a, b := median(took[ours][i]), median(took[bare][i])
		rows = append(rows, row{what: "first event: " + part, ours: milliseconds(a), floor: milliseconds(b), ratio: ratio(a, b)})
	}
	return rows, nil
}

// coldEvent starts a program, sends it one event, and gives what each part took.
func (r *rig) coldEvent(ctx context.Context, c *simulation, name string, n int, env []string) ([]time.Duration, error) {
	if _, err := c.seen(ctx); err != nil {
		return nil, err
	}
	f, polled, err := startFunction(ctx, r.binary(name), env...)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	sent := time.Now()
	took, _, err := f.invoke(ctx, event(name, n))
	if err != nil {
		return nil, err
	}
	time.Sleep(5 * time.Millisecond) // the witness writes down an answer when it has left
	seen, err := c.seen(ctx)
	if err != nil {
		return nil, err
	}
	at, err := moments(seen)
	if err != nil {
		return nil, err
	}
	replied := sent.Add(took)
	return []time.Duration{
		polled, at[0].Sub(sent), at[2].Sub(at[0]), at[3].Sub(at[2]), at[4].Sub(at[3]), replied.Sub(at[4]), polled + took,
	}, nil
}

// moments makes sure that there were one handshake and two calls, and gives when: the connection was accepted, call 1
// came in, its answer left, call 2 came in, its answer left.
func moments(seen world.Seen) ([]time.Time, error) {
	var what []string
	var at []time.Time
	for _, m := range seen.Moments {
		what, at = append(what, m.What), append(at, m.At)
	}
	if got := strings.Join(what, " "); got != "accepted called answered called answered" {
		return nil, fmt.Errorf("a first event made the cloud see: %s", got)
	}
	return at, nil
}
