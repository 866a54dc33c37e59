package main_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "peerguard/"

// rooms says what each room may import of the others. A room that is not here may not exist.
var rooms = map[string][]string{
	"function/peering":               {},
	"function/event":                 {"function/peering"},
	"function/policy":                {"function/peering"},
	"function/vpcpeer":               {"function/peering"},
	"function/fc":                    {"function/peering"},
	"function/guard":                 {"function/peering", "function/policy"},
	"function/handler":               {"function/event", "function/fc", "function/guard", "function/peering", "function/policy", "function/vpcpeer"},
	"function":                       {"function/fc", "function/guard", "function/handler", "function/policy", "function/vpcpeer"},
	"function/vpcpeer/vpcpeertest":   {"function/peering"},
	"function/fc/fctest":             {},
	"function/internal/pack":         {"function/policy"},
	"events":                         {},
	"function/cmd/peerguard":         {"*"},
	"function/cmd/peerguard/page":    {"function/guard", "function/peering", "function/policy"},
	"function/bench":                 {"*"},
	"function/chaos":                 {},
	"function/bench/world":           {"function/fc/fctest", "function/peering"},
	"function/bench/cloud":           {"function/bench/world", "function/fc/fctest", "function/peering", "function/vpcpeer/vpcpeertest"},
	"function/bench/floor/calls":     {},
	"function/bench/floor/hello":     {},
	"function/bench/floor/hellohttp": {},
	"function/bench/floor/bare":      {"function/bench/floor/calls"},
}

// outside says which rooms alone may import which modules of others.
var outside = map[string][]string{
	"github.com/aliyun/alibaba-cloud-sdk-go": {"function/vpcpeer", "function/bench/floor/calls"},
	"github.com/aliyun/fc-runtime-go-sdk":    {"function/fc", "function/bench/floor/hello", "function/bench/floor/bare"},
	"go.yaml.in/yaml":                        {"function/policy"},
	"github.com/rs/zerolog":                  {"function", "function/handler", "function/bench"},
	"golang.org/x/time":                      {"function/vpcpeer"},
	"golang.org/x/sync":                      {"function/guard"},
	"github.com/cenkalti/backoff":            {"function/guard", "function/vpcpeer", "function/fc"},
}

// TestRooms holds the picture of the architecture against the code: values move one way, and imports point at the waist.
func TestRooms(t *testing.T) {
	t.Parallel()
	seen := 0
	walk(t, func(room, file string, imports []string) {
		seen++
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: there is no room %s", file, room)
			return
		}
		for _, imported := range imports {
			if complaint := forbidden(room, allowed, imported); complaint != "" {
				t.Errorf("%s: %s", file, complaint)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func forbidden(room string, allowed []string, imported string) string {
	if other, ours := strings.CutPrefix(imported, module); ours {
		if !slices.Contains(allowed, other) && !slices.Contains(allowed, "*") {
			return fmt.Sprintf("%s may not import %s", room, other)
		}
		return ""
	}
	if room == "function/peering" && strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "the waist imports the standard library only, not " + imported
	}
	for prefix, owners := range outside {
		command := strings.HasPrefix(room, "function/cmd/") && prefix != "github.com/aliyun/alibaba-cloud-sdk-go"
		if strings.HasPrefix(imported, prefix) && !slices.Contains(owners, room) && !command {
			return fmt.Sprintf("%s may not import %s: that is for %v", room, imported, owners)
		}
	}
	return ""
}

// walk visits every Go file of the module that is no test.
func walk(t *testing.T, visit func(room, file string, imports []string)) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != "." || d.Name() == "testdata" || d.Name() == "dist") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, i := range parsed.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, name)
		}
		visit(path.Dir(file), file, imports)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoomsCanFail: the rules catch what they are for.
func TestRoomsCanFail(t *testing.T) {
	t.Parallel()
	for room, imported := range map[string]string{
		"function/peering": "github.com/rs/zerolog",
		"function/event":   module + "function/policy",
		"function/guard":   module + "function/vpcpeer",
		"function/handler": "github.com/aliyun/alibaba-cloud-sdk-go/sdk",
		"function":         module + "function/vpcpeer/vpcpeertest",
		"function/fc":      module + "function/cmd/peerguard",
	} {
		if forbidden(room, rooms[room], imported) == "" {
			t.Errorf("%s may import %s", room, imported)
		}
	}
}
