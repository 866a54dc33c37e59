package acs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// variables are those that hold an endpoint.
var variables = map[acs.Service]string{
	acs.VpcPeer: "PEERGUARD_ENDPOINT", acs.STS: "PEERGUARD_STS_ENDPOINT", acs.VPC: "PEERGUARD_VPC_ENDPOINT", acs.ResourceManagement: "PEERGUARD_DIRECTORY_ENDPOINT",
}

// TestEndpointsOfTheEnvironment: every service has a variable, and each of them is checked.
func TestEndpointsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "https://vpcpeer.example.com": "ok", "https://vpcpeer.example.com:8443/": "ok", "http://127.0.0.1:8080": "ok", "http://localhost": "ok", "http://[::1]:1": "ok",
		"http://vpcpeer.example.com": "must begin with https://", "ftp://localhost": "must begin with https://", "http://127.0.0.1.example.com": "must begin with https://",
		"https://user:hunter2@example.com": "is not an https://host[:port] URL", "vpcpeer.example.com": "is not an https://host[:port] URL", "https://%zz": "is not an https://host[:port] URL",
		"https://example.com/api": "must be a host", "https://example.com?a=b": "must be a host",
	} {
		for service, variable := range variables {
			cfg, err := acs.ConfigFromEnv(func(name string) string { return map[string]string{variable: text}[name] })
			u := cfg.Endpoints[service]
			switch {
			case want == "" && (u != nil || err != nil), want == "ok" && (u == nil || err != nil || len(cfg.Endpoints) != 1):
				t.Errorf("%s=%q: %v, %v", variable, text, cfg, err)
			case err != nil && (!strings.HasPrefix(err.Error(), variable+" "+want) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("%s=%q: %v, want %s", variable, text, err, want)
			case want != "" && want != "ok" && err == nil:
				t.Errorf("%s=%q: no error, want %s", variable, text, want)
			}
		}
	}
}

// TestEveryMistakeOfTheEnvironmentIsNamed, each on a line of its own.
func TestEveryMistakeOfTheEnvironmentIsNamed(t *testing.T) {
	t.Parallel()
	_, err := acs.ConfigFromEnv(func(name string) string {
		if name == "DEBUG" {
			return "sdk"
		}
		return "nonsense"
	})
	if err == nil || strings.Count(err.Error(), "\n") != len(variables) {
		t.Errorf("got %v, want a line about DEBUG and one about each of %v", err, variables)
	}
}

// TestDebugOfTheSDKIsRefused: it would print whole requests.
func TestDebugOfTheSDKIsRefused(t *testing.T) {
	t.Parallel()
	for value, refused := range map[string]bool{"": false, "sdk": true, "a,sdk": true, "credential": false} {
		_, err := acs.ConfigFromEnv(func(name string) string { return map[string]string{"DEBUG": value}[name] })
		if (err != nil) != refused {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestPublicEndpoints: without settings, calls go to the documented hosts, over TLS.
func TestPublicEndpoints(t *testing.T) {
	t.Parallel()
	seen := &recorder{}
	s := newClient(acs.Config{Transport: seen})
	_ = s.get(within(t, 1100*time.Millisecond), home)
	_ = s.get(within(t, 1100*time.Millisecond), there)
	if want := "https://vpcpeer.aliyuncs.com"; !seen.has(want) {
		t.Errorf("hosts %v, want %s", seen.hosts, want)
	}
	if want := "https://sts.cn-shanghai.aliyuncs.com"; !seen.has(want) {
		t.Errorf("hosts %v, want %s", seen.hosts, want)
	}
}

// TestPublicHosts: each service has a documented host, and only that of STS depends on the region.
func TestPublicHosts(t *testing.T) {
	t.Parallel()
	for service, want := range map[acs.Service][2]string{
		acs.VpcPeer:            {"https://vpcpeer.aliyuncs.com", "https://vpcpeer.aliyuncs.com"},
		acs.STS:                {"https://sts.aliyuncs.com", "https://sts.cn-hangzhou.aliyuncs.com"},
		acs.VPC:                {"https://vpc.aliyuncs.com", "https://vpc.aliyuncs.com"},
		acs.ResourceManagement: {"https://resourcemanager.aliyuncs.com", "https://resourcemanager.aliyuncs.com"},
	} {
		for i, region := range []string{"", "cn-hangzhou"} {
			seen := &recorder{}
			_ = acs.New(acs.Config{Transport: seen}).Do(within(t, 1100*time.Millisecond), caller, acs.Call{Service: service, In: peering.Partition{Region: region}, Quota: quota},
				func(send acs.Send) error {
					return send(vpcpeer.CreateGetVpcPeerConnectionAttributeRequest(), new(acs.Confirmation))
				})
			if !seen.has(want[i]) {
				t.Errorf("service %d in region %q: hosts %v, want %s", service, region, seen.hosts, want[i])
			}
		}
	}
}
