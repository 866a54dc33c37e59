// Package deploy_test checks the files that a reviewer approves and an operator uses: s.yaml and bootstrap against what the
// platform takes, permissions against the calls in the code, alerts against what the function logs, Terraform against s.yaml.
package deploy_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// placeholders lists everything that a person has to fill in.
var placeholders = []string{
	"<REGION>", "<ACCOUNT_ID>", "<LOG_PROJECT>", "<LOGSTORE>", "<FAILURE_TOPIC>", "<ACTION_POLICY_ID>",
	"<EVENT_BUS>", "<DINGTALK_WEBHOOK_URL>", "<DINGTALK_SECRET>", "<FEISHU_WEBHOOK_URL>", "<SLACK_WEBHOOK_URL>", "<MAIL_SENDER>", "<MAIL_RECIPIENT>",
	"<ORGANIZATION_ID>", "<REPOSITORY>", "<REPOSITORY_NUMBER>", "<SERVICE_CONNECTION_ID>", "<ARCHIVE_ADDRESS>", "<ARCHIVE_CHECKSUM>",
}

var placeholder = regexp.MustCompile(`<[A-Za-z_ -]+>`)

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// decode reads JSON into a type that names every key that is allowed.
func decode(text string, into any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON")
	}
	return nil
}

// load reads YAML into a type that names every key that is allowed.
func load(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Load([]byte(read(t, file)), into, yaml.WithKnownFields()); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// files returns the files in this folder and below with an extension. Test data is not among them.
func files(t *testing.T, extension string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "testdata" {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() && path.Ext(file) == extension {
			found = append(found, file)
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("files with extension %s: %v, %v", extension, found, err)
	}
	return found
}

// TestFilesAreWellFormed: a file that no tool can read is found here and not on the day of the deployment.
func TestFilesAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, file := range files(t, ".json") {
		if !json.Valid([]byte(read(t, file))) {
			t.Errorf("%s is not JSON", file)
		}
	}
	for _, file := range files(t, ".yaml") {
		var value any
		if err := yaml.Load([]byte(read(t, file)), &value); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestPlaceholders: what a person must fill in has the same name everywhere.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, file := range slices.Concat(files(t, ".json"), files(t, ".yaml")) {
		for _, name := range placeholder.FindAllString(read(t, file), -1) {
			used[name] = true
			if !slices.Contains(placeholders, name) {
				t.Errorf("%s: %s is not one of our placeholders", file, name)
			}
		}
	}
	for _, name := range placeholders {
		if !used[name] {
			t.Errorf("%s is used nowhere", name)
		}
	}
}

// TestNothingIsLeftUnexplained: every file here is named in a README.
func TestNothingIsLeftUnexplained(t *testing.T) {
	t.Parallel()
	var prose strings.Builder
	for _, file := range files(t, ".md") {
		prose.WriteString(read(t, file))
	}
	for _, file := range slices.Concat(files(t, ".json"), files(t, ".yaml"), files(t, ".tf")) {
		if !strings.Contains(prose.String(), path.Base(file)) {
			t.Errorf("no README names %s", file)
		}
	}
}

// TestDeployDoesNotAsk: without -y the tool asks when it finds a difference, and without a terminal it then deploys nothing and
// exits with 0. The other half is the key qualifier in s.yaml, without which it finds a difference every time. The component
// that asks is not on npm, so that no test can play a second deployment.
func TestDeployDoesNotAsk(t *testing.T) {
	t.Parallel()
	commands := 0
	for _, file := range slices.Concat(files(t, ".md"), files(t, ".yaml"), files(t, ".tf"), []string{"../README.md", "../s.yaml", "../Makefile"}) {
		for line := range strings.Lines(read(t, file)) {
			for _, use := range regexp.MustCompile(`\bs deploy\b(?: -y)?`).FindAllString(line, -1) {
				commands++
				if !strings.HasSuffix(use, " -y") {
					t.Errorf("%s: s deploy without -y: %s", file, strings.TrimSpace(line))
				}
			}
		}
	}
	if commands < 8 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

// TestLinksLead checks the relative links of the READMEs.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^):#]+)[^)]*\)`)
	for _, file := range files(t, ".md") {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if _, err := os.Stat(path.Join(path.Dir(file), m[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}
