package main

import (
	"context"
	"fmt"
	"strings"

	"peerguard/test/bench/world"
)

// compareConnections counts TLS handshakes over many events, of which every other one is about a member account.
func compareConnections(ctx context.Context, r *rig) ([]row, error) {
	tls, err := r.authority()
	if err != nil {
		return nil, err
	}
	c, err := r.startCloud(ctx, append(tls.args(), "-accounts", "2", "-regions", fmt.Sprint(wideRegions), "-revive")...)
	if err != nil {
		return nil, err
	}
	defer c.end()
	policy, err := r.write("connections.yaml", policyText(2, 1))
	if err != nil {
		return nil, err
	}
	f, _, err := startFunction(ctx, r.binary(ours), append(c.env(policy), tls.env())...)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	events := r.times(1000, 10)
	for n := range events {
		payload := event(ours, n)
		if n%2 == 1 {
			payload = strings.ReplaceAll(payload, world.Connection(0, n%wideRegions, 0), world.Connection(1, n%wideRegions, 0))
			payload = strings.Replace(payload, `"AcceptingAliUid":1111111111111111`, `"AcceptingAliUid":`+string(world.Account(1)), 1)
		}
		if _, _, err := f.invoke(ctx, payload); err != nil {
			return nil, err
		}
	}
	seen, err := c.seen(ctx)
	if err != nil {
		return nil, err
	}
	count := func(what, url string) row {
		n := seen.Handshakes[url]
		return row{what: fmt.Sprintf("TLS handshakes with %s in %d events", what, events), ours: fmt.Sprint(n), floor: "1", ratio: float64(n), target: 1}
	}
	return []row{count("VpcPeer", c.VPCPeer), count("STS", c.STS)}, nil
}
