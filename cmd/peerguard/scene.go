package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"peerguard/events"
	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// scene is the simulated cloud and the function in it, once for each mode of the policy.
type scene struct {
	cloud   *simulator.Cloud
	enforce *handler.Handler
	dryRun  *handler.Handler
}

// act is one invocation and its result.
type act struct {
	sample events.Case
	before map[string]peering.Status // of each connection
	report *guard.Report             // nil if the event could not be read
	err    error
}

// newScene returns the cloud of a seed of events.World, with the policy of the samples.
func newScene(seedFile string) (*scene, error) {
	seed, err := readSeed(seedFile)
	if err != nil {
		return nil, err
	}
	cloud := &simulator.Cloud{Latency: 20 * time.Millisecond}
	cloud.AddKey(simulator.Key{ID: "demo-id", Secret: "demo-secret", Token: "demo-token", Account: simulator.SeedAccepter})
	cloud.Plant(seed)
	for _, item := range seed.Connections {
		if item.Status == peering.Creating {
			cloud.SetStatusAfter(item.InstanceID, time.Second, peering.Accepting)
		}
	}
	source := policy.NewSource(events.World(), "policy.yaml")
	return &scene{cloud, newHandler(cloud, source.Load), newHandler(cloud, inDryRun(source.Load))}, nil
}

// readSeed reads a seed of events.World.
func readSeed(name string) (simulator.Seed, error) {
	file, err := events.World().Open(name)
	if err != nil {
		return simulator.Seed{}, fmt.Errorf("opening the seed: %w", err)
	}
	defer file.Close()
	seed, err := simulator.Load(file)
	if err != nil {
		return simulator.Seed{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return seed, nil
}

type loadPolicy func(context.Context) (*policy.Policy, error)

func newHandler(cloud *simulator.Cloud, load loadPolicy) *handler.Handler {
	return handler.New(handler.Config{Version: build().Version, Policy: load, Cloud: acs.New(acs.Config{Transport: cloud}), Log: zerolog.Nop()})
}

// inDryRun loads the same policy in mode dry-run.
func inDryRun(load loadPolicy) loadPolicy {
	return func(ctx context.Context) (*policy.Policy, error) {
		p, err := load(ctx)
		if err != nil {
			return nil, err
		}
		return inMode(p, policy.DryRun), nil
	}
}

// playAll plays all events at the same time. Each is about a connection of its own.
func (s *scene) playAll(ctx context.Context, samples []events.Case) []act {
	acts := make([]act, len(samples))
	var group errgroup.Group
	for i, sample := range samples {
		group.Go(func() error {
			acts[i] = s.play(ctx, sample)
			return nil
		})
	}
	_ = group.Wait() // each act holds its error
	return acts
}

// play invokes the function with a sample, as the platform does.
func (s *scene) play(ctx context.Context, sample events.Case) act {
	h := s.enforce
	if sample.Outcomes[0] == string(guard.WouldReject) {
		h = s.dryRun
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	before := map[string]peering.Status{}
	for _, item := range s.cloud.Items() {
		before[item.InstanceID] = item.Status
	}
	at := fc.Invocation{
		RequestID: "demo", Account: simulator.SeedAccepter, Region: "cn-shanghai",
		Credentials: peering.NewCredentials("demo-id", "demo-secret", "demo-token"),
	}
	result, err := h.Handle(ctx, at, sample.Payload)
	report, _ := result.(*guard.Report)
	return act{sample: sample, before: before, report: report, err: err}
}
