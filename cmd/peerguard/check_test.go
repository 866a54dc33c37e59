package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"peerguard/function/policy"
)

// play runs the command in this process.
func play(t *testing.T, out console, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	out.stdout, out.stderr = &o, &e
	code = run(t.Context(), args, &out)
	return o.String(), e.String(), code
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shipped holds a copy of the policy in the root of the repository, which the user may change.
var shipped = filepath.Join("..", "..", "function", "policy", "testdata", "shipped")

// TestShippedPolicy: the policy that a newcomer finds has no errors, no warnings, and a case for each rule.
func TestShippedPolicy(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := play(t, console{}, "check", "--json", filepath.Join(shipped, "policy.yaml"))
	var result checkJSON
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	if code != 0 || stderr != "" || len(result.Files) != 1 || len(result.Files[0].Warnings) > 0 || len(result.Files[0].Guards) == 0 {
		t.Errorf("check ended with %d: %s%s", code, stdout, stderr)
	}
	stdout, stderr, code = play(t, console{}, "test", "--json", filepath.Join(shipped, "policy_test.yaml"))
	var results testJSON
	if err := json.Unmarshal([]byte(stdout), &results); err != nil {
		t.Fatal(err)
	}
	if code != 0 || stderr != "" || results.Passed == 0 || len(results.Unexercised) > 0 {
		t.Errorf("test ended with %d: %s%s", code, stdout, stderr)
	}
}

const tabIndented = "version: 1\nmode: dryrun\nallow:\n\t- x\n"

// TestExcerpts: a terminal gets the source line and a caret, and colours unless they are off.
func TestExcerpts(t *testing.T) {
	t.Parallel()
	path := write(t, "policy.yaml", "version: 1\nmode: dryrun\nallow: []\n")
	const message = `mode must be dry-run or enforce, not "dryrun", did you mean "dry-run"?`
	tests := map[string]struct {
		out  console
		want string
	}{
		"no terminal": {console{}, path + ":2:7: " + message + "\n"},
		"terminal":    {console{stdoutTTY: true}, path + ":2:7: " + message + "\n  2 | mode: dryrun\n    |       ^\n"},
		"colour": {console{stdoutTTY: true, colour: true},
			"\x1b[1m" + path + ":2:7\x1b[0m: " + message + "\n  2 | mode: dryrun\n    |       \x1b[31m^\x1b[0m\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, _, code := play(t, tt.out, "check", path)
			if code != 1 || stdout != tt.want {
				t.Errorf("exit code %d, got %q, want %q", code, stdout, tt.want)
			}
		})
	}
}

// TestRefusalExcerpt: a command that needs a policy prints the mistakes of a broken one to stderr, with the source line if
// stderr is a terminal.
func TestRefusalExcerpt(t *testing.T) {
	t.Parallel()
	path := write(t, "policy.yaml", tabIndented)
	for _, terminal := range []bool{false, true} {
		stdout, stderr, code := play(t, console{stderrTTY: terminal}, "explain", "--policy", path, "--requester", "1", "--accepter", "2")
		excerpt := strings.Contains(stderr, "  4 | \t- x\n    | ^\n")
		if code != 1 || stdout != "" || !strings.HasPrefix(stderr, path+":4:1: ") || excerpt != terminal {
			t.Errorf("terminal %v: exit code %d, stdout %q, stderr %q", terminal, code, stdout, stderr)
		}
	}
}

// TestColours: verdicts are coloured on a terminal, and nowhere else.
func TestColours(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", filepath.Join(shipped, "policy.yaml")},
		{"test", filepath.Join(shipped, "policy_test.yaml")},
		{"explain", "--policy", filepath.Join(shipped, "policy.yaml"), "--requester", "4444444444444444", "--accepter", "1111111111111111"},
	} {
		plain, _, _ := play(t, console{}, args...)
		coloured, _, _ := play(t, console{stdoutTTY: true, colour: true}, args...)
		if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[32m") {
			t.Errorf("%s: plain %q, coloured %q", args[0], plain, coloured)
		}
	}
}

// TestRuleInWordsKnowsEveryKey: a new key of rules must get words.
func TestRuleInWordsKnowsEveryKey(t *testing.T) {
	t.Parallel()
	var known []string
	for field := range reflect.TypeFor[policy.Rule]().Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		known = append(known, key)
	}
	var schema any
	if err := json.Unmarshal(policy.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	rules := 0
	eachProperties(schema, func(properties map[string]any) {
		if properties["accounts_from"] == nil {
			return
		}
		rules++
		for key := range properties {
			if !slices.Contains(known, key) {
				t.Errorf("check has no words for the key %s", key)
			}
		}
	})
	if rules == 0 {
		t.Error("the schema describes no rule")
	}
}

// eachProperties visits the properties of each object in a schema.
func eachProperties(schema any, visit func(map[string]any)) {
	switch s := schema.(type) {
	case []any:
		for _, e := range s {
			eachProperties(e, visit)
		}
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			visit(properties)
		}
		for _, e := range s {
			eachProperties(e, visit)
		}
	}
}

// TestRulesInWords: the description of a rule mentions each of its keys.
func TestRulesInWords(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rule    policy.Rule
		verdict policy.Verdict
		want    string
	}{
		"account":          {policy.Rule{Accounts: []string{"1"}}, policy.Allow, "allow requests from account 1"},
		"anybody":          {policy.Rule{RequesterRegions: []string{"us-east-1"}}, policy.Reject, "reject requests from anybody, from us-east-1"},
		"every account":    {policy.Rule{Accounts: []string{"1", "*"}}, policy.Allow, "allow requests from any account"},
		"file":             {policy.Rule{AccountsFrom: "a.txt", AccountsInFile: 3}, policy.Allow, "allow requests from the 3 accounts in a.txt"},
		"both":             {policy.Rule{Accounts: []string{"1", "2"}, AccountsFrom: "a.txt", AccountsInFile: 1}, policy.Allow, "allow requests from account 1 or 2 or the 1 account in a.txt"},
		"four":             {policy.Rule{Accounts: []string{"1", "2", "3", "4"}}, policy.Allow, "allow requests from account 1, 2, 3 or 4"},
		"many":             {policy.Rule{Accounts: []string{"1", "2", "3", "4", "5"}}, policy.Allow, "allow requests from account 1, 2, 3 or 2 others"},
		"network, allowed": {policy.Rule{Accounts: []string{"1"}, RequesterCIDRs: []string{"10.0.0.0/8"}}, policy.Allow, "allow requests from account 1, with every CIDR inside 10.0.0.0/8"},
		"network, refused": {policy.Rule{RequesterCIDRs: []string{"10.0.0.0/8"}}, policy.Reject, "reject requests from anybody, with a CIDR that overlaps 10.0.0.0/8"},
		"places": {policy.Rule{
			Accounts: []string{"1"}, RequesterVPCs: []string{"vpc-a"}, AccepterAccounts: []string{"2"}, AccepterRegions: []string{"cn-shanghai"}, AccepterVPCs: []string{"vpc-b"},
		}, policy.Allow, "allow requests from account 1, from vpc-a, to account 2, to cn-shanghai, to vpc-b"},
		"background": {policy.Rule{Accounts: []string{"1"}, Until: "2026-12-31", Owner: "network", Reason: "NET-1"}, policy.Allow, "allow requests from account 1, until 2026-12-31 (NET-1; network)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Verdict = tt.verdict
			if got := describe(&tt.rule); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
