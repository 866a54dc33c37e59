package login

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"

	"peerguard/function/acs"
	"peerguard/function/peering"
)

// profiles is ~/.aliyun/config.json, the file of the aliyun command. The SDK does not read it for us: its errors repeat the
// file with all its secrets, and it assumes a profile's role at another endpoint than the configured one.
// https://www.alibabacloud.com/help/en/cli/configure-credentials
type profiles struct {
	path string

	Current  string    `json:"current"`
	Profiles []profile `json:"profiles"`
}

type profile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"sts_token"`
	Expiration      int64  `json:"sts_expiration"` // of a session that the aliyun command opened, in seconds since 1970
	RegionID        string `json:"region_id"`
	RoleARN         string `json:"ram_role_arn"`
	RoleName        string `json:"ram_role_name"`
	SessionName     string `json:"ram_session_name"`
	Seconds         int    `json:"expired_seconds"`
	STSRegion       string `json:"sts_region"`
	Source          string `json:"source_profile"`
	Policy          string `json:"policy"`
	ExternalID      string `json:"external_id"`
	OIDCProvider    string `json:"oidc_provider_arn"`
	OIDCTokenFile   string `json:"oidc_token_file"`
	Command         string `json:"process_command"`
}

func readProfiles() (*profiles, error) {
	file := &profiles{path: filepath.Join(home(), ".aliyun", "config.json")}
	content, err := os.ReadFile(file.path)
	if err != nil {
		return file, fmt.Errorf("reading profiles: %w", err)
	}
	if json.Unmarshal(withoutMark(content), file) != nil { // the error could repeat a piece of the file
		return file, fmt.Errorf("reading profiles: %s is not the JSON that `aliyun configure` writes", file.path)
	}
	return file, nil
}

// withoutMark returns a text without the byte order mark that editors on Windows put before it.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// errNoProfile is part of the error for a profile that is not in the file.
var errNoProfile = errors.New("there is no profile")

// find returns a profile by its name; "" is the current one.
func (f *profiles) find(name string) (*profile, error) {
	name = cmp.Or(name, f.Current, "default")
	names := make([]string, len(f.Profiles))
	for i := range f.Profiles {
		if f.Profiles[i].Name == name {
			return &f.Profiles[i], nil
		}
		names[i] = f.Profiles[i].Name
	}
	return nil, fmt.Errorf("%w %q in %s, only: %s", errNoProfile, name, f.path, cmp.Or(strings.Join(names, ", "), "none"))
}

// maxChain is how many profiles one may lead through.
const maxChain = 5

// credentials returns those that a profile leads to; "" is the current one.
func (f *profiles) credentials(ctx context.Context, cloud *acs.Cloud, name string) (Found, error) {
	p, err := f.find(name)
	if err != nil {
		return Found{}, err
	}
	found, err := f.keys(ctx, cloud, p, maxChain)
	if err != nil {
		return Found{}, fmt.Errorf("using profile %q of %s: %w", p.Name, f.path, err)
	}
	found.Region = cmp.Or(p.RegionID, regionVariable())
	found.Source = fmt.Sprintf("profile %q of %s", p.Name, f.path)
	found.Warning = exposed(f.path)
	return found, nil
}

// keys returns the credentials of a profile, through at most depth others.
func (f *profiles) keys(ctx context.Context, cloud *acs.Cloud, p *profile, depth int) (Found, error) {
	switch static := peering.NewCredentials(p.AccessKeyID, p.AccessKeySecret, p.SecurityToken); p.Mode {
	case "", "AK", "StsToken":
		return p.checked(static)
	case "RamRoleArn":
		if _, err := p.checked(static); err != nil {
			return Found{}, err
		}
		return p.inRole(ctx, cloud, static)
	case "ChainableRamRoleArn":
		source, err := f.find(p.Source)
		if err != nil || depth <= 0 {
			return Found{}, errors.Join(errors.New("its source_profile leads nowhere"), err)
		}
		found, err := f.keys(ctx, cloud, source, depth-1)
		if err != nil {
			return Found{}, err
		}
		return p.inRole(ctx, cloud, found.Credentials)
	case "EcsRamRole":
		return fromMetadata(ctx, p.RoleName)
	case "OIDC":
		return p.oidc(ctx)
	case "CloudSSO", "OAuth":
		return p.cached(static)
	case "External":
		return f.external(ctx, cloud, p, depth)
	}
	return Found{}, fmt.Errorf("peerguard does not know its mode %.40q: run `aliyun configure --profile NAME --mode AK` for a profile that it can use, "+
		"or put the keys that this one leads to into ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN", p.Mode)
}

// checked returns the keys of the profile itself.
func (p *profile) checked(c peering.Credentials) (Found, error) {
	switch {
	case c.AccessKeyID() == "" || c.AccessKeySecret() == "":
		return Found{}, p.incomplete("access key")
	case p.Mode == "StsToken" && c.SecurityToken() == "":
		return Found{}, p.incomplete("sts_token")
	}
	return Found{Credentials: c}, untidy(c, "its access_key_id", "its access_key_secret", "its sts_token")
}

// cached returns the keys of a session that the aliyun command keeps in the profile, while it lasts. Only that command can
// open another one.
func (p *profile) cached(c peering.Credentials) (Found, error) {
	if c.SecurityToken() == "" || time.Now().Unix() >= p.Expiration {
		return Found{}, fmt.Errorf("its session is over: run `aliyun sts GetCallerIdentity --profile %q`, which opens another one, or `aliyun configure --profile %[1]q --mode %[2]s` to sign in again", p.Name, p.Mode)
	}
	return p.checked(c)
}

// incomplete is the error of a profile that lacks something.
func (p *profile) incomplete(what string) error {
	return fmt.Errorf("it holds no %s: run `aliyun configure --profile %q`", what, p.Name)
}

// inRole returns the credentials of the profile's role, assumed with those of another identity.
func (p *profile) inRole(ctx context.Context, cloud *acs.Cloud, as peering.Credentials) (Found, error) {
	session, err := cloud.AssumeRole(ctx, acs.Caller{Credentials: as, Region: cmp.Or(p.STSRegion, p.RegionID)}, acs.Role{
		ARN:         p.RoleARN,
		SessionName: cmp.Or(p.SessionName, "peerguard"),
		Duration:    time.Duration(p.Seconds) * time.Second,
		Policy:      p.Policy,
		ExternalID:  p.ExternalID,
	})
	return Found{Credentials: session.Credentials}, err
}

func (p *profile) oidc(ctx context.Context) (Found, error) {
	provider, err := credentials.NewOIDCCredentialsProviderBuilder().
		WithOIDCProviderARN(p.OIDCProvider).WithOIDCTokenFilePath(p.OIDCTokenFile).WithRoleArn(p.RoleARN).
		WithRoleSessionName(p.SessionName).WithDurationSeconds(p.Seconds).WithStsRegion(p.STSRegion).WithPolicy(p.Policy).Build()
	if err != nil {
		return Found{}, fmt.Errorf("it lacks oidc_provider_arn, oidc_token_file or ram_role_arn: run `aliyun configure --profile %q --mode OIDC`", p.Name)
	}
	return provided(ctx, provider, "its OIDC token")
}
