package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is what git describe printed where the command was built. `make install` sets it.
var version string

// versionCommand prints what the command is built from.
type versionCommand struct {
	JSON bool `name:"json" help:"Print {\"version\",\"go\",\"modules\"}, with the version of each module that is linked in."`
}

// Help is the long text of --help.
func (*versionCommand) Help() string {
	return "The version is what `git describe` printed where the command was built. Without it, it is the version that Go recorded, or else \"unknown\"."
}

// Run prints the version.
func (v *versionCommand) Run(out *console) error {
	if v.JSON {
		return out.printJSON(build())
	}
	fprintf(out.stdout, "%s\n", build())
	return nil
}

// buildFacts are what this binary is built from.
type buildFacts struct {
	Version string            `json:"version"`
	Go      string            `json:"go"`
	Modules map[string]string `json:"modules"` // versions of others' modules, by path
}

// String returns one line without the modules.
func (b buildFacts) String() string { return fmt.Sprintf("peerguard %s (%s)", b.Version, b.Go) }

func build() buildFacts {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return factsOf(version, info)
}

// factsOf prefers the version that was set at build time. Go records one only for a build in a checkout, or of a
// published version.
func factsOf(version string, info *debug.BuildInfo) buildFacts {
	recorded := info.Main.Version
	if recorded == "(devel)" {
		recorded = ""
	}
	b := buildFacts{Version: cmp.Or(version, recorded, "unknown"), Go: runtime.Version(), Modules: map[string]string{}}
	for _, m := range info.Deps {
		used := m
		if m.Replace != nil {
			used = m.Replace
		}
		b.Modules[m.Path] = used.Version
	}
	return b
}
