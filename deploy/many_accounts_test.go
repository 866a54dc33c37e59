package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"peerguard/function/event"
	"peerguard/function/peering"
)

// sweep parses a timer's event as the function does.
func sweep(t *testing.T, name string, payload any) *event.Sweep {
	t.Helper()
	body, err := json.Marshal(map[string]any{"triggerName": name, "triggerTime": "flow-execution-1", "payload": payload})
	if err != nil {
		t.Fatal(err)
	}
	input, err := event.Parse(body)
	s, ok := input.(*event.Sweep)
	if err != nil || !ok {
		t.Fatalf("%s: %s is not a sweep: %v", name, body, err)
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
		shards = append(shards, sweep(t, timer.TriggerName, timer.TriggerConfig.Payload))
	}
	checkShards(t, shards)
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
	body := invoke.Parameters.Body
	if len(body) != 3 || body["triggerName"] != "$Input.name" || body["payload"] != "$Input.payload" || body["triggerTime"] != "$Context.Execution.Name" {
		t.Errorf("body %v", body)
	}
	var shards []*event.Sweep
	for _, item := range state.InputConstructor[strings.TrimPrefix(state.ItemsPath, "$Input.")] {
		name, _ := item["name"].(string)
		shards = append(shards, sweep(t, name, item["payload"]))
	}
	checkShards(t, shards)
}
