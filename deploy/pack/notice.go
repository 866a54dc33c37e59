package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is something that is linked into the binary and has a licence of its own.
type module struct{ path, version, dir string }

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)`)
	noticeFile  = regexp.MustCompile(`(?i)^notice`)
)

// linked returns peerguard, the Go standard library, and every module with a package in the binary, by path.
func (p program) linked(ctx context.Context, version string) ([]module, error) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}}` + "\t" + `{{.Version}}` + "\t" + `{{.Dir}}{{end}}{{end}}`
	list, err := p.goTool(ctx, "list", "-deps", "-tags", p.tags, "-f", format, p.source)
	if err != nil {
		return nil, fmt.Errorf("listing the modules of the binary: %w", err)
	}
	env, err := p.goTool(ctx, "env", "GOVERSION", "GOROOT")
	if err != nil {
		return nil, fmt.Errorf("finding the Go standard library: %w", err)
	}
	goVersion, goRoot, _ := strings.Cut(strings.TrimSpace(env), "\n")
	modules := []module{{"peerguard", version, "."}, {"Go standard library", goVersion, goRoot}}
	lines := strings.Split(list, "\n") // one for each package, empty for those of the standard library and of peerguard
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		if path, rest, ok := strings.Cut(line, "\t"); ok {
			version, dir, _ := strings.Cut(rest, "\t")
			modules = append(modules, module{path, version, dir})
		}
	}
	return modules, nil
}

// addNotice takes the licences of all modules. Each of them asks to be handed on with the binary.
func (c contents) addNotice(modules []module) error {
	var notice strings.Builder
	fmt.Fprintln(&notice, "The binary peerguard is built from what is listed here, each with its licence.")
	for _, m := range modules {
		texts, err := m.licences()
		if err != nil {
			return err
		}
		line := strings.Repeat("=", 80)
		fmt.Fprintf(&notice, "\n%s\n%s %s\n%s\n", line, m.path, m.version, line)
		for _, text := range texts {
			fmt.Fprintf(&notice, "\n%s\n", text)
		}
	}
	return c.add("NOTICE", []byte(notice.String()), 0o644)
}

// licences returns the texts of the module's licence and notice files. A module without a licence is an error: nobody may
// hand it on.
func (m module) licences() ([]string, error) {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, fmt.Errorf("looking for the licence of %s %s: %w", m.path, m.version, err)
	}
	var texts []string
	licensed := false
	for _, entry := range entries {
		if name := entry.Name(); !entry.IsDir() && licenceFile.MatchString(name) {
			text, err := os.ReadFile(filepath.Join(m.dir, name))
			if err != nil {
				return nil, fmt.Errorf("reading the licence of %s %s: %w", m.path, m.version, err)
			}
			texts = append(texts, string(text))
			licensed = licensed || !noticeFile.MatchString(name)
		}
	}
	if !licensed {
		return nil, errors.New("looking for the licence of " + m.path + " " + m.version + ": there is none in " + m.dir)
	}
	return texts, nil
}
