package deploy_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.yaml.in/yaml/v4"
)

// Terraform itself evaluates the modules in `make terraform`, where it is installed and its provider can be had. These tests
// need neither.

// modules parses every Terraform file below this folder and returns the files of each module.
func modules(t *testing.T) map[string][]*hclsyntax.Body {
	t.Helper()
	found := map[string][]*hclsyntax.Body{}
	for _, file := range files(t, ".tf") {
		found[filepath.Dir(file)] = append(found[filepath.Dir(file)], parseTerraform(t, file))
	}
	return found
}

func parseTerraform(t *testing.T, file string) *hclsyntax.Body {
	t.Helper()
	parsed, problems := hclsyntax.ParseConfig([]byte(read(t, file)), file, hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return parsed.Body.(*hclsyntax.Body)
}

// blocks returns the blocks of a type in all files of a module.
func blocks(module []*hclsyntax.Body, kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, file := range module {
		for _, b := range file.Blocks {
			if b.Type == kind {
				found = append(found, b)
			}
		}
	}
	return found
}

// references returns everything that a file refers to, for instance var.region or local.function.logConfig.project.
func references(file *hclsyntax.Body) []string {
	var found []string
	hclsyntax.VisitAll(file, func(node hclsyntax.Node) hcl.Diagnostics { //nolint:errcheck // it returns what we return
		if e, ok := node.(*hclsyntax.ScopeTraversalExpr); ok {
			name := e.Traversal.RootName()
			for _, step := range e.Traversal[1:] {
				if attr, ok := step.(hcl.TraverseAttr); ok {
					name += "." + attr.Name
				}
			}
			found = append(found, name)
		}
		return nil
	})
	return found
}

// arguments is what a resource, or a block in it, takes.
type arguments struct {
	Required, Optional, RequiredBlocks []string
	Blocks                             map[string]arguments
}

// check compares a block with what the provider takes.
func (a arguments) check(body *hclsyntax.Body) []string {
	var wrong []string
	given := slices.Collect(maps.Keys(body.Attributes))
	for _, name := range given {
		if !slices.Contains(slices.Concat(a.Required, a.Optional, []string{"count", "for_each", "depends_on"}), name) {
			wrong = append(wrong, "no argument is called "+name)
		}
	}
	for _, b := range body.Blocks {
		name, content := b.Type, b.Body
		if name == "lifecycle" {
			continue
		}
		if name == "dynamic" {
			name, content = b.Labels[0], b.Body.Blocks[0].Body
		}
		given = append(given, name)
		if inner, ok := a.Blocks[name]; ok {
			wrong = append(wrong, inner.check(content)...)
		} else {
			wrong = append(wrong, "no block is called "+name)
		}
	}
	for _, name := range slices.Concat(a.Required, a.RequiredBlocks) {
		if !slices.Contains(given, name) {
			wrong = append(wrong, name+" is missing")
		}
	}
	return wrong
}

// TestTerraformUsesWhatTheProviderTakes compares every resource with the names of arguments in testdata/alicloud.schema.json,
// which are those of the provider's schema without deprecated ones.
func TestTerraformUsesWhatTheProviderTakes(t *testing.T) {
	t.Parallel()
	var known map[string]map[string]arguments
	if err := decode(read(t, "testdata/alicloud.schema.json"), &known); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for folder, module := range modules(t) {
		for _, b := range slices.Concat(blocks(module, "resource"), blocks(module, "data")) {
			used[b.Labels[0]] = true
			takes, ok := known[b.Type][b.Labels[0]]
			if !ok {
				t.Errorf("%s: the provider has no %s %s", folder, b.Type, b.Labels[0])
			}
			for _, wrong := range takes.check(b.Body) {
				t.Errorf("%s: %s %v: %s", folder, b.Type, b.Labels, wrong)
			}
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(known["resource"])), slices.Collect(maps.Keys(known["data"]))) {
		if !used[name] {
			t.Errorf("alicloud.schema.json has %s, which no module uses", name)
		}
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	takes := arguments{
		Required: []string{"name"}, Optional: []string{"size"}, RequiredBlocks: []string{"code"},
		Blocks: map[string]arguments{"code": {Optional: []string{"file"}}},
	}
	for text, want := range map[string]string{
		"name = 1\ncount = 1\ncode {\n}": "",
		"name = 1\nsize = 2\ndynamic \"code\" {\nfor_each = []\ncontent {\nfile = 1\n}\n}": "",
		"code {\n}":                                "name is missing",
		"name = 1":                                 "code is missing",
		"name = 1\nsise = 1\ncode {\n}":            "no argument is called sise",
		"name = 1\ncode {\nfiles = 1\n}":           "no argument is called files",
		"name = 1\ncode {\n}\ncoda {\nfile = 1\n}": "no block is called coda",
	} {
		file, problems := hclsyntax.ParseConfig([]byte(text), "", hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if got := strings.Join(takes.check(file.Body.(*hclsyntax.Body)), ", "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestTerraformModulesFit: a module uses each variable that it declares and no other, and each caller passes each value
// that has no default and no value that it does not take.
func TestTerraformModulesFit(t *testing.T) {
	t.Parallel()
	all, calls := modules(t), 0
	for folder, module := range all {
		var used []string
		for _, file := range module {
			for _, name := range references(file) {
				if variable, ok := strings.CutPrefix(name, "var."); ok {
					used = append(used, variable)
				}
			}
		}
		declared, _ := variables(module)
		slices.Sort(used)
		if !slices.Equal(declared, slices.Compact(used)) {
			t.Errorf("%s declares the variables %v and uses %v", folder, declared, slices.Compact(used))
		}
		for _, call := range blocks(module, "module") {
			calls++
			source, _ := call.Body.Attributes["source"].Expr.Value(nil)
			takes, required := variables(all[filepath.Join(folder, source.AsString())])
			delete(call.Body.Attributes, "source")
			given := slices.Collect(maps.Keys(call.Body.Attributes))
			for _, name := range given {
				if !slices.Contains(takes, name) {
					t.Errorf("%s: module %s takes no %s", folder, call.Labels[0], name)
				}
			}
			for _, name := range required {
				if !slices.Contains(given, name) {
					t.Errorf("%s: module %s needs %s", folder, call.Labels[0], name)
				}
			}
		}
	}
	if calls != 3 { // files, and the module in each example
		t.Errorf("%d calls of modules", calls)
	}
}

// variables returns the names of a module's variables, and of those without a default.
func variables(module []*hclsyntax.Body) (all, required []string) {
	for _, b := range blocks(module, "variable") {
		all = append(all, b.Labels[0])
		if b.Body.Attributes["default"] == nil {
			required = append(required, b.Labels[0])
		}
	}
	slices.Sort(all)
	return all, required
}

// deployed returns the properties of the function in s.yaml.
func deployed(t *testing.T) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := yaml.Load([]byte(read(t, "../s.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	props, _ := at(doc, "resources", "peerguard", "props").(map[string]any)
	return props
}

// leaves returns the paths of all values, for instance logConfig.project. A list is a value.
func leaves(value map[string]any, prefix string) []string {
	var paths []string
	for key, inner := range value {
		if m, ok := inner.(map[string]any); ok {
			paths = append(paths, leaves(m, prefix+key+".")...)
		} else {
			paths = append(paths, prefix+key)
		}
	}
	return paths
}

// TestTerraformDeploysWhatServerlessDevsDeploys: Terraform passes on each value of s.yaml, and has none of its own where s.yaml
// has one.
func TestTerraformDeploysWhatServerlessDevsDeploys(t *testing.T) {
	t.Parallel()
	props := deployed(t)
	for _, key := range []string{"region", "code", "triggers"} { // the provider's, the package, and the next test's
		if props[key] == nil {
			t.Errorf("s.yaml has no %s", key)
		}
		delete(props, key)
	}
	props["environmentVariables"] = "passed on as a whole"
	file := parseTerraform(t, "terraform/function.tf")
	taken := references(file)
	for _, path := range leaves(props, "") {
		if !slices.Contains(taken, "local.function."+path) {
			t.Errorf("function.tf leaves out %s of s.yaml", path)
		}
	}
	hclsyntax.VisitAll(file, func(node hclsyntax.Node) hcl.Diagnostics { //nolint:errcheck // it returns what we return
		if a, ok := node.(*hclsyntax.Attribute); ok && len(hclsyntax.Variables(a.Expr)) == 0 {
			t.Errorf("function.tf has its own %s", a.Name)
		}
		return nil
	})
}

// TestTerraformFindsItsTriggers: the triggers of s.yaml have the keys that Terraform passes on, and no other.
func TestTerraformFindsItsTriggers(t *testing.T) {
	t.Parallel()
	byName := map[string]string{}
	triggers, _ := deployed(t)["triggers"].([]any)
	for _, trigger := range triggers {
		trigger, _ := trigger.(map[string]any)
		if keys := slices.Sorted(maps.Keys(trigger)); !slices.Equal(keys, []string{"description", "triggerConfig", "triggerName", "triggerType"}) {
			t.Errorf("a trigger has %v", keys)
		}
		if trigger["description"] == "" || len(leaves(trigger, "")) < 4 {
			t.Errorf("trigger %+v", trigger)
		}
		byName[fmt.Sprint(trigger["triggerName"])] = fmt.Sprint(trigger["triggerType"])
	}
	if want := map[string]string{"peering-events": "eventbridge", "sweep": "timer"}; !maps.Equal(byName, want) || deployed(t)["functionName"] != "peerguard" {
		t.Errorf("function %v has triggers %v", deployed(t)["functionName"], byName)
	}
	if !regexp.MustCompile(`triggers\s+= \["peering-events"\]`).MatchString(read(t, "terraform/examples/trigger/main.tf")) {
		t.Error("the example has another trigger")
	}
}

// TestTerraformReadsTheSameFiles: triggers, policies and alerts are defined once, so Terraform's event pattern is that of
// s.yaml.
func TestTerraformReadsTheSameFiles(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, file := range files(t, ".tf") {
		all.WriteString(read(t, file))
	}
	reader := read(t, "terraform/files/main.tf")
	for _, source := range []string{"s.yaml", "deploy/ram/${name}.json", "deploy/ram/trust-function.json", "deploy/alerts/index.json", "deploy/alerts/${name}.yaml"} {
		if !strings.Contains(reader, source+`"`) {
			t.Errorf("Terraform does not read %s", source)
		}
	}
	for _, copied := range []string{"ActionTrail", "eventName", "vpc:", "json_extract", "cronExpression"} {
		if strings.Contains(all.String(), copied) {
			t.Errorf("%s is defined in Terraform again", copied)
		}
	}
	for name := range alerts(t) {
		if !strings.Contains(read(t, "terraform/files/files.tftest.hcl"), `"`+name+`"`) {
			t.Errorf("Terraform does not know the alert %s", name)
		}
	}
}

// TestTerraformFillsIn: Terraform reads s.yaml before its variables are filled in, so it fills them in, and the placeholders of
// the other files.
func TestTerraformFillsIn(t *testing.T) {
	t.Parallel()
	var doc struct{ Vars map[string]string }
	if err := yaml.Load([]byte(read(t, "../s.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	main := read(t, "terraform/files/main.tf")
	for name := range doc.Vars {
		if !regexp.MustCompile(`(?m)^    ` + name + ` += `).MatchString(main) {
			t.Errorf("files/main.tf leaves ${vars.%s} in s.yaml", name)
		}
	}
	sources := []string{"ram/function.json", "ram/platform.json", "ram/directory.json"}
	for name := range alerts(t) {
		sources = append(sources, "alerts/"+name+".yaml")
	}
	for _, source := range sources {
		for _, name := range placeholder.FindAllString(read(t, source), -1) {
			if !regexp.MustCompile(`(?m)^    "` + name + `" += `).MatchString(main) {
				t.Errorf("files/main.tf leaves %s in %s", name, source)
			}
		}
	}
}

// TestTerraformPassesOnEveryPartOfAnAlert: a key of an alert rule that alerts.tf does not know would be lost.
func TestTerraformPassesOnEveryPartOfAnAlert(t *testing.T) {
	t.Parallel()
	rules := read(t, "terraform/alerts.tf")
	for name := range alerts(t) {
		var rule map[string]any
		load(t, "alerts/"+name+".yaml", &rule)
		for _, key := range lastKeys(rule) {
			if !regexp.MustCompile(`\.` + key + `\b`).MatchString(rules) {
				t.Errorf("alerts.tf leaves out %s of %s", key, name)
			}
		}
	}
}

// lastKeys returns the keys of all values that are not empty, those of objects in lists as well.
func lastKeys(object map[string]any) []string {
	var keys []string
	for key, value := range object {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, item := range list {
			if inner, ok := item.(map[string]any); ok {
				keys = append(keys, lastKeys(inner)...)
			} else if item != "" {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
