package acs

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Service is an API of Alibaba Cloud that has an endpoint of its own.
type Service int

// The services.
const (
	VpcPeer            Service = iota // VPC peering connections, version 2022-01-01
	STS                               // sessions of roles, version 2015-04-01
	VPC                               // which regions there are, version 2016-04-28
	ResourceManagement                // the resource directory, version 2020-03-31
)

// services says which variable holds a service's endpoint, and which public host it has otherwise.
var services = [...]struct {
	variable string
	product  string // the first label of the host
	regional bool   // the second label is the region
}{
	VpcPeer:            {"PEERGUARD_ENDPOINT", "vpcpeer", false},
	STS:                {"PEERGUARD_STS_ENDPOINT", "sts", true},
	VPC:                {"PEERGUARD_VPC_ENDPOINT", "vpc", false},
	ResourceManagement: {"PEERGUARD_DIRECTORY_ENDPOINT", "resourcemanager", false},
}

// Endpoints are base URLs, scheme and host, of the services that are not called at their public endpoint.
type Endpoints map[Service]*url.URL

// of returns the endpoint of a service for a region, which may be "".
func (e Endpoints) of(s Service, region string) *url.URL {
	if endpoint := e[s]; endpoint != nil {
		return endpoint
	}
	host := services[s].product
	if services[s].regional && region != "" {
		host += "." + region
	}
	return &url.URL{Scheme: "https", Host: host + ".aliyuncs.com"}
}

// ConfigFromEnv returns the Config that the variables PEERGUARD_…ENDPOINT ask for. getenv is os.Getenv or a function
// like it. The error names every mistake, each on a line, and repeats no value: it may hold a password.
func ConfigFromEnv(getenv func(string) string) (Config, error) {
	cfg := Config{Endpoints: Endpoints{}}
	errs := []error{checkDebug(getenv("DEBUG"))}
	for s, service := range services {
		text := getenv(service.variable)
		if text == "" {
			continue
		}
		endpoint, err := parseEndpoint(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %w", service.variable, err))
		}
		cfg.Endpoints[Service(s)] = endpoint
	}
	return cfg, errors.Join(errs...)
}

// parseEndpoint reads a base URL: https, or http to this machine itself.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return nil, errors.New("is not an https://host[:port] URL")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must be a host without path or query")
	case u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("must begin with https:// (http:// is for loopback addresses only)")
}

// IsLoopback reports whether a host, a name or an address without a port, is this machine itself.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// checkDebug refuses a value of the variable DEBUG that makes the SDK print whole requests, credentials included.
func checkDebug(value string) error {
	if slices.Contains(strings.Split(value, ","), "sdk") {
		return errors.New("DEBUG=sdk makes the Alibaba Cloud SDK print credentials: unset it")
	}
	return nil
}
