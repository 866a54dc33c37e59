package deploy_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// fromFile matches a file that Terraform reads.
var fromFile = regexp.MustCompile(`file\("\$\{path\.module\}/([^"$]+)"\)`)

// deployment is the part of s.yaml that Terraform reads.
type deployment struct {
	Resources struct {
		Peerguard struct {
			Props struct {
				FunctionName string `yaml:"functionName"`
				Triggers     []struct {
					TriggerName   string         `yaml:"triggerName"`
					TriggerType   string         `yaml:"triggerType"`
					Description   string         `yaml:"description"`
					TriggerConfig map[string]any `yaml:"triggerConfig"`
				}
			}
		}
	}
}

func readDeployment(t *testing.T) deployment {
	t.Helper()
	var d deployment
	if err := yaml.Load([]byte(read(t, "../s.yaml")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTerraformReadsTheSameFiles: triggers, policies and alerts are defined once, so Terraform's event pattern is that of
// s.yaml.
func TestTerraformReadsTheSameFiles(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	var sources []string
	for _, file := range files(t, ".tf") {
		text := read(t, file)
		all.WriteString(text)
		for _, m := range fromFile.FindAllStringSubmatch(text, -1) {
			source := filepath.Join(filepath.Dir(file), m[1])
			read(t, source)
			sources = append(sources, source)
		}
	}
	for _, source := range []string{"../s.yaml", "ram/function.json", "ram/platform.json", "ram/trust-function.json"} {
		if !slices.Contains(sources, source) {
			t.Errorf("Terraform does not read %s, but %v", source, sources)
		}
	}
	for _, copied := range []string{"ActionTrail", "eventName", "vpc:", "json_extract", "cronExpression"} {
		if strings.Contains(all.String(), copied) {
			t.Errorf("%s is defined in Terraform again", copied)
		}
	}
	for name := range alerts(t) {
		if !strings.Contains(all.String(), `"`+name+`"`) {
			t.Errorf("Terraform does not know the alert %s", name)
		}
	}
}

// TestTerraformFindsItsTriggers: s.yaml has the keys that Terraform reads.
func TestTerraformFindsItsTriggers(t *testing.T) {
	t.Parallel()
	props := readDeployment(t).Resources.Peerguard.Props
	byName := map[string]string{}
	for _, trigger := range props.Triggers {
		if trigger.Description == "" || len(trigger.TriggerConfig) == 0 {
			t.Errorf("trigger %+v", trigger)
		}
		byName[trigger.TriggerName] = trigger.TriggerType
	}
	if props.FunctionName != "peerguard" || byName["peering-events"] != "eventbridge" || byName["sweep"] != "timer" {
		t.Errorf("function %s has triggers %v", props.FunctionName, byName)
	}
	if !regexp.MustCompile(`(?s)variable "triggers" \{.*?default\s+= \["peering-events"\]`).MatchString(read(t, "terraform/variables.tf")) {
		t.Error("Terraform's default is another trigger")
	}
}

// TestTerraformFillsIn: Terraform reads s.yaml before its variables are filled in, so it fills in those of the triggers, and
// it passes on every part of an alert rule.
func TestTerraformFillsIn(t *testing.T) {
	t.Parallel()
	main, rules := read(t, "terraform/main.tf"), read(t, "terraform/alerts.tf")
	seen := 0
	for _, trigger := range readDeployment(t).Resources.Peerguard.Props.Triggers {
		config, err := json.Marshal(trigger.TriggerConfig)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range varsVariable.FindAllString(string(config), -1) {
			seen++
			if !strings.Contains(main, `"$`+use+`"`) {
				t.Errorf("main.tf leaves %s in trigger %s", use, trigger.TriggerName)
			}
		}
	}
	if seen == 0 {
		t.Error("no trigger has a variable")
	}
	for _, key := range []string{"sinkAlerthub.enabled", "policyConfiguration.repeatInterval", "queryList", "severityConfigurations"} {
		if !strings.Contains(rules, "each.value.configuration."+key) {
			t.Errorf("alerts.tf leaves out %s", key)
		}
	}
}

// TestTerraformIsBalanced checks brackets, quotes and each module's declared variables, for machines without Terraform.
func TestTerraformIsBalanced(t *testing.T) {
	t.Parallel()
	declared, used := map[string][]string{}, map[string][]string{} // by module
	for _, file := range files(t, ".tf") {
		text, module := read(t, file), filepath.Dir(file)
		if err := balanced(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, m := range regexp.MustCompile(`(?m)^variable "(\w+)"`).FindAllStringSubmatch(text, -1) {
			declared[module] = append(declared[module], m[1])
		}
		for _, m := range regexp.MustCompile(`\bvar\.(\w+)`).FindAllStringSubmatch(text, -1) {
			used[module] = append(used[module], m[1])
		}
	}
	if len(declared) != 2 {
		t.Errorf("%d modules have variables", len(declared))
	}
	for module := range declared {
		slices.Sort(declared[module])
		slices.Sort(used[module])
		if !slices.Equal(declared[module], slices.Compact(used[module])) {
			t.Errorf("%s: declared: %v, used: %v", module, declared[module], used[module])
		}
	}
}

func balanced(text string) error {
	closing := map[rune]rune{'}': '{', ']': '[', ')': '('}
	for number, line := range strings.Split(text, "\n") {
		if strings.Count(strings.ReplaceAll(line, `\"`, ""), `"`)%2 != 0 {
			return fmt.Errorf("line %d: a quote is open", number+1)
		}
	}
	text = regexp.MustCompile(`"(\\.|[^"\\])*"|#.*`).ReplaceAllString(text, "")
	var open []rune
	for _, r := range text {
		if strings.ContainsRune("{[(", r) {
			open = append(open, r)
		}
		if want, is := closing[r]; is {
			if len(open) == 0 || open[len(open)-1] != want {
				return fmt.Errorf("%c closes nothing", r)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%d brackets are open", len(open))
	}
	return nil
}

func TestBalancedCanFail(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a {", "a }", "a { ] }", `a = "b`, "a = (1"} {
		if balanced(text) == nil {
			t.Errorf("%q is balanced", text)
		}
	}
	if err := balanced(`a = "}" # (` + "\n"); err != nil {
		t.Error(err)
	}
}
