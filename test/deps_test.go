package test

import (
	"bytes"
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

// rooms says which other rooms each room may import. A room that is missing here must not exist, and a permission that
// nobody uses must go. CONTRIBUTING.md draws the same picture.
var rooms = map[string][]string{
	"function/peering":   {},
	"function/event":     {"function/peering"},
	"function/policy":    {"function/peering"},
	"function/acs":       {"function/peering"},
	"function/vpcpeer":   {"function/acs", "function/peering"},
	"function/directory": {"function/acs", "function/peering"},
	"function/fc":        {"function/peering"},
	"function/guard":     {"function/peering", "function/policy"},
	"function/handler":   {"function/acs", "function/directory", "function/event", "function/fc", "function/guard", "function/peering", "function/policy", "function/vpcpeer"},
	"function":           {"function/acs", "function/fc", "function/handler", "function/policy"},

	"cmd/peerguard": {
		"analysis", "cmd/peerguard/draft", "cmd/peerguard/drill", "cmd/peerguard/evidence", "cmd/peerguard/finding", "cmd/peerguard/login", "cmd/peerguard/logs", "cmd/peerguard/page", "cmd/peerguard/plain", "events", "function/acs", "function/directory", "function/event", "function/fc", "function/guard", "function/handler",
		"function/peering", "function/policy", "function/vpcpeer", "simulator",
	},
	"cmd/peerguard/draft":    {"cmd/peerguard/plain", "function/peering", "function/policy"},
	"cmd/peerguard/drill":    {"cmd/peerguard/finding", "function/acs", "function/peering", "function/vpcpeer"},
	"cmd/peerguard/evidence": {"cmd/peerguard/logs", "cmd/peerguard/plain", "function/guard", "function/peering", "function/policy"},
	"cmd/peerguard/finding":  {"cmd/peerguard/plain", "function/policy"},
	"cmd/peerguard/login":    {"function/acs", "function/peering"},
	"cmd/peerguard/logs":     {"function/guard", "function/peering", "function/policy"},
	"cmd/peerguard/plain":    {},
	"cmd/peerguard/page":     {"cmd/peerguard/evidence", "cmd/peerguard/plain", "function/guard", "function/peering", "function/policy"},

	"analysis":           {"function/peering", "function/policy"},
	"events":             {},
	"simulator":          {"function/peering"},
	"simulator/platform": {"function/peering"},
	"deploy/pack":        {"function/policy"},

	"test/attacks":     {},
	"test/conformance": {},
	"test/e2e":         {},
	"test/bench": {
		"function/acs", "function/fc", "function/handler", "function/policy",
		"simulator/platform", "test/bench/floor/calls", "test/bench/world",
	},
	"test/bench/world":           {"function/peering", "simulator/platform"},
	"test/bench/cloud":           {"function/peering", "simulator", "simulator/platform", "test/bench/world"},
	"test/bench/floor/calls":     {},
	"test/bench/floor/hello":     {},
	"test/bench/floor/hellohttp": {},
	"test/bench/floor/bare":      {"test/bench/floor/calls"},
}

// outside says which rooms may import each module of others. No room may import a module that is missing here.
var outside = map[string][]string{
	"github.com/alecthomas/kong":             {"cmd/peerguard"},
	"github.com/aliyun/alibaba-cloud-sdk-go": {"cmd/peerguard/drill", "cmd/peerguard/login", "function/acs", "function/directory", "function/vpcpeer", "test/bench/floor/calls"},
	"github.com/aliyun/fc-runtime-go-sdk":    {"function/fc", "test/bench/floor/hello", "test/bench/floor/bare"},
	"github.com/cenkalti/backoff":            {"function/acs", "function/guard"},
	"github.com/jedib0t/go-pretty":           {"cmd/peerguard"},
	"github.com/rs/zerolog":                  {"cmd/peerguard", "function", "function/handler", "test/bench"},
	"go.yaml.in/yaml":                        {"function/policy"},
	"golang.org/x/sync":                      {"cmd/peerguard", "function/acs", "function/directory", "function/fc", "function/guard", "function/policy", "test/bench/floor/calls"},
	"golang.org/x/term":                      {"cmd/peerguard"},
	"golang.org/x/time":                      {"function/acs"},
}

// TestRooms holds the code to the picture of the architecture: values move one way, and imports point at the waist.
func TestRooms(t *testing.T) {
	t.Parallel()
	unused := permissions()
	for _, f := range goFiles(t) {
		allowed, known := rooms[f.room]
		if !known {
			t.Errorf("%s: there is no room %s", f.path, f.room)
			continue
		}
		for _, imported := range f.imports {
			if complaint := forbidden(f.room, allowed, imported); complaint != "" {
				t.Errorf("%s: %s", f.path, complaint)
			}
			unused.use(f.room, imported)
		}
	}
	for p := range unused {
		t.Errorf("%s may import %s, but does not: remove the permission", p.room, p.imports)
	}
}

// TestFunctionHoldsWhatIsDeployed: the rooms under function/ are those that are linked into the function.
func TestFunctionHoldsWhatIsDeployed(t *testing.T) {
	t.Parallel()
	deployed := map[string]bool{}
	var link func(room string)
	link = func(room string) {
		deployed[room] = true
		for _, imported := range rooms[room] {
			link(imported)
		}
	}
	link("function")
	for room := range rooms {
		if under := room == "function" || strings.HasPrefix(room, "function/"); under != deployed[room] {
			t.Errorf("%s: deployed: %t, under function/: %t", room, deployed[room], under)
		}
	}
}

// TestFilesAreShort: a file that needs more than 300 lines holds more than one idea. Tests may be longer.
func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if f.lines > 300 {
			t.Errorf("%s has %d lines", f.path, f.lines)
		}
	}
}

// forbidden returns what is wrong with an import, "" if nothing.
func forbidden(room string, allowed []string, imported string) string {
	if other, ours := strings.CutPrefix(imported, module); ours {
		if !slices.Contains(allowed, other) {
			return fmt.Sprintf("%s may not import %s", room, other)
		}
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	for prefix, owners := range outside {
		if strings.HasPrefix(imported, prefix) && slices.Contains(owners, room) {
			return ""
		}
	}
	return fmt.Sprintf("%s may not import %s", room, imported)
}

// permission lets a room import something: a room of ours, or a module of others.
type permission struct{ room, imports string }

type permissionSet map[permission]bool

// permissions returns everything that rooms and outside grant.
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

// use removes the permission that an import uses.
func (s permissionSet) use(room, imported string) {
	delete(s, permission{room, imported})
	for prefix := range outside {
		if strings.HasPrefix(imported, prefix) {
			delete(s, permission{room, prefix})
		}
	}
}

// goFile is a Go file of the module that is not a test.
type goFile struct {
	path, room string
	imports    []string
	lines      int
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || d.Name() == "testdata" || d.Name() == "dist"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := readGo(root, name)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("found only %d files", len(files))
	}
	return files
}

func readGo(root fs.FS, name string) (goFile, error) {
	f := goFile{path: name, room: path.Dir(name)}
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return f, err
	}
	f.lines = bytes.Count(source, []byte("\n"))
	parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return f, err
	}
	for _, i := range parsed.Imports {
		imported, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return f, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
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
		"simulator":        "example.com/unlisted",
	} {
		if forbidden(room, rooms[room], imported) == "" {
			t.Errorf("%s may import %s", room, imported)
		}
	}
}

// TestUnusedPermissionIsFound: a permission stays in the set until an import uses it.
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
