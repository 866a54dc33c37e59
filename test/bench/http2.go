package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/handler"
	"peerguard/simulator/platform"
)

// spoken is what the same work takes over one version of HTTP.
type spoken struct {
	event       time.Duration // median latency
	sweep       time.Duration
	onCPU       time.Duration // of the sweep, ours and the test's transport
	connections int
}

// compareHTTP2 handles events, then a sweep, over TLS, with HTTP/1.1 as peerguard does, and with HTTP/2.
func compareHTTP2(ctx context.Context, r *rig) ([]row, error) {
	tls, err := r.authority()
	if err != nil {
		return nil, err
	}
	old, err := r.speak(ctx, tls, false)
	if err != nil {
		return nil, err
	}
	young, err := r.speak(ctx, tls, true)
	if err != nil {
		return nil, err
	}
	time := func(what string, a, b time.Duration) row {
		return row{what: what, ours: milliseconds(a), floor: milliseconds(b), ratio: ratio(a, b)}
	}
	return []row{
		time("HTTP/1.1 (ours) beside HTTP/2: an event", old.event, young.event),
		time(fmt.Sprintf("  a sweep (%d connections, %d)", old.connections, young.connections), old.sweep, young.sweep),
		time("  its processor time", old.onCPU, young.onCPU),
	}, nil
}

func (r *rig) speak(ctx context.Context, tls *authority, http2 bool) (spoken, error) {
	o := organisation{r.times(20, 2), r.times(30, 2), 2, 1}
	c, err := r.startCloud(ctx, append(tls.args(), "-accounts", strconv.Itoa(o.accounts), "-regions", strconv.Itoa(o.regions), "-each", "2", "-latency", apiLatency.String())...)
	if err != nil {
		return spoken{}, err
	}
	defer c.end()
	h, err := r.overTLS(c, tls, http2, policyText(o.accounts, o.regions))
	if err != nil {
		return spoken{}, err
	}
	var s spoken
	if s.sweep, s.onCPU, err = sweepOnce(ctx, h); err != nil {
		return spoken{}, err
	}
	seen, err := c.seen(ctx)
	if err != nil {
		return spoken{}, err
	}
	s.connections = seen.Connections[c.VPCPeer] + seen.Connections[c.STS]
	s.event, err = r.eventOverTLS(ctx, tls, http2)
	return s, err
}

func sweepOnce(ctx context.Context, h *handler.Handler) (wall, onCPU time.Duration, err error) {
	before, err := ownCPU()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	if _, err := h.Handle(ctx, invocation(), []byte(timer)); err != nil {
		return 0, 0, err
	}
	wall = time.Since(start)
	after, err := ownCPU()
	return wall, after - before, err
}

// eventOverTLS gives the median latency of an event, of an API that takes no time.
func (r *rig) eventOverTLS(ctx context.Context, tls *authority, http2 bool) (time.Duration, error) {
	c, err := r.wideCloud(ctx, tls.args()...)
	if err != nil {
		return 0, err
	}
	defer c.end()
	h, err := r.overTLS(c, tls, http2, policyText(1, 1))
	if err != nil {
		return 0, err
	}
	var took []time.Duration
	for n := range r.times(2000, 5) {
		start := time.Now()
		if _, err := h.Handle(ctx, invocation(), []byte(event(ours, n))); err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	return median(took), nil
}

func (r *rig) overTLS(c *simulation, tls *authority, http2 bool, policy string) (*handler.Handler, error) {
	peer, err := url.Parse(c.VPCPeer)
	if err != nil {
		return nil, fmt.Errorf("reading the cloud's address: %w", err)
	}
	sts, err := url.Parse(c.STS)
	if err != nil {
		return nil, fmt.Errorf("reading the cloud's address: %w", err)
	}
	return r.inProcess(policy, acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: peer, acs.STS: sts}, Transport: tls.transport(http2)})
}

func invocation() fc.Invocation {
	return fc.Invocation{RequestID: "1-65f1b2a0-0123", Account: platform.Account, Region: "cn-hangzhou", Credentials: platform.Credentials().Sealed()}
}

// ownCPU is the time that this process has spent on a processor.
func ownCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("reading processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
