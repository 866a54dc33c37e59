package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"peerguard/function/event"
	"peerguard/function/peering"
)

// sweep parses an event as the function does.
func sweep(t *testing.T, body map[string]any) *event.Sweep {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	input, err := event.Parse(payload)
	s, ok := input.(*event.Sweep)
	if err != nil || !ok {
		t.Fatalf("%s is not a sweep: %v", payload, err)
	}
	return s
}

// checkShards checks that no partition is swept twice, because two processes do not know about each other's calls. A shard
// without accounts covers all accounts of its regions.
func checkShards(t *testing.T, shards []*event.Sweep) {
	t.Helper()
	seen := map[peering.Partition]string{}
	for _, s := range shards {
		if len(s.Regions) == 0 {
			t.Errorf("%s sweeps everything", s.TriggerName)
		}
		accounts := s.Accounts
		if len(accounts) == 0 {
			accounts = []peering.Account{"*"}
		}
		for _, region := range s.Regions {
			for _, account := range accounts {
				for _, p := range []peering.Partition{{Account: account, Region: region}, {Account: "*", Region: region}} {
					if other, twice := seen[p]; twice {
						t.Errorf("%s and %s both sweep %v", s.TriggerName, other, p)
					}
				}
				seen[peering.Partition{Account: account, Region: region}] = s.TriggerName
			}
		}
	}
	if len(shards) < 4 {
		t.Errorf("%d shards", len(shards))
	}
}

func TestTimers(t *testing.T) {
	t.Parallel()
	var timers []struct {
		TriggerName   string `yaml:"triggerName"`
		TriggerType   string `yaml:"triggerType"`
		Description   string
		TriggerConfig struct {
			CronExpression string `yaml:"cronExpression"`
			Enable         bool
			Payload        string
		} `yaml:"triggerConfig"`
	}
	load(t, "many-accounts/timers.yaml", &timers)
	var shards []*event.Sweep
	names := map[string]bool{}
	for _, timer := range timers {
		if timer.TriggerType != "timer" || !timer.TriggerConfig.Enable || timer.TriggerConfig.CronExpression != "@every 1m" || names[timer.TriggerName] {
			t.Errorf("timer %+v", timer)
		}
		names[timer.TriggerName] = true
		shards = append(shards, sweep(t, map[string]any{
			"triggerName": timer.TriggerName, "triggerTime": "2026-11-20T06:00:00Z", "payload": timer.TriggerConfig.Payload,
		}))
	}
	checkShards(t, shards)
}

// execution is the name of the execution of the flow.
const execution = "flow-execution-1"

// resolve returns the body that CloudFlow sends for an item: the value of a key that ends in .$ is an expression, any other
// value is sent as it is.
func resolve(body map[string]string, item map[string]any) map[string]any {
	sent := map[string]any{}
	for key, value := range body {
		name, expression := strings.CutSuffix(key, ".$")
		switch input, isInput := strings.CutPrefix(value, "$Input."); {
		case !expression:
			sent[name] = value
		case isInput:
			sent[name] = item[input]
		case value == "$Context.Execution.Name":
			sent[name] = execution
		}
	}
	return sent
}

// TestCloudFlow resolves the expressions of the flow and passes each event to the function's parser.
func TestCloudFlow(t *testing.T) {
	t.Parallel()
	type task struct {
		Type       string `yaml:"Type"`
		Name       string `yaml:"Name"`
		Action     string `yaml:"Action"`
		TaskMode   string `yaml:"TaskMode"`
		End        bool   `yaml:"End"`
		Parameters struct {
			ResourceArn    string            `yaml:"resourceArn"`
			InvocationType string            `yaml:"invocationType"`
			Body           map[string]string `yaml:"body"`
		} `yaml:"Parameters"`
	}
	var flow struct {
		Type        string `yaml:"Type"`
		Name        string `yaml:"Name"`
		SpecVersion string `yaml:"SpecVersion"`
		StartAt     string `yaml:"StartAt"`
		States      []struct {
			Type             string                      `yaml:"Type"`
			Name             string                      `yaml:"Name"`
			InputConstructor map[string][]map[string]any `yaml:"InputConstructor"`
			ItemsPath        string                      `yaml:"ItemsPath"`
			Processor        struct {
				StartAt string `yaml:"StartAt"`
				States  []task `yaml:"States"`
			} `yaml:"Processor"`
			End bool `yaml:"End"`
		} `yaml:"States"`
	}
	load(t, "many-accounts/cloudflow.yaml", &flow)
	if len(flow.States) != 1 || flow.States[0].Type != "Map" || flow.States[0].Name != flow.StartAt {
		t.Fatalf("flow %+v", flow)
	}
	state := flow.States[0]
	invoke := state.Processor.States[0]
	if invoke.Name != state.Processor.StartAt || invoke.Action != "FC:InvokeFunction" || invoke.Parameters.InvocationType != "Async" {
		t.Errorf("task %+v", invoke)
	}
	if !strings.HasSuffix(invoke.Parameters.ResourceArn, ":functions/peerguard/LATEST") {
		t.Errorf("the flow invokes %s: CloudFlow wants the version", invoke.Parameters.ResourceArn)
	}
	var shards []*event.Sweep
	for _, item := range state.InputConstructor[strings.TrimPrefix(state.ItemsPath, "$Input.")] {
		s := sweep(t, resolve(invoke.Parameters.Body, item))
		if s.TriggerName != item["name"] || s.TriggerTime != execution {
			t.Errorf("shard %v is the sweep %+v", item["name"], s)
		}
		shards = append(shards, s)
	}
	checkShards(t, shards)
}
