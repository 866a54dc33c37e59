package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// beside are the flags that run the function beside the simulator, and a second account for a drill.
type beside struct {
	Function    string `type:"existingfile" placeholder:"POLICY" help:"Also run the function with this policy: a timer fires every 5 seconds, and an event follows each request after 3."`
	FunctionLog string `placeholder:"FILE" help:"Where the function's log goes. The default is nowhere."`
	Requester   string `placeholder:"ACCOUNT" help:"A second account, for peerguard drill. Its key is that of the profile \"requester\", and may neither accept nor reject."`
}

// What the platform does: how often the function's timer fires, and how late an event is.
const (
	timerPeriod = 5 * time.Second
	eventDelay  = 3 * time.Second
)

// addRequester adds the second account. Its rights are those that deploy/ram/drill-requester.json grants.
func (b *beside) addRequester(cloud *simulator.Cloud) {
	account := peering.Account(b.Requester)
	cloud.AddKey(simulator.Key{ID: secondID, Secret: secondSecret, Account: account})
	cloud.Deny(account, "AcceptVpcPeerConnection")
	cloud.Deny(account, "RejectVpcPeerConnection")
}

// simulatedFunction is the function as the platform runs it, but in this process.
type simulatedFunction struct {
	cloud   *simulator.Cloud
	handler *handler.Handler
	at      fc.Invocation
	created chan simulator.Call
	log     *os.File
}

// newFunction returns the function beside a cloud, in an account and a region.
func (b *beside) newFunction(cloud *simulator.Cloud, account peering.Account, region string) (*simulatedFunction, error) {
	path := cmp.Or(b.FunctionLog, os.DevNull)
	log, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("opening the function's log: %w", err)
	}
	file := newPolicyFile(b.Function)
	source := policy.NewSource(file.fsys(), file.name)
	return &simulatedFunction{
		cloud: cloud,
		handler: handler.New(handler.Config{
			Version: build().Version, Policy: source.Load, Cloud: acs.New(acs.Config{Transport: cloud}),
			Log: zerolog.New(zerolog.SyncWriter(log)).With().Timestamp().Logger(),
		}),
		at:      fc.Invocation{RequestID: "simulated", Account: account, Region: region, Credentials: peering.NewCredentials(simulatedID, simulatedSecret, "")},
		created: make(chan simulator.Call, 100),
		log:     log,
	}, nil
}

// run invokes the function until ctx ends, and then waits for its last invocations.
func (f *simulatedFunction) run(ctx context.Context) {
	timer := time.NewTicker(timerPeriod)
	defer timer.Stop()
	defer f.log.Close()
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-timer.C:
			running.Go(func() {
				f.invoke(ctx, map[string]any{"triggerTime": at.UTC().Format(time.RFC3339), "triggerName": "sweep", "payload": ""})
			})
		case c := <-f.created:
			running.Go(func() { f.announce(ctx, c) })
		}
	}
}

func (f *simulatedFunction) invoke(ctx context.Context, event map[string]any) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	payload, err := json.Marshal(event)
	if err == nil { // texts always have a JSON form
		_, _ = f.handler.Handle(ctx, f.at, payload) // its log says what failed
	}
}

// notice remembers a call that made a connection. It does not call the cloud.
func (f *simulatedFunction) notice(c simulator.Call) {
	if c.Action == "CreateVpcPeerConnection" && c.Effect {
		f.created <- c
	}
}

// announce delivers the event of a call that made a connection, as ActionTrail and EventBridge do.
func (f *simulatedFunction) announce(ctx context.Context, c simulator.Call) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(eventDelay):
	}
	item, _ := f.cloud.Item(c.InstanceID)
	f.invoke(ctx, map[string]any{
		"specversion": "1.0", "id": c.RequestID, "source": "acs.vpcpeer", "type": "vpcpeer:ActionTrail:ApiCall",
		"data": map[string]any{
			"eventName":         c.Action,
			"acsRegion":         c.Region,
			"requestParameters": map[string]any{"AcceptingAliUid": item.Accepter(), "AcceptingRegionId": item.AcceptingRegionID},
			"responseElements":  map[string]any{"InstanceId": c.InstanceID},
			"userIdentity":      map[string]any{"accountId": c.Account},
		},
	})
}

// start starts the function if a policy is given, and returns what ends it.
func (s *simulateCommand) start(ctx context.Context, cloud *simulator.Cloud, region string) (end func(), err error) {
	if s.Function == "" {
		return func() {}, nil
	}
	f, err := s.newFunction(cloud, peering.Account(s.Account), region)
	if err != nil {
		return nil, err
	}
	record := cloud.Record
	cloud.Record = func(c simulator.Call) {
		record(c)
		f.notice(c)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.run(running)
	}()
	return func() {
		stop()
		<-ended
	}, nil
}

// writeProfile writes the second account's key as the profile "requester" to a file in a folder of its own, and returns the
// variable that names the file. remove deletes the folder.
func writeProfile() (variable string, remove func(), err error) {
	folder, err := os.MkdirTemp("", "peerguard-simulate-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder for the profile: %w", err)
	}
	path := filepath.Join(folder, "credentials")
	profile := "[requester]\ntype = access_key\naccess_key_id = " + secondID + "\naccess_key_secret = " + secondSecret + "\n"
	if err := os.WriteFile(path, []byte(profile), 0o600); err != nil {
		return "", nil, fmt.Errorf("writing the profile: %w", err)
	}
	return "ALIBABA_CLOUD_CREDENTIALS_FILE=" + path, func() { _ = os.RemoveAll(folder) }, nil
}
