package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestThreatModelNamesTests: each test and fuzz target that docs/threat-model.md names exists, and it names many.
func TestThreatModelNamesTests(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/threat-model.md")
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]+)`").FindAllStringSubmatch(text, -1)
	if len(names) < 30 {
		t.Errorf("only %d tests are named", len(names))
	}
	defined := testNames(t)
	for _, name := range names {
		if !defined[name[1]] {
			t.Errorf("there is no test %s", name[1])
		}
	}
}

// TestRunbookIsComplete: each alert and each code that the reference lists has a section that says what to do.
func TestRunbookIsComplete(t *testing.T) {
	t.Parallel()
	runbook := read(t, "docs/runbook.md")
	alerts, err := filepath.Glob(filepath.Join("..", "deploy", "alerts", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var topics []string
	for _, path := range alerts {
		if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); name != "queries" {
			topics = append(topics, name)
		}
	}
	_, codes, found := strings.Cut(read(t, "docs/reference.md"), "The codes of an error are")
	codes, _, ended := strings.Cut(codes, "\n\n")
	for _, code := range regexp.MustCompile("`([A-Z][A-Za-z]+)`").FindAllStringSubmatch(codes, -1) {
		topics = append(topics, code[1])
	}
	if !found || !ended || len(topics) < 20 {
		t.Fatalf("only %d alerts and codes: %v", len(topics), topics)
	}
	for _, topic := range topics {
		if !strings.Contains(runbook, "\n### `"+topic+"`\n") {
			t.Errorf("docs/runbook.md has no section about %s", topic)
		}
	}
}

// TestLinksOfDocuments: each relative link leads to a file of the repository, and to a heading of it.
func TestLinksOfDocuments(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil || len(documents) < 3 {
		t.Fatalf("%v, %d documents", err, len(documents))
	}
	for i, document := range documents {
		documents[i] = filepath.Join("docs", filepath.Base(document))
	}
	links := 0
	for _, document := range append(documents, "README.md", "README.zh-CN.md") {
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(read(t, document), -1) {
			path, heading, _ := strings.Cut(link[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			links++
			target := filepath.Join(filepath.Dir(document), filepath.FromSlash(path))
			if path == "" {
				target = document
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s links to %s: %v", document, link[1], err)
			} else if heading != "" && !slices.Contains(headings(read(t, target)), heading) {
				t.Errorf("%s links to %s, which has no such heading", document, link[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links", links)
	}
}

// headings returns the names under which the headings of a document can be linked to.
func headings(text string) (names []string) {
	for _, heading := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testNames returns the names of all tests and fuzz targets of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string]bool{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(filepath.Join("..", path))
		for _, match := range function.FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
