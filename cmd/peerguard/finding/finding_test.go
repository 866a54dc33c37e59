package finding_test

import (
	"encoding/json"
	"strings"
	"testing"

	"peerguard/cmd/peerguard/finding"
	"peerguard/function/policy"
)

func at(file string, line, column int) policy.Position {
	return policy.Position{File: file, Line: line, Column: column}
}

var found = []finding.Finding{
	{Position: at("a b/p,1.yaml", 3, 5), Severity: finding.Warning, Code: "rule-expired", Message: "rule 100% expired\n::error::forged"},
	{Position: at("/srv/policy.yaml", 1, 1), Severity: finding.Error, Code: "policy-invalid", Message: "bad | \x1b[31m"},
	{Position: at("policy.yaml", 0, 0), Severity: finding.Note, Code: "rule-expired", Message: "no place"},
}

// TestGitHub: each finding is one annotation, and its text cannot begin another one.
func TestGitHub(t *testing.T) {
	t.Parallel()
	const want = `::warning file=a b/p%2C1.yaml,line=3,col=5,title=peerguard%3A rule-expired::rule 100%25 expired\n::error::forged
::error file=/srv/policy.yaml,line=1,col=1,title=peerguard%3A policy-invalid::bad | \x1b[31m
::notice file=policy.yaml,title=peerguard%3A rule-expired::no place
`
	if got := finding.GitHub(found); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestMarkdownShowsTheWorstFirst: and a text cannot leave its cell.
func TestMarkdownShowsTheWorstFirst(t *testing.T) {
	t.Parallel()
	const want = "| | where | what |\n|---|---|---|\n" +
		"| **error** | `/srv/policy.yaml:1` | bad \\| \\\\x1b\\[31m |\n" +
		"| **warning** | `a b/p,1.yaml:3` | rule 100% expired\\\\n::error::forged |\n" +
		"| **note** | `policy.yaml` | no place |\n"
	if got := finding.Markdown(found); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := finding.Markdown(nil); got != "" {
		t.Errorf("got %q for no findings", got)
	}
}

// TestMarkdownText: a name in a policy makes no markup, no link and no mention.
func TestMarkdownText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"payments to vpc-b, until 2026-12-31": "payments to vpc-b, until 2026-12-31",
		"<img src=x>":                         `\<img src=x\>`,
		"[a](https://evil.example)":           `\[a\](https\://evil.example)`,
		"WWW.evil.example":                    `WWW\.evil.example`,
		"@everyone, see #1":                   "@<!-- -->everyone, see #<!-- -->1",
		"a@evil.example":                      "a@<!-- -->evil.example",
		"*b* _i_ ~s~ `c` &amp; $x$":           "\\*b\\* \\_i\\_ \\~s\\~ \\`c\\` \\&amp; \\$x\\$",
		"two\nlines | and a \\":               `two\\nlines \| and a \\`,
	} {
		if got := finding.Text(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := finding.Code("a`b|c\nd"); got != "`a\\x60b\\x7cc\\nd`" {
		t.Errorf("got %s", got)
	}
}

// TestSARIF: each kind of finding is a rule once, and a place is a URI, relative to the repository if it can be.
func TestSARIF(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(finding.SARIF("v1", found))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{` +
		`"tool":{"driver":{"name":"peerguard","version":"v1","rules":[{"id":"rule-expired"},{"id":"policy-invalid"}]}},"columnKind":"unicodeCodePoints","results":[` +
		`{"ruleId":"rule-expired","level":"warning","message":{"text":"rule 100% expired\\n::error::forged"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a%20b/p,1.yaml"},"region":{"startLine":3,"startColumn":5}}}]},` +
		`{"ruleId":"policy-invalid","level":"error","message":{"text":"bad | \\x1b[31m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"file:///srv/policy.yaml"},"region":{"startLine":1,"startColumn":1}}}]},` +
		`{"ruleId":"rule-expired","level":"note","message":{"text":"no place"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"policy.yaml"}}}]}]}]}`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	text, err = json.Marshal(finding.SARIF("v1", nil))
	if err != nil || !strings.Contains(string(text), `"rules":[]`) || !strings.Contains(string(text), `"results":[]`) {
		t.Errorf("no findings: %s, %v", text, err)
	}
}
