package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"peerguard/function/fc"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
)

// settings is the environment, read once. README.md lists the variables.
type settings struct {
	policy      string   // path of the policy file
	endpoint    *url.URL // of the VpcPeer API; nil: the public one
	stsEndpoint *url.URL // of the STS API; nil: the public one of the function's region
	level       zerolog.Level
	runtime     fc.Config
}

const prefix = "PEERGUARD_"

// configure reads the settings. Its error names every mistake, each on a line.
func configure(executable string, environ []string) (settings, error) {
	vars := variables(environ)
	var s settings
	var errs []error
	set := func(err error) { errs = append(errs, err) }

	s.policy = vars.take("POLICY", filepath.Join(filepath.Dir(executable), "policy.yaml"))
	var err error
	s.endpoint, err = endpoint("ENDPOINT", vars.take("ENDPOINT", ""))
	set(err)
	s.stsEndpoint, err = endpoint("STS_ENDPOINT", vars.take("STS_ENDPOINT", ""))
	set(err)
	s.level, err = level(vars.take("LOG_LEVEL", "info"))
	set(err)
	s.runtime, err = fc.ConfigFromEnv(vars.lookup)
	set(err)
	set(vpcpeer.CheckDebug(vars["DEBUG"]))
	set(vars.unknown())
	return s, errors.Join(errs...)
}

// source gives the policy file, which is read for each invocation.
func (s *settings) source() *policy.Source {
	folder, name := filepath.Split(s.policy)
	return policy.NewSource(os.DirFS(filepath.Clean(folder)), name)
}

// runtimeName returns which of Function Compute's runtimes the process serves: go1 or custom.
func (s *settings) runtimeName() string {
	if s.runtime.RuntimeAPI != "" {
		return "go1"
	}
	return "custom"
}

// environment is the process's variables; those of peerguard are taken out as they are read.
type environment map[string]string

func variables(environ []string) environment {
	vars := environment{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	return vars
}

// take gives a variable of peerguard's, or the default where it is unset or empty.
func (v environment) take(name, otherwise string) string {
	value := v[prefix+name]
	delete(v, prefix+name)
	if value == "" {
		return otherwise
	}
	return value
}

func (v environment) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// unknown reports what is left of peerguard's variables: a misspelt setting must not be silently without effect.
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
		errs = append(errs, fmt.Errorf("%s is no setting of peerguard", name))
	}
	return errors.Join(errs...)
}

// endpoint reads a base URL; nil is the public one.
func endpoint(name, text string) (*url.URL, error) {
	u, err := vpcpeer.ParseEndpoint(text)
	if err != nil {
		return nil, fmt.Errorf("%s%s %w", prefix, name, err)
	}
	return u, nil
}

func level(text string) (zerolog.Level, error) {
	l, err := zerolog.ParseLevel(text)
	if err != nil || l.String() != text {
		return l, fmt.Errorf("%sLOG_LEVEL is %.20q, not one of trace, debug, info, warn, error, fatal, panic, disabled", prefix, text)
	}
	return l, nil
}
