package deploy_test

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rosTemplate is a template of Resource Orchestration Service, with the sections that we use.
// https://www.alibabacloud.com/help/en/ros/user-guide/template-syntax
type rosTemplate struct {
	Version     string `yaml:"ROSTemplateFormatVersion"`
	Description string `yaml:"Description"`
	Parameters  map[string]struct {
		Type           string  `yaml:"Type"`
		Description    string  `yaml:"Description"`
		AllowedPattern string  `yaml:"AllowedPattern"`
		Default        *string `yaml:"Default"`
		NoEcho         bool    `yaml:"NoEcho"`
	} `yaml:"Parameters"`
	Conditions map[string]any         `yaml:"Conditions"`
	Resources  map[string]rosResource `yaml:"Resources"`
	Outputs    map[string]any         `yaml:"Outputs"`
}

type rosResource struct {
	Type       string         `yaml:"Type"`
	DependsOn  string         `yaml:"DependsOn"`
	Properties map[string]any `yaml:"Properties"`
}

func readTemplate(t *testing.T, name string) rosTemplate {
	t.Helper()
	var template rosTemplate
	load(t, "members/"+name, &template)
	for parameter, p := range template.Parameters {
		if p.Description == "" || p.Type == "" {
			t.Errorf("%s: parameter %s has no description or no type", name, parameter)
		}
	}
	return template
}

// below returns what lies below keys and positions of decoded YAML or JSON.
func below(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			key, _ := step.(string)
			value = v[key]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(v) {
				t.Fatalf("%v: no %v", path, step)
			}
			value = v[i]
		default:
			t.Fatalf("%v: no %v in %v", path, step, value)
		}
	}
	return value
}

// decoded returns a JSON file as values.
func decoded(t *testing.T, file string) any {
	t.Helper()
	var value any
	if err := decode(read(t, file), &value); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return value
}

// TestMembersRoleIsTheReviewedOne: the role that a template creates has the permissions of member.json and the trust of
// trust-member.json, and asks for an external id only if there is one.
func TestMembersRoleIsTheReviewedOne(t *testing.T) {
	t.Parallel()
	role := readTemplate(t, "role.yaml").Resources["Role"]
	if role.Type != "ALIYUN::RAM::Role" {
		t.Errorf("a resource of type %s", role.Type)
	}
	if policies, _ := role.Properties["Policies"].([]any); len(policies) != 1 || role.Properties["PolicyAttachments"] != nil {
		t.Errorf("the role has the policies %v and %v", policies, role.Properties["PolicyAttachments"])
	}
	if got, want := below(t, role.Properties, "Policies", 0, "PolicyDocument"), decoded(t, "ram/member.json"); !reflect.DeepEqual(got, want) {
		t.Errorf("the role may\n%v, member.json says\n%v", got, want)
	}
	trust := below(t, role.Properties, "AssumeRolePolicyDocument", "Statement", 0).(map[string]any)
	principal, _ := below(t, trust, "Principal", "RAM", 0, "Fn::Sub").(string)
	trusted := strings.NewReplacer("${FunctionAccount}", "<ACCOUNT_ID>", "${FunctionRole}", "peerguard").Replace(principal)
	if want := below(t, decoded(t, "ram/trust-member.json"), "Statement", 0, "Principal", "RAM", 0); trusted != want {
		t.Errorf("the role trusts %s, trust-member.json says %s", trusted, want)
	}
	condition := []any{
		"AsksForExternalId",
		map[string]any{"StringEquals": map[string]any{"sts:ExternalId": map[string]any{"Ref": "ExternalId"}}},
		map[string]any{"Ref": "ALIYUN::NoValue"},
	}
	if got := below(t, trust, "Condition", "Fn::If"); !reflect.DeepEqual(got, condition) {
		t.Errorf("the condition is %v", got)
	}
	if len(trust) != 4 || trust["Effect"] != "Allow" || trust["Action"] != "sts:AssumeRole" {
		t.Errorf("the trust policy is %v", trust)
	}
}

// TestMembersGetTheRoleByThemselves: the stack group deploys role.yaml, word for word, to the accounts in the folders and to
// those that join later, through permissions that the service manages.
func TestMembersGetTheRoleByThemselves(t *testing.T) {
	t.Parallel()
	group := readTemplate(t, "stack-group.yaml")
	var whole, role map[string]any
	load(t, "members/stack-group.yaml", &whole)
	load(t, "members/role.yaml", &role)
	if body := below(t, whole, "Resources", "Group", "Properties", "TemplateBody"); !reflect.DeepEqual(body, any(role)) {
		t.Errorf("stack-group.yaml deploys another template than role.yaml")
	}
	properties := group.Resources["Group"].Properties
	for path, want := range map[string]any{"PermissionModel": "SERVICE_MANAGED", "AutoDeployment.Enabled": true, "AutoDeployment.RetainStacksOnAccountRemoval": false} {
		var keys []any
		for key := range strings.SplitSeq(path, ".") {
			keys = append(keys, key)
		}
		if got := below(t, properties, keys...); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	passed, _ := properties["Parameters"].(map[string]any)
	for name := range readTemplate(t, "role.yaml").Parameters {
		if !reflect.DeepEqual(passed[name], any(map[string]any{"Ref": name})) {
			t.Errorf("the group passes %v for %s", passed[name], name)
		}
	}
	instances := group.Resources["Instances"]
	if instances.DependsOn != "Group" || !reflect.DeepEqual(below(t, instances.Properties, "DeploymentTargets", "RdFolderIds"), any(map[string]any{"Ref": "Folders"})) {
		t.Errorf("the instances are %+v", instances)
	}
	if len(group.Resources) != 2 {
		t.Errorf("there are the resources %v", slices.Sorted(maps.Keys(group.Resources)))
	}
}

// TestTemplatesReferToWhatIsThere: a parameter that is misspelt is found here and not in 300 accounts.
func TestTemplatesReferToWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"role.yaml", "stack-group.yaml"} {
		template := readTemplate(t, name)
		text := read(t, "members/"+name)
		used := map[string]bool{}
		for _, m := range regexp.MustCompile(`Ref: '?([A-Za-z:]+)|\$\{([A-Za-z]+)\}`).FindAllStringSubmatch(text, -1) {
			parameter := m[1] + m[2]
			used[parameter] = true
			if _, known := template.Parameters[parameter]; !known && parameter != "ALIYUN::NoValue" && parameter != "ALIYUN::Region" {
				t.Errorf("%s: there is no parameter %s", name, parameter)
			}
		}
		for parameter := range template.Parameters {
			if !used[parameter] {
				t.Errorf("%s: nothing uses the parameter %s", name, parameter)
			}
		}
		if template.Version != "2015-09-01" || template.Description == "" {
			t.Errorf("%s: version %s", name, template.Version)
		}
	}
}

// TestTerraformDeploysTheSameRole: the module deploys role.yaml with all its parameters, as the template does.
func TestTerraformDeploysTheSameRole(t *testing.T) {
	t.Parallel()
	text := read(t, "members/terraform/main.tf")
	for _, needed := range []string{
		`file("${path.module}/../role.yaml")`, `permission_model = "SERVICE_MANAGED"`,
		"auto_deployment {\n    enabled                          = true\n", "rd_folder_ids = var.folders",
	} {
		if !strings.Contains(text, needed) {
			t.Errorf("main.tf lacks %s", needed)
		}
	}
	for name := range readTemplate(t, "role.yaml").Parameters {
		if !regexp.MustCompile(`(?m)^    ` + name + ` +=`).MatchString(text) {
			t.Errorf("main.tf does not pass %s", name)
		}
	}
}

// TestNobodyUsesTheAdministratorsRole: the role that the resource directory creates in each member is an administrator.
func TestNobodyUsesTheAdministratorsRole(t *testing.T) {
	t.Parallel()
	for _, file := range slices.Concat(files(t, ".json"), files(t, ".yaml"), files(t, ".tf")) {
		if strings.Contains(read(t, file), "ResourceDirectoryAccountAccessRole") {
			t.Errorf("%s uses it", file)
		}
	}
}
