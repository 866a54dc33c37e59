package main

import (
	"context"
	"fmt"
	"slices"
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

// demoCommand plays the samples of events/ in a simulated cloud, through the handler that is deployed.
type demoCommand struct{}

// Help is the long text of --help.
func (demoCommand) Help() string {
	return "Nothing is contacted and no credentials are needed: the cloud is the built-in simulator, the signed client, the policy and the handler are the real ones."
}

// scene is the simulated cloud and the function in it, in the two modes of the policy.
type scene struct {
	cloud   *simulator.Cloud
	enforce *handler.Handler
	dryRun  *handler.Handler
}

// act is one invocation and what it came to.
type act struct {
	sample events.Case
	before map[string]peering.Status
	report *guard.Report
	err    error
}

// Run plays the samples, then a sweep, and fails when one does not end as its name says.
func (demoCommand) Run(ctx context.Context, out *console) error {
	samples, err := events.Cases()
	if err != nil {
		return err
	}
	s, err := newScene()
	if err != nil {
		return err
	}
	fmt.Fprintf(out.stdout, "A simulated cloud with %d connections of account %s, and the policy of events/simulator/policy.yaml.\n\n", len(s.cloud.Items()), simulator.SeedAccepter)
	announced, timers := split(samples)
	acts := s.playAll(ctx, announced)
	showEvents(out, s.cloud, acts)
	fmt.Fprint(out.stdout, "\nThen the timer fires, and a sweep finds what no event announced:\n\n")
	for _, sample := range timers {
		sweep := s.play(ctx, sample)
		showSweep(out, s.cloud, sweep)
		acts = append(acts, sweep)
	}
	return summarise(out, acts)
}

// split separates what events announce from what timers find, which must come after it. The sweep of everything comes
// first of these.
func split(samples []events.Case) (announced, timers []events.Case) {
	for _, sample := range samples {
		switch {
		case sample.Outcomes[0] != events.Sweep:
			announced = append(announced, sample)
		case sample.Name == "timer":
			timers = slices.Insert(timers, 0, sample)
		default:
			timers = append(timers, sample)
		}
	}
	return announced, timers
}

// playAll plays events as they come: all at once. Each is about a connection of its own.
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

func newScene() (*scene, error) {
	seed, err := events.World().Open("seed.json")
	if err != nil {
		return nil, fmt.Errorf("opening the seed: %w", err)
	}
	items, err := simulator.Load(seed)
	if err != nil {
		return nil, fmt.Errorf("reading the seed: %w", err)
	}
	cloud := &simulator.Cloud{Latency: 20 * time.Millisecond}
	cloud.AddKey(simulator.Key{ID: "demo-id", Secret: "demo-secret", Token: "demo-token", Account: simulator.SeedAccepter})
	cloud.Put(items...)
	for _, item := range items {
		if item.Status == peering.Creating {
			cloud.SetStatusAfter(item.InstanceID, time.Second, peering.Accepting)
		}
	}
	source := policy.NewSource(events.World(), "policy.yaml")
	return &scene{cloud, newHandler(cloud, source.Load), newHandler(cloud, inDryRun(source.Load))}, nil
}

type loadPolicy func(context.Context) (*policy.Policy, error)

func newHandler(cloud *simulator.Cloud, load loadPolicy) *handler.Handler {
	return &handler.Handler{
		Policy: load,
		Cloud:  acs.New(acs.Config{Transport: cloud}),
		Guard:  guard.New(),
		Log:    zerolog.Nop(),
	}
}

// inDryRun is the same policy with the other mode.
func inDryRun(load loadPolicy) loadPolicy {
	return func(ctx context.Context) (*policy.Policy, error) {
		p, err := load(ctx)
		if err != nil {
			return nil, err
		}
		dry := *p
		dry.Mode = policy.DryRun
		return &dry, nil
	}
}

// play hands a sample to the function, as the platform does.
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
	report, _ := result.(*guard.Report) // nil when the event could not be read
	return act{sample: sample, before: before, report: report, err: err}
}
