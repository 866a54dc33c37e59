package test

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeNamesTests: a command of README that selects tests finds some. `go test` passes if it finds none.
func TestReadmeNamesTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`go test (\./[a-z0-9/]+) -(?:run|fuzz) '?([A-Za-z]+)`).FindAllStringSubmatch(string(text), -1)
	if len(commands) < 3 {
		t.Fatalf("README has the commands %q", commands)
	}
	for _, c := range commands {
		files, err := filepath.Glob(filepath.Join("..", c[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		wanted, found := regexp.MustCompile(`(?m)^func \w*`+c[2]), false
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || wanted.Match(source)
		}
		if !found {
			t.Errorf("%s: there is no such test", c[0])
		}
	}
}

// TestReadmeShowsThePage: README shows the picture that `make picture` takes. It is large enough to read and small enough for a
// repository.
func TestReadmeShowsThePage(t *testing.T) {
	t.Parallel()
	const path = "docs/sweep.png"
	if !regexp.MustCompile(`!\[[^\]]{20,}\]\(` + path + `\)`).MatchString(read(t, "README.md")) {
		t.Errorf("README does not show %s", path)
	}
	file, err := os.Open(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.DecodeConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 200_000 || picture.Width < 1_000 || picture.Height < 600 {
		t.Errorf("%s has %d bytes and %d×%d pixels", path, info.Size(), picture.Width, picture.Height)
	}
}

// TestReadmesAgree: README in Chinese shows the same code, names the same commands and leads to the same places. What nobody has
// seen live is listed once, in English.
func TestReadmesAgree(t *testing.T) {
	t.Parallel()
	english, chinese := read(t, "README.md"), read(t, "README.zh-CN.md")
	before, list, _ := strings.Cut(english, "## Not yet seen live")
	_, after, found := strings.Cut(list, "\n## ")
	if !found {
		t.Fatal("README has no list of what nobody has seen live")
	}
	for what, pattern := range map[string]string{
		"code":     "(?s)```.*?```",
		"commands": "`((?:go|make|s|kill|peerguard) [^`]+)`",
		"links":    `\]\(([^)]+)\)`,
	} {
		find := regexp.MustCompile(pattern)
		want, got := find.FindAllString(before+after, -1), find.FindAllString(chinese, -1)
		if what != "code" {
			want, got = distinct(want), distinct(got)
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) < 5 {
			t.Errorf("%s of README (-) and README.zh-CN (+):\n%s", what, diff)
		}
	}
}

// distinct returns what the READMEs share: one leads to the other, and the Chinese one to what is in English alone.
func distinct(list []string) []string {
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool {
		return strings.Contains(s, "README.zh-CN.md") || strings.HasPrefix(s, "](README.md") || s == "](docs/drill.md)" || s == "`go tool peerguard drill`"
	})
}
