package main

import (
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := configure("/code/peerguard", []string{"PATH=/bin", "PEERGUARD_LOG_LEVEL=", "DEBUG=other"})
	if err != nil || s.policy != "/code/policy.yaml" || s.endpoint != nil || s.stsEndpoint != nil || s.level != zerolog.InfoLevel || s.runtime.RuntimeAPI != "" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := configure("/code/peerguard", []string{
		"PEERGUARD_POLICY=/mnt/rules.yaml", "PEERGUARD_ENDPOINT=http://127.0.0.1:8080/", "PEERGUARD_STS_ENDPOINT=https://sts-vpc.cn-shanghai.aliyuncs.com",
		"PEERGUARD_LOG_LEVEL=debug", "FC_RUNTIME_API=127.0.0.1:9001",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.policy != "/mnt/rules.yaml" || s.endpoint.Host != "127.0.0.1:8080" || s.endpoint.Scheme != "http" ||
		s.stsEndpoint.Host != "sts-vpc.cn-shanghai.aliyuncs.com" || s.level != zerolog.DebugLevel || s.runtime.RuntimeAPI != "127.0.0.1:9001" {
		t.Errorf("got %+v", s)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"PEERGUARD_ENDPOINT=vpcpeer.aliyuncs.com":          "no https://host[:port] URL",
		"PEERGUARD_ENDPOINT=http://vpcpeer.aliyuncs.com":   "must begin with https://",
		"PEERGUARD_ENDPOINT=http://127.0.0.1.example.com":  "must begin with https://",
		"PEERGUARD_ENDPOINT=ftp://127.0.0.1":               "must begin with https://",
		"PEERGUARD_ENDPOINT=https://x.example/v1":          "without path or query",
		"PEERGUARD_ENDPOINT=https://x.example?a=b":         "without path or query",
		"PEERGUARD_STS_ENDPOINT=https://user:pw@x.example": "no https://host[:port] URL",
		"PEERGUARD_LOG_LEVEL=verbose":                      "not one of trace, debug, info",
		"PEERGUARD_LOG_LEVEL=3":                            "not one of trace, debug, info",
		"PEERGUARD_POLICIES=x":                             "PEERGUARD_POLICIES is no setting of peerguard",
		"PEERGUARD_=x":                                     "PEERGUARD_ is no setting of peerguard",
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
		if _, err := endpoint("ENDPOINT", text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
