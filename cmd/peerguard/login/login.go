// Package login finds the operator's credentials, in the places where Alibaba Cloud's own tools look, and asks whose they
// are. Only the command needs it: the function is handed its credentials with each invocation.
package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// Found is an operator's credentials and what is known of them.
type Found struct {
	Credentials peering.Credentials
	Region      string // the operator's default region, "" if none is set
	Source      string // where they were found, for messages
	Warning     string // what is wrong with that place, "" if nothing is
}

// ErrNoCredentials is the error of Find if there are none in any place that it looks in.
var ErrNoCredentials = errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`")

// Find finds an operator's credentials in the places and the order that Alibaba Cloud's SDKs document:
//
//   - the variables ALIBABA_CLOUD_ACCESS_KEY_ID, …_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or the same with the prefix
//     ALIBABACLOUD_ or ALICLOUD_, which the aliyun command reads as well
//   - ALIBABA_CLOUD_ROLE_ARN with ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE
//   - a profile of ~/.aliyun/config.json: the named one, else ALIBABA_CLOUD_PROFILE, else the current one
//   - a profile of ~/.alibabacloud/credentials or of ALIBABA_CLOUD_CREDENTIALS_FILE, also if the former file does not have one
//     with the name
//   - the instance metadata, but only if ALIBABA_CLOUD_ECS_METADATA names a role
//
// A named profile comes before the environment. Credentials that are there and broken are an error, and nothing after
// them is tried. No error holds a secret. A role that a profile names is assumed through cloud.
// https://www.alibabacloud.com/help/en/sdk/developer-reference/v1-manage-access-credentials
func Find(ctx context.Context, cloud *acs.Cloud, profile string) (Found, error) {
	if profile == "" {
		if found, err := fromEnvironment(ctx); err != nil || found.Source != "" {
			return found, err
		}
	}
	named := cmp.Or(profile, os.Getenv("ALIBABA_CLOUD_PROFILE"))
	file, err := readProfiles()
	ini := iniFile()
	if err == nil {
		found, err := file.credentials(ctx, cloud, named)
		if !errors.Is(err, errNoProfile) || named == "" || !exists(ini) {
			return found, err
		}
	}
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Found{}, err
	case exists(ini):
		found, err := provided(ctx, credentials.NewProfileCredentialsProviderBuilder().WithProfileName(named).Build(), "a profile of "+ini)
		found.Warning = exposed(ini)
		return found, err
	case profile != "":
		return Found{}, fmt.Errorf("there is no profile %q: neither %s nor %s exists", profile, file.path, ini)
	}
	if role := os.Getenv("ALIBABA_CLOUD_ECS_METADATA"); role != "" {
		return fromMetadata(ctx, role)
	}
	return Found{}, ErrNoCredentials
}

// fromEnvironment returns the zero Found, without an error, if the environment holds no credentials.
func fromEnvironment(ctx context.Context) (Found, error) {
	for _, prefix := range []string{"ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_"} {
		id, secret := os.Getenv(prefix+"ACCESS_KEY_ID"), os.Getenv(prefix+"ACCESS_KEY_SECRET")
		switch {
		case id == "" && secret == "":
			continue
		case id == "" || secret == "":
			return Found{}, fmt.Errorf("only one of %[1]sACCESS_KEY_ID and %[1]sACCESS_KEY_SECRET is set", prefix)
		}
		keys := peering.NewCredentials(id, secret, os.Getenv(prefix+"SECURITY_TOKEN"))
		return Found{Credentials: keys, Region: regionVariable(), Source: "the variables " + prefix + "ACCESS_KEY_…"},
			untidy(keys, prefix+"ACCESS_KEY_ID", prefix+"ACCESS_KEY_SECRET", prefix+"SECURITY_TOKEN")
	}
	if os.Getenv("ALIBABA_CLOUD_ROLE_ARN") == "" || os.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN") == "" || os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE") == "" {
		return Found{}, nil
	}
	provider, err := credentials.NewOIDCCredentialsProviderBuilder().Build()
	if err != nil {
		return Found{}, fmt.Errorf("reading the variables ALIBABA_CLOUD_OIDC_…: %w", err)
	}
	return provided(ctx, provider, "the variables ALIBABA_CLOUD_OIDC_…")
}

func fromMetadata(ctx context.Context, role string) (Found, error) {
	provider, err := credentials.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(role).Build()
	if err != nil {
		return Found{}, errors.New("the instance metadata is switched off by ALIBABA_CLOUD_ECS_METADATA_DISABLED")
	}
	return provided(ctx, provider, "the instance metadata")
}

// provided asks one of the SDK's providers. They know no context, panic on answers of an unexpected shape, and repeat
// files, answers and signed URLs in their errors.
func provided(ctx context.Context, provider credentials.CredentialsProvider, source string) (Found, error) {
	type answer struct {
		keys *credentials.Credentials
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("the answer is not one that the SDK can read")}
		defer func() {
			_ = recover() // a holds the error already
			got <- a
		}()
		keys, err := provider.GetCredentials()
		a = answer{keys, err}
	}()
	select {
	case <-ctx.Done():
		return Found{}, fmt.Errorf("finding credentials in %s: %w", source, context.Cause(ctx))
	case a := <-got:
		if a.err != nil || a.keys == nil {
			return Found{}, fmt.Errorf("finding credentials in %s: %s", source, harmless(a.err))
		}
		return Found{Credentials: peering.NewCredentials(a.keys.AccessKeyId, a.keys.AccessKeySecret, a.keys.SecurityToken), Region: regionVariable(), Source: source}, nil
	}
}

// harmless returns what can be shown of a provider's error.
func harmless(err error) string {
	var transport *url.Error
	var server *sdkerrors.ServerError
	switch {
	case errors.As(err, &transport):
		return transport.Err.Error()
	case errors.As(err, &server) && acs.IsCode(server.ErrorCode()):
		return server.ErrorCode()
	}
	return "nothing there that the SDK can use; `aliyun sts GetCallerIdentity` shows whether the aliyun command can"
}

func regionVariable() string {
	return cmp.Or(os.Getenv("ALIBABA_CLOUD_REGION_ID"), os.Getenv("ALIBABACLOUD_REGION_ID"), os.Getenv("ALICLOUD_REGION_ID"))
}

// iniFile returns the path of the file in which the SDKs keep profiles of their own.
func iniFile() string {
	if path := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_FILE"); path != "" {
		return path
	}
	return filepath.Join(home(), ".alibabacloud", "credentials")
}

func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return "" // a process without a home has no profiles
	}
	return dir
}

// untidy returns an error if there are blanks or line ends around a key, as copying leaves them: the API would say that it
// does not know the key. The names are of the key's id, its secret and its token.
func untidy(keys peering.Credentials, id, secret, token string) error {
	for _, key := range [][2]string{{id, keys.AccessKeyID()}, {secret, keys.AccessKeySecret()}, {token, keys.SecurityToken()}} {
		if strings.TrimSpace(key[1]) != key[1] {
			return fmt.Errorf("there are blanks or line ends around %s: set it again without them", key[0])
		}
	}
	return nil
}

// exposed returns a warning about a file that others may change, or replace, and so choose what peerguard does and as whom.
func exposed(path string) string {
	for _, place := range []string{path, filepath.Dir(path)} {
		info, err := os.Stat(place)
		if err == nil && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 && runtime.GOOS != "windows" {
			return fmt.Sprintf("others than you may write to %s: run `chmod go-w %[1]s`", place)
		}
	}
	return ""
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
