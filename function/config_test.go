package main

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := configure("/code/peerguard", []string{"PATH=/bin", "PEERGUARD_LOG_LEVEL=", "DEBUG=other"})
	if err != nil || s.policy != "/code/policy.yaml" || len(s.cloud.Endpoints) > 0 || s.level != zerolog.InfoLevel || s.runtime.RuntimeAPI != "" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := configure("/code/peerguard", []string{
		"PEERGUARD_POLICY=/mnt/rules.yaml", "PEERGUARD_ENDPOINT=http://127.0.0.1:8080/", "PEERGUARD_STS_ENDPOINT=https://sts-vpc.cn-shanghai.aliyuncs.com",
		"PEERGUARD_VPC_ENDPOINT=https://vpc.example.com", "PEERGUARD_DIRECTORY_ENDPOINT=https://directory.example.com:8443",
		"PEERGUARD_LOG_LEVEL=debug", "FC_RUNTIME_API=127.0.0.1:9001",
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoints := s.cloud.Endpoints
	if s.policy != "/mnt/rules.yaml" || endpoints[acs.VpcPeer].Host != "127.0.0.1:8080" || endpoints[acs.VpcPeer].Scheme != "http" ||
		endpoints[acs.STS].Host != "sts-vpc.cn-shanghai.aliyuncs.com" || endpoints[acs.VPC].Host != "vpc.example.com" ||
		endpoints[acs.ResourceManagement].Host != "directory.example.com:8443" || s.level != zerolog.DebugLevel || s.runtime.RuntimeAPI != "127.0.0.1:9001" {
		t.Errorf("got %+v", s)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"PEERGUARD_ENDPOINT=vpcpeer.aliyuncs.com":          "not an https://host[:port] URL",
		"PEERGUARD_ENDPOINT=http://vpcpeer.aliyuncs.com":   "must begin with https://",
		"PEERGUARD_ENDPOINT=http://127.0.0.1.example.com":  "must begin with https://",
		"PEERGUARD_ENDPOINT=ftp://127.0.0.1":               "must begin with https://",
		"PEERGUARD_ENDPOINT=https://x.example/v1":          "without path or query",
		"PEERGUARD_ENDPOINT=https://x.example?a=b":         "without path or query",
		"PEERGUARD_STS_ENDPOINT=https://user:pw@x.example": "not an https://host[:port] URL",
		"PEERGUARD_VPC_ENDPOINT=http://vpc.example.com":    "PEERGUARD_VPC_ENDPOINT must begin with https://",
		"PEERGUARD_DIRECTORY_ENDPOINT=example.com":         "PEERGUARD_DIRECTORY_ENDPOINT is not an https://host[:port] URL",
		"PEERGUARD_LOG_LEVEL=verbose":                      "not one of trace, debug, info",
		"PEERGUARD_LOG_LEVEL=3":                            "not one of trace, debug, info",
		"PEERGUARD_POLICIES=x":                             "PEERGUARD_POLICIES is not a peerguard setting",
		"PEERGUARD_=x":                                     "PEERGUARD_ is not a peerguard setting",
		"DEBUG=a,sdk":                                      "DEBUG=sdk makes the Alibaba Cloud SDK print credentials",
		"FC_CUSTOM_LISTEN_PORT=70000":                      "FC_CUSTOM_LISTEN_PORT",
	} {
		_, err := configure("/code/peerguard", []string{setting})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line about %q", setting, err, want)
		}
	}
}

func TestLoopbackEndpoints(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"http://localhost:1", "http://127.9.9.9", "http://[::1]:8080", "https://vpcpeer.aliyuncs.com"} {
		if _, err := configure("/code/peerguard", []string{"PEERGUARD_ENDPOINT=" + text}); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
