package login_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"peerguard/cmd/peerguard/login"
	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
)

const (
	own    = peering.Account("1111111111111111")
	member = peering.Account("9999999999999999")
)

// TestMain makes every address but loopback unreachable. net/http reads the proxies once, at the first call, and the SDK's
// providers use no other transport.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// alone sets up a home of the test's own, and an environment without credentials.
func alone(t *testing.T) (home string) {
	t.Helper()
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "ALIBABA") || strings.HasPrefix(name, "ALICLOUD") {
			t.Setenv(name, "")
		}
	}
	home = t.TempDir()
	t.Setenv("HOME", home)
	return home
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// silent fails the test if the cloud is asked.
type silent struct{ t *testing.T }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.t.Errorf("the cloud was asked for %s", r.URL.Query().Get("Action"))
	return nil, http.ErrServerClosed
}

const config = `{"current": "daily", "profiles": [
  {"name": "daily", "mode": "AK", "access_key_id": "id-daily", "access_key_secret": "secret-daily", "region_id": "cn-beijing"},
  {"name": "session", "mode": "StsToken", "access_key_id": "id-session", "access_key_secret": "secret-session", "sts_token": "token-session"},
  {"name": "half", "mode": "AK", "access_key_id": "id-half"},
  {"name": "tokenless", "mode": "StsToken", "access_key_id": "id", "access_key_secret": "secret-tokenless"},
  {"name": "loop", "mode": "ChainableRamRoleArn", "source_profile": "loop", "ram_role_arn": "acs:ram::1111111111111111:role/a"},
  {"name": "dangling", "mode": "ChainableRamRoleArn", "source_profile": "nobody"},
  {"name": "unlucky", "mode": "OIDC"},
  {"name": "sso", "mode": "CloudSSO", "access_key_id": "id-sso", "access_key_secret": "secret-sso", "sts_token": "token-sso", "sts_expiration": 4102444800, "region_id": "cn-shanghai"},
  {"name": "oauth", "mode": "OAuth", "access_key_id": "id-oauth", "access_key_secret": "secret-oauth", "sts_token": "token-oauth", "sts_expiration": 4102444800},
  {"name": "last year", "mode": "OAuth", "access_key_id": "id-oauth", "access_key_secret": "secret-oauth", "sts_token": "token-oauth", "sts_expiration": 1764000000},
  {"name": "signed out", "mode": "CloudSSO", "access_key_id": "id-sso", "access_key_secret": "secret-sso", "sts_expiration": 4102444800},
  {"name": "process", "mode": "External", "process_command": "cat  printed.json", "region_id": "cn-shanghai"},
  {"name": "chained process", "mode": "External", "process_command": "cat chained.json"},
  {"name": "no process", "mode": "External", "process_command": " "},
  {"name": "failing process", "mode": "External", "process_command": "cat secret-of-nobody.json"},
  {"name": "unknown process", "mode": "External", "process_command": "no-such-command secret-argument"},
  {"name": "chatty process", "mode": "External", "process_command": "echo secret-output"},
  {"name": "circular process", "mode": "External", "process_command": "echo {\"mode\":\"External\",\"process_command\":\"secret-command\"}"},
  {"name": "untidy", "mode": "AK", "access_key_id": "id-untidy", "access_key_secret": "secret-untidy\n"},
  {"name": "untidy session", "mode": "StsToken", "access_key_id": "id-untidy", "access_key_secret": "secret-untidy", "sts_token": " token"},
  {"name": "by address", "mode": "CredentialsURI", "credentials_uri": "http://127.0.0.1:1"},
  {"name": "tomorrow", "mode": "Telepathy", "access_key_secret": "secret-tomorrow"}
]}`

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name    string
		vars    map[string]string
		config  string // ~/.aliyun/config.json
		ini     string // ~/.alibabacloud/credentials
		profile string
		want    string // "id secret token region", or part of the error
	}{
		{name: "nothing", want: "no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{name: "key", vars: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b", "ALIBABA_CLOUD_REGION_ID": "cn-hangzhou"}, config: config, want: "a b  cn-hangzhou"},
		{name: "session", vars: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b", "ALIBABA_CLOUD_SECURITY_TOKEN": "c"}, want: "a b c "},
		{name: "other spelling", vars: map[string]string{"ALIBABACLOUD_ACCESS_KEY_ID": "a", "ALIBABACLOUD_ACCESS_KEY_SECRET": "b", "ALICLOUD_REGION_ID": "cn-beijing"}, want: "a b  cn-beijing"},
		{name: "Terraform's spelling", vars: map[string]string{"ALICLOUD_ACCESS_KEY_ID": "a", "ALICLOUD_ACCESS_KEY_SECRET": "b"}, want: "a b  "},
		{name: "half a key", vars: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b"}, config: config, want: "only one of ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{name: "current profile", config: config, want: "id-daily secret-daily  cn-beijing"},
		{name: "named profile before the environment", vars: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b"}, config: config, profile: "session", want: "id-session secret-session token-session "},
		{name: "profile of the environment", vars: map[string]string{"ALIBABA_CLOUD_PROFILE": "session", "ALIBABA_CLOUD_REGION_ID": "cn-beijing"}, config: config, want: "id-session secret-session token-session cn-beijing"},
		{name: "unknown profile", config: config, profile: "weekly", want: `there is no profile "weekly" in`},
		{name: "no secret in it", config: config, profile: "half", want: "it holds no access key"},
		{name: "no token in it", config: config, profile: "tokenless", want: "it holds no sts_token"},
		{name: "a loop", config: config, profile: "loop", want: "its source_profile leads nowhere"},
		{name: "a dangling source", config: config, profile: "dangling", want: `there is no profile "nobody"`},
		{name: "no OIDC token", config: config, profile: "unlucky", want: "it lacks oidc_provider_arn"},
		{name: "a mode of tomorrow", config: config, profile: "tomorrow", want: `peerguard does not know its mode "Telepathy"`},
		{name: "CloudSSO while its keys last", config: config, profile: "sso", want: "id-sso secret-sso token-sso cn-shanghai"},
		{name: "OAuth while its keys last", config: config, profile: "oauth", want: "id-oauth secret-oauth token-oauth "},
		{name: "OAuth after that", config: config, profile: "last year", want: "its session is over: run `aliyun sts GetCallerIdentity --profile \"last year\"`, which opens another one, or `aliyun configure --profile \"last year\" --mode OAuth`"},
		{name: "CloudSSO without a session", config: config, profile: "signed out", want: "its session is over"},
		{name: "a process", config: config, profile: "process", want: "id-printed secret-printed token-printed cn-shanghai"},
		{name: "a process that names another profile", config: config, profile: "chained process", want: "its source_profile leads nowhere"},
		{name: "a profile without its process", config: config, profile: "no process", want: "it holds no process_command: run `aliyun configure --profile \"no process\"`"},
		{name: "a process that fails", config: config, profile: "failing process", want: "running its process_command: exit status 1"},
		{name: "a process that is not there", config: config, profile: "unknown process", want: `running its process_command: exec: "no-such-command"`},
		{name: "a process that prints no profile", config: config, profile: "chatty process", want: "its process_command does not print a profile as JSON"},
		{name: "a process that names itself", config: config, profile: "circular process", want: "its process_command does not print a profile as JSON"},
		{name: "a line end", config: config, profile: "untidy", want: "there are blanks or line ends around its access_key_secret"},
		{name: "a blank", config: config, profile: "untidy session", want: "there are blanks or line ends around its sts_token"},
		{name: "a line end in a variable", vars: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret-b\r\n"}, want: "there are blanks or line ends around ALIBABA_CLOUD_ACCESS_KEY_SECRET: set it again"},
		{name: "a mode that needs a server", config: config, profile: "by address", want: "run `aliyun configure --profile NAME --mode AK`"},
		{name: "a byte order mark", config: "\ufeff" + config, want: "id-daily secret-daily  cn-beijing"},
		{name: "broken file", config: `{"profiles": [{"access_key_secret": "secret-broken"`, want: "is not the JSON that `aliyun configure` writes"},
		{name: "empty file", config: `{}`, want: "only: none"},
		{name: "the SDKs' file", ini: "[default]\ntype = access_key\naccess_key_id = a\naccess_key_secret = b\n", want: "a b  "},
		{name: "the SDKs' file, named", ini: "[audit]\ntype = access_key\naccess_key_id = a\naccess_key_secret = b\n", profile: "audit", want: "a b  "},
		{name: "the SDKs' file, broken", ini: "[default]\nsecret-broken\n", want: "nothing there that the SDK can use"},
		{name: "no file for the name", profile: "audit", want: `there is no profile "audit": neither`},
		{name: "metadata that is switched off", vars: map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "role", "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}, want: "switched off"},
		{name: "no metadata here", vars: map[string]string{"ALIBABA_CLOUD_ECS_METADATA": "role"}, want: "finding credentials in the instance metadata: nothing there"},
		{name: "OIDC without its file", vars: map[string]string{"ALIBABA_CLOUD_ROLE_ARN": "r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p", "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "none"}, config: config, want: "finding credentials in the variables ALIBABA_CLOUD_OIDC_…: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := alone(t)
			t.Chdir("testdata")
			for name, value := range tt.vars {
				t.Setenv(name, value)
			}
			if tt.config != "" {
				put(t, filepath.Join(home, ".aliyun", "config.json"), tt.config)
			}
			if tt.ini != "" {
				put(t, filepath.Join(home, ".alibabacloud", "credentials"), tt.ini)
			}
			found, err := login.Find(t.Context(), acs.New(acs.Config{Transport: silent{t}}), tt.profile)
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret-") {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			k := found.Credentials
			if got := strings.Join([]string{k.AccessKeyID(), k.AccessKeySecret(), k.SecurityToken(), found.Region}, " "); got != tt.want || found.Source == "" {
				t.Errorf("got %q of %q, want %q", got, found.Source, tt.want)
			}
		})
	}
}

// TestFindNothing: the absence of credentials can be told from other errors.
func TestFindNothing(t *testing.T) {
	alone(t)
	if _, err := login.Find(t.Context(), acs.New(acs.Config{}), ""); !errors.Is(err, login.ErrNoCredentials) {
		t.Errorf("got %v", err)
	}
}

// TestFindInTime: the SDK's providers know no context, and a command must end when it is told to. A pipe that nobody
// writes to stands for a provider that does not return.
func TestFindInTime(t *testing.T) {
	home := alone(t)
	pipe := filepath.Join(home, "token")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"ROLE_ARN": "r", "OIDC_PROVIDER_ARN": "p", "OIDC_TOKEN_FILE": pipe} {
		t.Setenv("ALIBABA_CLOUD_"+name, value)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("told to"))
	if _, err := login.Find(ctx, acs.New(acs.Config{}), ""); err == nil || !strings.Contains(err.Error(), "told to") {
		t.Errorf("got %v", err)
	}
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // lets the provider go
	if err != nil {
		t.Fatal(err)
	}
	writer.Close()
}

// TestRoleProfiles: a profile's role is assumed at the STS endpoint of the configuration, with what the profile says.
func TestRoleProfiles(t *testing.T) {
	home := alone(t)
	put(t, filepath.Join(home, ".aliyun", "config.json"), `{"current": "auditor", "profiles": [
  {"name": "auditor", "mode": "RamRoleArn", "access_key_id": "id", "access_key_secret": "secret-of-mine", "ram_role_arn": "acs:ram::9999999999999999:role/auditor", "ram_session_name": "me", "expired_seconds": 900, "region_id": "cn-beijing"},
  {"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "auditor", "ram_role_arn": "acs:ram::5555555555555555:role/deep"},
  {"name": "stranger", "mode": "ChainableRamRoleArn", "source_profile": "auditor", "ram_role_arn": "acs:ram::5555555555555555:role/closed"}]}`)
	sim := &simulator.Cloud{}
	sim.AddKey(simulator.Key{ID: "id", Secret: "secret-of-mine", Account: own})
	sim.AddRole(simulator.Role{ARN: "acs:ram::9999999999999999:role/auditor", TrustedAccounts: []peering.Account{own}})
	sim.AddRole(simulator.Role{ARN: "acs:ram::5555555555555555:role/deep", TrustedAccounts: []peering.Account{member}})
	sim.AddRole(simulator.Role{ARN: "acs:ram::5555555555555555:role/closed", TrustedAccounts: []peering.Account{own}})
	cloud := acs.New(acs.Config{Transport: sim})
	for name, want := range map[string]string{
		"":         "acs:ram::9999999999999999:assumed-role/auditor/me",
		"chained":  "acs:ram::5555555555555555:assumed-role/deep/peerguard",
		"stranger": "NoPermission: assuming acs:ram::5555555555555555:role/closed",
	} {
		found, err := login.Find(t.Context(), cloud, name)
		if err != nil {
			if !strings.Contains(err.Error(), want) || !forbidden(err) || strings.Contains(err.Error(), "secret-") {
				t.Errorf("%s: got %v, want %s", name, err, want)
			}
			continue
		}
		who, err := login.Identify(t.Context(), cloud, found.Credentials, found.Region)
		if err != nil || who.ARN != want || string(who.Account) != strings.Split(want, ":")[3] {
			t.Errorf("%s: %+v, %v, want %s", name, who, err, want)
		}
	}
}

func forbidden(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Class == peering.Forbidden
}

func TestIdentityFails(t *testing.T) {
	t.Parallel()
	for kind, want := range map[simulator.Kind]string{
		simulator.Forbidden: "NoPermission", simulator.UnknownRequest: "NoConfirmation", simulator.Unavailable: "ServiceUnavailable",
	} {
		sim := &simulator.Cloud{}
		sim.AddKey(simulator.Key{ID: "id", Secret: "secret-of-mine", Account: own})
		sim.Inject(simulator.Fault{Kind: kind, Action: "GetCallerIdentity"})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		_, err := login.Identify(ctx, acs.New(acs.Config{Transport: sim}), peering.NewCredentials("id", "secret-of-mine", ""), "cn-shanghai")
		cancel()
		var f *peering.Failure
		if !errors.As(err, &f) || f.Code != want || forbidden(err) != (kind == simulator.Forbidden) {
			t.Errorf("%s: got %v, want %s", kind, err, want)
		}
	}
}

// TestExposedProfiles: credentials from a file that others may change come with a warning.
func TestExposedProfiles(t *testing.T) {
	for name, tt := range map[string]struct {
		file, folder os.FileMode
		exposed      string // the end of the path
	}{
		"the usual":               {0o600, 0o700, ""},
		"readable":                {0o644, 0o755, ""},
		"a file of the group":     {0o660, 0o700, "config.json"},
		"a file of everybody":     {0o602, 0o700, "config.json"},
		"a folder of everybody":   {0o600, 0o777, ".aliyun"},
		"a folder like /tmp":      {0o600, 0o777 | os.ModeSticky, ""},
		"everything of everybody": {0o666, 0o777, "config.json"},
	} {
		t.Run(name, func(t *testing.T) {
			home := alone(t)
			path := filepath.Join(home, ".aliyun", "config.json")
			put(t, path, config)
			if err := errors.Join(os.Chmod(path, tt.file), os.Chmod(filepath.Dir(path), tt.folder)); err != nil {
				t.Fatal(err)
			}
			found, err := login.Find(t.Context(), acs.New(acs.Config{Transport: silent{t}}), "")
			if err != nil {
				t.Fatal(err)
			}
			if tt.exposed == "" && found.Warning != "" || !strings.HasSuffix(found.Warning, tt.exposed+"`") && tt.exposed != "" {
				t.Errorf("warning %q, want one about %q", found.Warning, tt.exposed)
			}
		})
	}
}

// TestCaseOfToday: the file that the aliyun command writes today, with the session of a CloudSSO sign-in.
func TestCaseOfToday(t *testing.T) {
	home := alone(t)
	content, err := os.ReadFile("testdata/cloudsso.json")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(home, ".aliyun", "config.json"), string(content))
	found, err := login.Find(t.Context(), acs.New(acs.Config{Transport: silent{t}}), "")
	if err != nil || found.Credentials.SecurityToken() != "t" || found.Region != "cn-shanghai" {
		t.Errorf("found %q in %q, %v", found.Source, found.Region, err)
	}
}
