package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// policyDocument is a RAM policy or trust policy, with the keys that we use.
// https://www.alibabacloud.com/help/en/ram/policy-structure-and-syntax
type policyDocument struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Action    oneOrMore
	Resource  []string
	Condition map[string]map[string]oneOrMore
	Principal *principal
}

type principal struct{ Service, RAM []string }

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

var (
	action   = regexp.MustCompile(`^[a-z]+:[A-Z][A-Za-z]+$`) // no wildcard anywhere
	resource = regexp.MustCompile(`^(\*|acs:ram::\*:role/[a-z]+|acs:[a-z]+:[^:*]*:[^:*]+:[^*]+(/\*)?)$`)
	creating = regexp.MustCompile(`^vpc:(Accept|Create|Delete|Modify|Associate|Add|Attach)`)
)

func readPolicy(t *testing.T, name string) policyDocument {
	t.Helper()
	p, err := parsePolicy(read(t, filepath.Join("ram", name)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

func parsePolicy(text string) (policyDocument, error) {
	var p policyDocument
	if err := decode(text, &p); err != nil {
		return p, err
	}
	var errs []error
	if p.Version != "1" || len(p.Statement) == 0 {
		errs = append(errs, errors.New("not version 1, or no statement"))
	}
	for _, s := range p.Statement {
		errs = append(errs, s.check())
	}
	return p, errors.Join(errs...)
}

func (s *statement) check() error {
	var errs []error
	if s.Effect != "Allow" || len(s.Action) == 0 || (len(s.Resource) == 0) == (s.Principal == nil) {
		errs = append(errs, fmt.Errorf("statement %+v", *s))
	}
	for _, a := range s.Action {
		if !action.MatchString(a) || creating.MatchString(a) {
			errs = append(errs, fmt.Errorf("action %s", a))
		}
	}
	for _, r := range s.Resource {
		if !resource.MatchString(r) {
			errs = append(errs, fmt.Errorf("resource %s", r))
		}
	}
	return errors.Join(errs...)
}

func (p policyDocument) actions() []string {
	var all []string
	for _, s := range p.Statement {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return all
}

// called returns the actions that the deployed code calls and that need a permission. It reads them from the source, where
// each request is made by a function of the SDK that is named after the action.
func called(t *testing.T) []string {
	t.Helper()
	request := regexp.MustCompile(`\b(\w+)\.Create([A-Z]\w+)Request\(`)
	prefixes := map[string]string{"vpcpeer": "vpc:", "sts": "sts:", "resourcemanager": "resourcemanager:"} // the actions of the VpcPeer API belong to vpc
	open := []string{"vpc.CreateDescribeRegionsRequest("}
	sources, err := filepath.Glob("../function/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range request.FindAllStringSubmatch(read(t, file), -1) {
			if slices.Contains(open, m[0]) {
				continue
			}
			prefix, known := prefixes[m[1]]
			if !known {
				t.Errorf("%s calls an API whose actions are not known: %s", file, m[0])
			}
			all = append(all, prefix+m[2])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestPoliciesAreWhatTheCodeCalls: with an action too few the guard never fires, with one too many a reviewer is misled.
func TestPoliciesAreWhatTheCodeCalls(t *testing.T) {
	t.Parallel()
	all := called(t)
	if len(all) < 7 {
		t.Fatalf("the code calls %v", all)
	}
	ofDirectory := func(a string) bool { return strings.HasPrefix(a, "resourcemanager:") }
	if got := readPolicy(t, "directory.json").actions(); !slices.Equal(got, slices.DeleteFunc(slices.Clone(all), func(a string) bool { return !ofDirectory(a) })) {
		t.Errorf("directory.json has %v, the code calls %v", got, all)
	}
	calls := slices.DeleteFunc(all, ofDirectory)
	if got := readPolicy(t, "function.json").actions(); !slices.Equal(got, calls) {
		t.Errorf("function.json has %v, the code calls %v", got, calls)
	}
	there := slices.DeleteFunc(slices.Clone(calls), func(a string) bool { return strings.HasPrefix(a, "sts:") })
	if got := readPolicy(t, "member.json").actions(); !slices.Equal(got, there) {
		t.Errorf("member.json has %v, the code calls %v there", got, there)
	}
}

// TestRejectHasNoNarrowerResource: a narrower resource would look careful and refuse every rejection.
func TestRejectHasNoNarrowerResource(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"function.json", "member.json"} {
		for _, s := range readPolicy(t, name).Statement {
			if slices.Contains(s.Action, "vpc:RejectVpcPeerConnection") && !slices.Equal(s.Resource, []string{"*"}) {
				t.Errorf("%s: Reject on %v", name, s.Resource)
			}
		}
	}
}

// TestMembersAreNotListed: a resource for each member would take 13,135 characters for 299 members, and RAM allows 6,144
// (https://www.alibabacloud.com/help/en/ram/product-overview/limits). So the policy names the role, in any account.
func TestMembersAreNotListed(t *testing.T) {
	t.Parallel()
	for _, s := range readPolicy(t, "function.json").Statement {
		if slices.Contains(s.Action, "sts:AssumeRole") && !slices.Equal(s.Resource, []string{"acs:ram::*:role/peerguard"}) {
			t.Errorf("AssumeRole on %v", s.Resource)
		}
	}
	for _, file := range files(t, ".json") {
		if text := read(t, file); strings.HasPrefix(file, "ram/") && len(text) > 6_144 {
			t.Errorf("%s has %d characters", file, len(text))
		}
	}
	if strings.Contains(read(t, "terraform/ram.tf"), "role/peerguard") {
		t.Error("Terraform writes the roles of members into the policy")
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	function, member := readPolicy(t, "trust-function.json").Statement, readPolicy(t, "trust-member.json").Statement
	if len(function) != 1 || !slices.Equal(function[0].Principal.Service, []string{"fc.aliyuncs.com"}) || function[0].Principal.RAM != nil {
		t.Errorf("the function's role trusts %+v", function)
	}
	if len(member) != 1 || !slices.Equal(member[0].Principal.RAM, []string{"acs:ram::<ACCOUNT_ID>:role/peerguard"}) || member[0].Principal.Service != nil {
		t.Errorf("the member's role trusts %+v", member)
	}
}

// TestDeployer: the deployer can deploy, and cannot grant more than the function's role has.
func TestDeployer(t *testing.T) {
	t.Parallel()
	for _, s := range readPolicy(t, "deployer.json").Statement {
		for _, a := range s.Action {
			switch {
			case strings.HasPrefix(a, "vpc:"), strings.HasPrefix(a, "sts:"), strings.Contains(a, ":Delete"):
				t.Errorf("a deployer does not need %s", a)
			case strings.HasPrefix(a, "ram:") && s.Condition["StringEquals"] == nil:
				t.Errorf("%s without a condition", a)
			case a == "ram:PassRole" && slices.Contains(s.Resource, "*"):
				t.Error("any role may be passed")
			}
		}
	}
}

// TestEveryActionHasItsReason: the tables of the README name every action.
func TestEveryActionHasItsReason(t *testing.T) {
	t.Parallel()
	prose := read(t, "ram/README.md")
	for _, name := range []string{"function.json", "member.json", "directory.json", "platform.json", "deployer.json"} {
		for _, a := range readPolicy(t, name).actions() {
			if !strings.Contains(prose, "`"+a+"`") {
				t.Errorf("ram/README.md has no reason for %s", a)
			}
		}
	}
}

func TestPolicyMistakes(t *testing.T) {
	t.Parallel()
	text := read(t, "ram/function.json")
	for name, change := range map[string][2]string{
		"another version": {`"Version": "1"`, `"Version": "2012-10-17"`},
		"misspelt key":    {`"Effect"`, `"Efect"`},
		"wildcard action": {`vpc:RejectVpcPeerConnection`, `vpc:*`},
		"wildcard ending": {`vpc:GetVpcPeerConnectionAttribute`, `vpc:Get*`},
		"connectivity":    {`vpc:RejectVpcPeerConnection`, `vpc:AcceptVpcPeerConnection`},
		"no resource":     {`"Resource": ["acs:ram::*:role/peerguard"]`, `"Resource": []`},
		"any role":        {`acs:ram::*:role/peerguard`, `acs:ram::*:role/*`},
		"any service":     {`acs:ram::*:role/peerguard`, `acs:*:*:*:*`},
		"deny":            {`"Allow"`, `"Deny"`},
		"trailing text":   {"  ]\n}", "  ]\n}}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(text, change[0]) {
				t.Fatalf("function.json does not hold %s", change[0])
			}
			if _, err := parsePolicy(strings.Replace(text, change[0], change[1], 1)); err == nil {
				t.Error("no error")
			}
		})
	}
}
