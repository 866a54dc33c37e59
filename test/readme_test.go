package test

import (
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"
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
