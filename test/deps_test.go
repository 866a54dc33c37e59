package test

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

// rooms says what each room may import of the others. A room that is not here may not exist, and a permission that nobody
// uses may not stay. CONTRIBUTING.md draws the same picture.
var rooms = map[string][]string{
	"function/peering": {},
	"function/event":   {"function/peering"},
	"function/policy":  {"function/peering"},
	"function/acs":     {"function/peering"},
	"function/vpcpeer": {"function/acs", "function/peering"},
	"function/fc":      {"function/peering"},
	"function/guard":   {"function/peering", "function/policy"},
	"function/handler": {"function/acs", "function/event", "function/fc", "function/guard", "function/peering", "function/policy", "function/vpcpeer"},
	"function":         {"function/acs", "function/fc", "function/guard", "function/handler", "function/policy"},

	"cmd/peerguard": {
		"cmd/peerguard/login", "cmd/peerguard/page", "events", "function/acs", "function/event", "function/fc", "function/guard", "function/handler",
		"function/peering", "function/policy", "function/vpcpeer", "simulator",
	},
	"cmd/peerguard/login": {"function/acs", "function/peering"},
	"cmd/peerguard/page":  {"function/guard", "function/peering", "function/policy"},

	"events":             {},
	"simulator":          {"function/peering"},
	"simulator/platform": {"function/peering"},
	"deploy/pack":        {"function/policy"},

	"test/e2e": {},
	"test/bench": {
		"function/acs", "function/fc", "function/guard", "function/handler", "function/policy",
		"simulator/platform", "test/bench/floor/calls", "test/bench/world",
	},
	"test/bench/world":           {"function/peering", "simulator/platform"},
	"test/bench/cloud":           {"function/peering", "simulator", "simulator/platform", "test/bench/world"},
	"test/bench/floor/calls":     {},
	"test/bench/floor/hello":     {},
	"test/bench/floor/hellohttp": {},
	"test/bench/floor/bare":      {"test/bench/floor/calls"},
}

// outside says which rooms alone may import which modules of others.
var outside = map[string][]string{
	"github.com/aliyun/alibaba-cloud-sdk-go": {"cmd/peerguard/login", "function/acs", "function/vpcpeer", "test/bench/floor/calls"},
	"github.com/aliyun/fc-runtime-go-sdk":    {"function/fc", "test/bench/floor/hello", "test/bench/floor/bare"},
	"github.com/cenkalti/backoff":            {"function/acs", "function/guard"},
	"github.com/rs/zerolog":                  {"cmd/peerguard", "function", "function/handler", "test/bench"},
	"go.yaml.in/yaml":                        {"function/policy"},
	"golang.org/x/sync":                      {"cmd/peerguard", "function/acs", "function/guard", "function/policy"},
	"golang.org/x/time":                      {"function/acs"},
}

// TestRooms holds the picture of the architecture against the code: values move one way, and imports point at the waist.
func TestRooms(t *testing.T) {
	t.Parallel()
	seen, unused := 0, permissions()
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
			unused.use(room, imported)
		}
	})
	for p := range unused {
		t.Errorf("%s may import %s, but does not: take the permission away", p.room, p.imports)
	}
	if seen < 20 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func forbidden(room string, allowed []string, imported string) string {
	if other, ours := strings.CutPrefix(imported, module); ours {
		if !slices.Contains(allowed, other) {
			return fmt.Sprintf("%s may not import %s", room, other)
		}
		return ""
	}
	if room == "function/peering" && strings.Contains(strings.Split(imported, "/")[0], ".") {
		return "the waist imports the standard library only, not " + imported
	}
	for prefix, owners := range outside {
		if strings.HasPrefix(imported, prefix) && !slices.Contains(owners, room) {
			return fmt.Sprintf("%s may not import %s: that is for %v", room, imported, owners)
		}
	}
	return ""
}

// permission lets a room import something: a room of ours, or a module of others.
type permission struct{ room, imports string }

type permissionSet map[permission]bool

// permissions returns all that rooms and outside grant.
func permissions() permissionSet {
	all := permissionSet{}
	for room, allowed := range rooms {
		for _, other := range allowed {
			all[permission{room, module + other}] = true
		}
	}
	for prefix, owners := range outside {
		for _, room := range owners {
			all[permission{room, prefix}] = true
		}
	}
	return all
}

// use takes away the permission that an import makes use of.
func (s permissionSet) use(room, imported string) {
	delete(s, permission{room, imported})
	for prefix := range outside {
		if strings.HasPrefix(imported, prefix) {
			delete(s, permission{room, prefix})
		}
	}
}

// walk visits every Go file of the module that is not a test.
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
		"function/acs":     module + "function/vpcpeer",
		"function/handler": "github.com/aliyun/alibaba-cloud-sdk-go/sdk",
		"function":         module + "function/vpcpeer/simulator",
		"function/fc":      module + "cmd/peerguard",
	} {
		if forbidden(room, rooms[room], imported) == "" {
			t.Errorf("%s may import %s", room, imported)
		}
	}
}

// TestUnusedPermissionIsFound: a permission stays in the set until an import makes use of it.
func TestUnusedPermissionIsFound(t *testing.T) {
	t.Parallel()
	unused := permissions()
	before := len(unused)
	unused.use("function/guard", module+"function/policy")
	unused.use("function/fc", "github.com/aliyun/fc-runtime-go-sdk/fc")
	unused.use("function/guard", "fmt")
	if len(unused) != before-2 {
		t.Errorf("%d permissions are unused, want %d", len(unused), before-2)
	}
}
