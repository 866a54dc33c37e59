package vpcpeer

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// ParseEndpoint reads the base URL of an API: https, or http to this machine itself. The empty text is nil, which means
// the public endpoint. No error repeats the text: it may hold a password.
func ParseEndpoint(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no endpoint means the public one
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return nil, errors.New("is no https://host[:port] URL")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must be a host without path or query")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("must begin with https:// (http:// is for loopback addresses only)")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// CheckDebug refuses a value of the variable DEBUG that makes the SDK print whole requests, credentials and all.
func CheckDebug(value string) error {
	if slices.Contains(strings.Split(value, ","), "sdk") {
		return errors.New("DEBUG=sdk makes the Alibaba Cloud SDK print credentials: unset it")
	}
	return nil
}
