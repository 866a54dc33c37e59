package fc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

func TestConfigFromEnv(t *testing.T) {
	t.Parallel()
	tests := []struct {
		env         string // NAME=value, separated by spaces
		api, listen string
		err         string
	}{
		{"", "", "", ""},
		{"FC_RUNTIME_API=127.0.0.1:19001 FC_CUSTOM_LISTEN_PORT=8080", "127.0.0.1:19001", "", ""},
		{"FC_RUNTIME_API= FC_CUSTOM_LISTEN_PORT=8080 FC_SERVER_PORT=8081", "", "0.0.0.0:8080", ""},
		{"FC_CUSTOM_LISTEN_PORT= FC_SERVER_PORT=8081", "", "0.0.0.0:8081", ""},
		{"FC_SERVER_PORT=65535", "", "0.0.0.0:65535", ""},
		{"FC_CUSTOM_LISTEN_PORT=65536 FC_SERVER_PORT=8081", "", "", `reading FC_CUSTOM_LISTEN_PORT: "65536" is not a port`},
		{"FC_SERVER_PORT=0", "", "", `reading FC_SERVER_PORT: "0" is not a port`},
		{"FC_SERVER_PORT=http", "", "", `reading FC_SERVER_PORT: "http" is not a port`},
		{"FC_RUNTIME_API=http://127.0.0.1:19001", "", "", `reading FC_RUNTIME_API: "http://127.0.0.1:19001" is not host:port`},
		{"FC_RUNTIME_API=:19001", "", "", `reading FC_RUNTIME_API: ":19001" is not host:port`},
	}
	for _, tc := range tests {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(tc.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		cfg, err := fc.ConfigFromEnv(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if got := fmt.Sprint(err); tc.err != "" && got != tc.err || tc.err == "" && err != nil {
			t.Errorf("%s: got error %v, want %q", tc.env, err, tc.err)
		}
		if tc.err == "" && (cfg.RuntimeAPI != tc.api || cfg.Listen != tc.listen) {
			t.Errorf("%s: got %q and %q", tc.env, cfg.RuntimeAPI, cfg.Listen)
		}
	}
}

func TestCredentialsDoNotShow(t *testing.T) {
	t.Parallel()
	inv := fc.Invocation{RequestID: "r-1", Region: "cn-shanghai", Credentials: platform.Credentials().Sealed()}
	var shown []string
	for _, v := range []any{inv, &inv, inv.Credentials, &inv.Credentials, []fc.Invocation{inv}, map[string]any{"a": inv.Credentials}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10.3s"} {
			shown = append(shown, fmt.Sprintf(verb, v))
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(data), fmt.Sprint(errors.New(fmt.Sprint(v))))
	}
	shown = append(shown, inv.Credentials.String(), inv.Credentials.GoString())
	for _, text := range shown {
		if leaks := platform.Leaks(text); leaks != nil {
			t.Errorf("%s holds %v", text, leaks)
		}
		if strings.Contains(text, "canary") || !strings.Contains(text, "[credentials]") {
			t.Errorf("%s has no placeholder", text)
		}
	}
}
