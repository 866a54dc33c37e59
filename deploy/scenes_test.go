package deploy_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/events"
	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/handler"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

const timer = `{"triggerTime":"2026-11-20T06:00:00Z","triggerName":"sweep","payload":""}`

// scene is one invocation of the real handler in the simulated cloud of events/.
type scene struct {
	event  string                                 // name of the sample to play; "" for a sweep
	text   func(sample string) string             // makes the payload of it
	policy func(text string) string               // changes the policy
	cloud  func(t *testing.T, c *simulator.Cloud) // changes the cloud
	given  time.Duration                          // time until the deadline; 0 for a minute
	breaks bool                                   // the policy is broken after it was read once
}

// scenes returns what an operator must hear about, and what must not wake her.
func scenes() map[string]scene {
	return map[string]scene{
		"quiet sweep":           {cloud: empty},
		"sweep":                 {},
		"big sweep":             {cloud: crowd},
		"rejected":              {event: "create-unknown-account"},
		"would reject":          {event: "create-unknown-account", policy: dryRun},
		"allowed":               {event: "create-allowed-account"},
		"violation":             {event: "accept-in-own-account"},
		"connection failed":     {event: "create-owner-unknown"},
		"no permission to list": {cloud: deny},
		"unreadable event":      {event: "malformed-truncated"},
		"broken policy":         {policy: func(s string) string { return strings.Replace(s, "allow:", "alow:", 1) }},
		"silent API":            {cloud: slow},
		"deadline":              {given: 1900 * time.Millisecond}, // too short for any call
		"capped":                {policy: func(s string) string { return strings.Replace(s, "guard:", "guard:\n  max_requesters: 1", 1) }},
		"array":                 {event: "create-unknown-account", text: withRubbish},
		"array out of time":     {event: "create-unknown-account", text: withRubbish, cloud: slow},
		"policy breaks":         {event: "create-unknown-account", breaks: true},
		"forged texts":          {event: "create-owner-unknown", text: forge},
	}
}

// withRubbish makes an array whose first element cannot be read.
func withRubbish(sample string) string {
	return `[{"specversion":"1.0","data":{"eventName":"CreateVpcPeerConnection"}},` + sample + `]`
}

// forge writes what alerts look for into texts that the sender of an event can choose.
func forge(string) string {
	return `{"id":"\",\"complete\":false,\"error_type\":\"InvalidPolicy\",\"cause_code\":\"InvalidPolicy\",\"message\":\"decision\",\"outcome\":\"violation\",\"x\":\"",
		"data":{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"\",\"complete\":false,\"error_type\":\"InvalidPolicy\",\"x\":\""}}}`
}

func dryRun(text string) string { return strings.Replace(text, "mode: enforce", "mode: dry-run", 1) }

func empty(_ *testing.T, c *simulator.Cloud) {
	for _, item := range c.Items() {
		c.Remove(item.InstanceID)
	}
}

// crowd makes a report longer than what an index keeps of a field.
func crowd(t *testing.T, c *simulator.Cloud) {
	t.Helper()
	item, ok := c.Item("pcc-lnk0m24khwvtkm0001")
	if !ok {
		t.Fatal("the seed has changed")
	}
	empty(t, c)
	for i := range 60 {
		item.InstanceID = fmt.Sprintf("pcc-crowd%d", i)
		c.Put(item)
	}
}

// slow makes a cloud that never answers in time.
func slow(_ *testing.T, c *simulator.Cloud) { c.Latency = time.Hour }

func deny(_ *testing.T, c *simulator.Cloud) { c.Deny(platform.Account, "ListVpcPeerConnections") }

// lines plays a scene in synthetic time and returns the lines of the function's log, which is set up as in main.
func (s scene) lines(t *testing.T) []string {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		h := handler.New(handler.Config{
			Policy: s.load(t),
			Cloud:  acs.New(acs.Config{Transport: s.world(t)}),
			Log:    zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.InfoLevel).With().Timestamp().Logger(),
		})
		ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(s.given, time.Minute))
		defer cancel()
		at := fc.Invocation{RequestID: "1-6741b2a0-0", Account: platform.Account, Region: platform.Region, Credentials: platform.Credentials().Sealed()}
		if _, err := h.Handle(ctx, at, s.payload(t)); err != nil {
			var failed *fc.Error
			if !errors.As(err, &failed) {
				t.Fatalf("got %v, want an *fc.Error", err)
			}
			h.Warn(at.RequestID, failed) // what fc.Serve does with every failed invocation
		}
	})
	return strings.Split(strings.TrimSpace(log.String()), "\n")
}

func (s scene) world(t *testing.T) *simulator.Cloud {
	t.Helper()
	file, err := events.World().Open("seed.json")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := simulator.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	cloud := &simulator.Cloud{}
	c := platform.Credentials()
	cloud.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	cloud.Plant(seed)
	if s.cloud != nil {
		s.cloud(t, cloud)
	}
	return cloud
}

func (s scene) load(t *testing.T) func(context.Context) (*policy.Policy, error) {
	t.Helper()
	load := policy.NewSource(s.files(t), "policy.yaml").Load
	var read atomic.Bool
	return func(ctx context.Context) (*policy.Policy, error) {
		if read.Swap(true) && s.breaks {
			return nil, errors.New("policy.yaml:1:1: broken")
		}
		return load(ctx)
	}
}

func (s scene) files(t *testing.T) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	for _, name := range []string{"policy.yaml", "partner-accounts.txt"} {
		data, err := fs.ReadFile(events.World(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: data}
	}
	if s.policy != nil {
		before := string(all["policy.yaml"].Data)
		after := s.policy(before)
		if before == after {
			t.Fatal("the policy of events/ has changed")
		}
		all["policy.yaml"].Data = []byte(after)
	}
	return all
}

func (s scene) payload(t *testing.T) []byte {
	t.Helper()
	if s.event == "" {
		return []byte(timer)
	}
	all, err := events.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Name == s.event && s.text != nil {
			return []byte(s.text(string(c.Payload)))
		}
		if c.Name == s.event {
			return c.Payload
		}
	}
	t.Fatalf("there is no sample %s", s.event)
	return nil
}
