package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// environment holds the variables that a deployer sets.
var environment = map[string]string{
	"DEPLOY_ROLE":                "acs:ram::1111111111111111:role/peerguard",
	"DEPLOY_FAILURE_DESTINATION": "acs:mns:cn-shanghai::/topics/peerguard-failed/messages",
	"DEPLOY_DEAD_LETTER_QUEUE":   "acs:mns:cn-shanghai:1111111111111111:/queues/peerguard-dead-letters",
	"DEPLOY_LOG_PROJECT":         "peerguard-logs",
}

var (
	envVariable  = regexp.MustCompile(`\$\{env\('([A-Z_]+)'(?:, '([^']*)')?\)\}`)
	varsVariable = regexp.MustCompile(`\$\{vars\.(\w+)\}`)
)

// render fills in the variables as the tool does. A variable with neither a value nor a default is an error.
func render(text string, env map[string]string) (map[string]any, error) {
	var errs []error
	text = envVariable.ReplaceAllStringFunc(text, func(use string) string {
		m := envVariable.FindStringSubmatch(use)
		value, ok := env[m[1]]
		if !ok && m[2] == "" {
			errs = append(errs, fmt.Errorf("%s is not set", m[1]))
		}
		if strings.HasPrefix(m[1], "PEERGUARD_") {
			errs = append(errs, fmt.Errorf("%s looks like a setting of the function", m[1]))
		}
		if !ok {
			return m[2]
		}
		return value
	})
	var raw map[string]any
	if err := yaml.Load([]byte(text), &raw); err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	vars, _ := raw["vars"].(map[string]any)
	text = varsVariable.ReplaceAllStringFunc(text, func(use string) string {
		value, ok := vars[varsVariable.FindStringSubmatch(use)[1]].(string)
		if !ok {
			errs = append(errs, fmt.Errorf("%s has no value", use))
		}
		return value
	})
	if strings.Contains(text, "${") {
		errs = append(errs, errors.New("a variable is left"))
	}
	var rendered map[string]any
	errs = append(errs, yaml.Load([]byte(text), &rendered))
	return rendered, errors.Join(errs...)
}

// packaged builds the package and returns the names of its executable files.
func packaged(t *testing.T) []string {
	t.Helper()
	dist := t.TempDir()
	pack := exec.CommandContext(t.Context(), "go", "run", "./deploy/pack", "-policy", "events/simulator/policy.yaml", dist)
	pack.Dir = ".."
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	entries, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().IsRegular() && info.Mode().Perm() == 0o755 {
			names = append(names, entry.Name())
		}
	}
	return names
}

// at returns the value at a path in a rendered document, nil where there is none.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			items, _ := value.([]any)
			if step < 0 {
				step += len(items)
			}
			if step < 0 || step >= len(items) {
				return nil
			}
			value = items[step]
		}
	}
	return value
}

// checkDeployment reads s.yaml more strictly than the tool does: with testdata/s.schema.json, and with checks that a schema
// cannot express.
func checkDeployment(t *testing.T, text string, files []string) error {
	t.Helper()
	doc, err := render(text, environment)
	if err != nil {
		return err
	}
	props := at(doc, "resources", "peerguard", "props")
	return errors.Join(schema(t).Validate(asJSON(t, doc)), checkStart(props, files), checkSize(props), checkTriggers(at(props, "triggers")))
}

// schema returns the schema of s.yaml. It also covers the JSON in strings of s.yaml.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertContent()
	compiled, err := compiler.Compile("testdata/s.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asJSON converts decoded YAML to the types that the schema library takes.
func asJSON(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// checkStart checks that the package holds the file that the runtime starts.
func checkStart(props any, files []string) error {
	start, _ := at(props, "handler").(string)
	if at(props, "runtime") != "go1" {
		start, _ = at(props, "customRuntimeConfig", "command", 0).(string)
		start = strings.TrimPrefix(start, "/code/")
	}
	if !slices.Contains(files, start) {
		return fmt.Errorf("the function starts with %q, the package holds %v", start, files)
	}
	return nil
}

// checkSize checks that the ratio of vCPU to GB of memory is from 1:1 to 1:4.
func checkSize(props any) error {
	cpu, _ := at(props, "cpu").(float64)
	memory, _ := at(props, "memorySize").(int)
	if gb := float64(memory) / 1024; gb < cpu || gb > 4*cpu {
		return fmt.Errorf("cpu %v and memorySize %d are out of proportion", cpu, memory)
	}
	return nil
}

// checkTriggers checks the order of the triggers, and that no two have the same name.
func checkTriggers(triggers any) error {
	var errs []error
	if at(triggers, 0, "triggerType") != "timer" {
		errs = append(errs, errors.New("the timer is not the first trigger"))
	}
	if at(triggers, -1, "triggerType") != "eventbridge" {
		errs = append(errs, errors.New("EventBridge is not the last trigger"))
	}
	if at(triggers, 0, "triggerName") == at(triggers, -1, "triggerName") {
		errs = append(errs, errors.New("two triggers have the same name"))
	}
	return errors.Join(errs...)
}

// onGo1 changes s.yaml as its comment tells a reader to.
func onGo1(t *testing.T, text string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "      # --- custom.debian12\n")
	_, after, marked := strings.Cut(rest, "      # --- go1\n")
	if !ok || !marked {
		t.Fatal("s.yaml has lost the marks around its runtime")
	}
	switched := strings.Replace(after, "      #runtime", "      runtime", 1)
	return before + strings.Replace(switched, "      #handler", "      handler", 1)
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	text, files := read(t, "../s.yaml"), packaged(t)
	for name, variant := range map[string]string{"custom.debian12": text, "go1": onGo1(t, text)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := checkDeployment(t, variant, files); err != nil {
				t.Error(err)
			}
			doc, err := render(variant, environment)
			if err != nil {
				t.Fatal(err)
			}
			if got := at(doc, "resources", "peerguard", "props", "runtime"); got != name {
				t.Errorf("runtime is %v", got)
			}
		})
	}
}

// TestDeploymentVariables: nothing is deployed with a role or a destination that nobody chose, and the head of the file
// explains every variable.
func TestDeploymentVariables(t *testing.T) {
	t.Parallel()
	text := read(t, "../s.yaml")
	for name := range environment {
		env := make(map[string]string)
		for other, value := range environment {
			if other != name {
				env[other] = value
			}
		}
		if _, err := render(text, env); err == nil || err.Error() != name+" is not set" {
			t.Errorf("without %s: %v", name, err)
		}
	}
	head, body, _ := strings.Cut(text, "edition:")
	for _, m := range envVariable.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(head, "#   "+m[1]+" ") {
			t.Errorf("the head of s.yaml does not explain %s", m[1])
		}
	}
}

// TestDeploymentMistakes: the check can fail. Each mistake is one that the tool, or a reader, overlooks.
func TestDeploymentMistakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ old, new, want string }{
		"misspelt property":        {"      timeout: 120", "      timeOut: 120", "props': additional properties 'timeOut'"},
		"misspelt top level":       {"resources:", "ressources:", "at '': additional properties 'ressources'"},
		"duplicate key":            {"      diskSize: 512", "      diskSize: 512\n      diskSize: 512", "already"},
		"property of another kind": {"      memorySize: 256", `      memorySize: "256"`, "/memorySize': got string, want integer"},
		"memory off the grid":      {"      memorySize: 256", "      memorySize: 200", "/memorySize': multipleOf: got 200, want 64"},
		"too much cpu":             {"      cpu: 0.2", "      cpu: 0.5", "out of proportion"},
		"no region":                {"${env('DEPLOY_REGION', 'cn-shanghai')}", "Shanghai", "/props/region'"},
		"upper-case role":          {"${env('DEPLOY_ROLE')}", "acs:ram::1111111111111111:role/PeerGuard", "/props/role'"},
		"a name for a role":        {"${env('DEPLOY_ROLE')}", "peerguard", "/props/role'"},
		"misspelt variable":        {"${vars.role}", "${vars.rolle}", "${vars.rolle} has no value"},
		"unknown kind of variable": {"${vars.role}", "${config('AccountID')}", "a variable is left"},
		"a setting as variable":    {"${env('DEPLOY_ROLE')}", "${env('PEERGUARD_ROLE', 'x')}", "looks like a setting"},
		"other package":            {"code: ./dist", "code: ./target", "/props/code'"},
		"runtime with a typo":      {"runtime: custom.debian12", "runtime: custom.debian21", "/props/runtime'"},
		"start file not packaged":  {"/code/bootstrap", "/code/bootstrp", "the package holds"},
		"start file elsewhere":     {"/code/bootstrap", "/opt/bootstrap", "/command/0'"},
		"handler beside command":   {"      cpu: 0.2", "      handler: peerguard\n      cpu: 0.2", "/props/handler': false schema"},
		"other port":               {"port: 9000", "port: 8080", "/customRuntimeConfig/port'"},
		"too concurrent":           {"instanceConcurrency: 10", "instanceConcurrency: 500", "/instanceConcurrency': maximum: got 500, want 200"},
		"number as a setting":      {"PEERGUARD_LOG_LEVEL: info", "PEERGUARD_LOG_LEVEL: 3", "/PEERGUARD_LOG_LEVEL': got number, want string"},
		"foreign setting":          {"PEERGUARD_LOG_LEVEL: info", "FC_REGION: x", "/environmentVariables': additional properties 'FC_REGION'"},
		"no logstore":              {"        logstore: ${vars.logstore}\n", "", "/logConfig': missing property 'logstore'"},
		"log rule":                 {"logBeginRule: None", "logBeginRule: none", "/logBeginRule'"},
		"no failure destination":   {"            destination: ${vars.failureDestination}", "            topic: x", "/onFailure': missing property 'destination'"},
		"too many retries":         {"maxAsyncRetryAttempts: 3", "maxAsyncRetryAttempts: 9", "/maxAsyncRetryAttempts': maximum: got 9, want 8"},
		"no build before deploy":   {"pre-deploy:", "pre-deplo:", "/actions': additional properties 'pre-deplo'"},
		"other build":              {"run: make package", "run: make pakcage", "/pre-deploy/0/run'"},
		"bad schedule":             {`"@every 1m"`, `"every minute"`, "/cronExpression'"},
		"five-field schedule":      {`"@every 1m"`, `"* * * * *"`, "/cronExpression'"},
		"disabled as text":         {"            enable: true", `            enable: "true"`, "/enable': got string, want boolean"},
		"payload is not JSON":      {`payload: ""`, `payload: all`, "/triggers/0/triggerConfig/payload': value is not of mediatype 'application/json'"},
		"payload with a typo":      {`payload: ""`, `payload: '{"region":["cn-hangzhou"]}'`, "additional properties 'region'"},
		"payload as a mapping":     {`payload: ""`, `payload: {regions: [cn-hangzhou]}`, "/triggers/0/triggerConfig/payload': got object, want string"},
		"timer with a typo":        {"cronExpression:", "cron:", "/triggerConfig': additional properties 'cron'"},
		"timer is another":         {"triggerType: timer", "triggerType: oss", "the timer is not the first"},
		"EventBridge is another":   {"triggerType: eventbridge", "triggerType: timer", "EventBridge is not the last"},
		"one name for two":         {"triggerName: peering-events", "triggerName: sweep", "two triggers have the same name"},
		"trigger without name":     {"        - triggerName: sweep\n          triggerType", "        - triggerType", "/triggers/0': missing property 'triggerName'"},
		"pattern is not JSON":      {`{"suffix": ":ActionTrail:ConsoleOperation"}]`, `{"suffix": ":ActionTrail:ConsoleOperation"}],]`, "/eventRuleFilterPattern': value is not of mediatype 'application/json'"},
		"pattern by service":       {`"data": {"eventName"`, `"source": ["acs.vpcpeer"], "data": {"eventName"`, "additional properties 'source'"},
		"pattern by prefix":        {`{"suffix": ":ActionTrail:ApiCall"}`, `{"prefix": "vpcpeer:"}`, "at '/type/0': additional properties 'prefix'"},
		"pattern with a typo":      {`":ActionTrail:ApiCall"`, `":Actiontrail:ApiCall"`, "at '/type/0/suffix': value must be one of"},
		"pattern with Reject":      {`"AcceptVpcPeerConnection"`, `"RejectVpcPeerConnection"`, "at '/data/eventName/1': value must be one of"},
		"pattern without names":    {`["CreateVpcPeerConnection", "AcceptVpcPeerConnection"]`, `[]`, "at '/data/eventName': minItems: got 0, want 1"},
		"pattern is YAML":          {"eventRuleFilterPattern: |", "eventRuleFilterPattern:", "/eventRuleFilterPattern': got object, want string"},
		"streaming":                {"              mode: event-driven\n              errors", "              mode: event-streaming\n              errors", "/runOptions/mode'"},
		"raw data":                 {"eventSchema: CloudEvents", "eventSchema: RawData", "/deliveryOption/eventSchema'"},
		"retry in camel case":      {"PushRetryStrategy", "pushRetryStrategy", "/retryStrategy': additional properties 'pushRetryStrategy'"},
		"no source parameters":     {"              eventSourceParameters: {}\n", "", "/eventSourceConfig': missing property 'eventSourceParameters'"},
		"other source":             {"eventSourceType: Default", "eventSourceType: MNS", "/eventSourceType'"},
		"no qualifier":             {"        qualifier: LATEST", "        #", "/asyncInvokeConfig': missing property 'qualifier'"},
		"another version":          {"qualifier: LATEST", "qualifier: \"1\"", "/asyncInvokeConfig/qualifier'"},
		"no dead-letter queue":     {"              deadLetterQueue:\n                Arn: ${vars.deadLetterQueue}\n", "", "/runOptions': missing property 'deadLetterQueue'"},
		"topic for dead letters":   {"Arn: ${vars.deadLetterQueue}", "Arn: ${vars.failureDestination}", "/deadLetterQueue/Arn'"},
		"dead letters, camel case": {"Arn: ${vars.deadLetterQueue}", "arn: ${vars.deadLetterQueue}", "/deadLetterQueue': additional properties 'arn'"},
		"tab":                      {"      diskSize: 512", "\tdiskSize: 512", ""},
	}
	text, files := read(t, "../s.yaml"), packaged(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustCatch(t, text, files, tt.old, tt.new, tt.want)
		})
	}
}

// TestDeploymentMistakesOnGo1 does the same for the other runtime.
func TestDeploymentMistakesOnGo1(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ old, new, want string }{
		"no handler":           {"      handler: peerguard\n", "", "/props': missing property 'handler'"},
		"handler not packaged": {"handler: peerguard", "handler: main", "the package holds"},
		"concurrency":          {"      cpu: 0.2", "      instanceConcurrency: 10\n      cpu: 0.2", "/instanceConcurrency': false schema"},
		"custom runtime":       {"      cpu: 0.2", "      customRuntimeConfig: {command: [/code/bootstrap], port: 9000}\n      cpu: 0.2", "/customRuntimeConfig': false schema"},
		"misspelt runtime":     {"      runtime: go1", "      runetime: go1", "/props': additional properties 'runetime'"},
	}
	text, files := onGo1(t, read(t, "../s.yaml")), packaged(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustCatch(t, text, files, tt.old, tt.new, tt.want)
		})
	}
}

// TestSwitchToGo1IsDocumented: the tool leaves a removed key as it was, so the switch has a step before the one that onGo1
// takes.
func TestSwitchToGo1IsDocumented(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(read(t, "README.md"), "\n## go1 instead of custom.debian12\n")
	section, _, _ = strings.Cut(section, "\n## ")
	first, then := strings.Index(section, "`instanceConcurrency: 1`"), strings.LastIndex(section, "make the change above")
	if !ok || first < 0 || then < first {
		t.Errorf("README does not say what to do about instanceConcurrency before the switch:\n%s", section)
	}
}

func mustCatch(t *testing.T, text string, files []string, old, replacement, want string) {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q occurs %d times in s.yaml", old, n)
	}
	err := checkDeployment(t, strings.Replace(text, old, replacement, 1), files)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("check = %v, want %q in it", err, want)
	}
}
