package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/policy"
)

// settings is the environment, read once. docs/reference.md lists the variables.
type settings struct {
	policy  string // path of the policy file
	cloud   acs.Config
	level   zerolog.Level
	runtime fc.Config
}

const prefix = "PEERGUARD_"

// configure reads the settings. Its error names every mistake, each on a line.
func configure(executable string, environ []string) (settings, error) {
	vars := variables(environ)
	var s settings
	var errs []error
	set := func(err error) { errs = append(errs, err) }

	s.policy = cmp.Or(vars.take(prefix+"POLICY"), filepath.Join(filepath.Dir(executable), "policy.yaml"))
	var err error
	s.cloud, err = acs.ConfigFromEnv(vars.take)
	set(err)
	s.level, err = level(cmp.Or(vars.take(prefix+"LOG_LEVEL"), "info"))
	set(err)
	s.runtime, err = fc.ConfigFromEnv(vars.lookup)
	set(err)
	set(vars.unknown())
	return s, errors.Join(errs...)
}

// source returns the policy file, which is read for each invocation.
func (s *settings) source() *policy.Source {
	folder, name := filepath.Split(s.policy)
	return policy.NewSource(policy.Folder(filepath.Clean(folder)), name)
}

// runtimeName returns which of Function Compute's runtimes the process serves: go1 or custom.
func (s *settings) runtimeName() string {
	if s.runtime.RuntimeAPI != "" {
		return "go1"
	}
	return "custom"
}

// environment is the process's variables. Those of peerguard are removed as they are read, so that what is left of them is
// unknown.
type environment map[string]string

func variables(environ []string) environment {
	vars := environment{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	return vars
}

// take returns a variable, "" if it is unset, and removes it.
func (v environment) take(name string) string {
	value := v[name]
	delete(v, name)
	return value
}

func (v environment) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// unknown reports what is left of peerguard's variables: a misspelt setting must not silently have no effect.
func (v environment) unknown() error {
	var names []string
	for name := range v {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var errs []error
	for _, name := range names {
		errs = append(errs, fmt.Errorf("%s is not a peerguard setting", name))
	}
	return errors.Join(errs...)
}

func level(text string) (zerolog.Level, error) {
	l, err := zerolog.ParseLevel(text)
	if err != nil || l.String() != text {
		return l, fmt.Errorf("%sLOG_LEVEL is %.20q, not one of trace, debug, info, warn, error, fatal, panic, disabled", prefix, text)
	}
	return l, nil
}
