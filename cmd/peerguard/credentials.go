package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"peerguard/cmd/peerguard/login"
	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
)

// identityPatience is how long a command asks who the operator is: enough for a few retries, and soon enough to tell of
// an endpoint that nobody answers at.
const identityPatience = 10 * time.Second

// reach are the flags that say whose connections a command looks at.
type reach struct {
	Policy  string   `default:"policy.yaml" placeholder:"FILE" help:"The policy file."`
	Region  []string `placeholder:"REGION" help:"Where to look. Without it, the policy's guard.regions, else the default region of the profile or of ALIBABA_CLOUD_REGION_ID. Can be repeated."`
	Profile string   `placeholder:"NAME" help:"A profile of ~/.aliyun/config.json, before the credentials of the environment."`
}

// credentialsHelp is told by each command that has these flags.
const credentialsHelp = "Credentials are found as Alibaba Cloud's SDKs find them: the variables ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and " +
	"ALIBABA_CLOUD_SECURITY_TOKEN, then the profiles of ~/.aliyun/config.json and ~/.alibabacloud/credentials, then the instance metadata where " +
	"ALIBABA_CLOUD_ECS_METADATA names a role. PEERGUARD_ENDPOINT and PEERGUARD_STS_ENDPOINT are honoured."

// operator is who runs a command, and what she works with.
type operator struct {
	cloud   *acs.Cloud
	found   login.Found
	who     login.Identity
	rules   *policy.Policy // with the regions that were asked for
	session *vpcpeer.Client
}

// region is where the operator's own calls go, as the function's own region is for it.
func (o *operator) region() string { return o.rules.Guard.Regions[0] }

func (o *operator) caller() acs.Caller {
	return acs.Caller{Account: o.who.Account, Region: o.region(), Credentials: o.found.Credentials}
}

// assume makes sure that calls for an account can be made: it assumes the account's role, if it is guarded through one.
// A session that lasts is not renewed.
func (o *operator) assume(ctx context.Context, account peering.Account) error {
	role, member := o.rules.Guard.Roles[account]
	if !member || account == o.who.Account {
		return nil
	}
	_, err := o.cloud.RoleCredentials(ctx, o.caller(), role, peering.Credentials{})
	return err
}

// connect goes from the flags to an operator who is known to the cloud.
func (r *reach) connect(ctx context.Context) (*operator, error) {
	rules, err := newPolicyFile(r.Policy).load()
	if err != nil {
		return nil, err
	}
	o := &operator{rules: rules}
	if o.cloud, err = newCloud(); err != nil {
		return nil, err
	}
	if o.found, err = find(ctx, o.cloud, r.Profile); err != nil {
		return nil, err
	}
	if o.rules, err = r.regions(rules, o.found.Region); err != nil {
		return nil, err
	}
	if err := o.identify(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

// identify asks who the operator is, and opens her session.
func (o *operator) identify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, identityPatience)
	defer cancel()
	who, err := login.Identify(ctx, o.cloud, o.found.Credentials, o.region())
	if err != nil {
		return fmt.Errorf("asking STS who the credentials of %s belong to: %w", o.found.Source, err)
	}
	o.who = who
	o.session = vpcpeer.New(o.cloud, o.caller(), o.rules.Guard.Roles)
	return nil
}

// regions gives the policy with the regions to look at: those asked for, else its own, else the operator's.
func (r *reach) regions(rules *policy.Policy, otherwise string) (*policy.Policy, error) {
	chosen := *rules
	switch {
	case len(r.Region) > 0:
		chosen.Guard.Regions = r.Region
	case len(rules.Guard.Regions) == 0 && otherwise != "":
		chosen.Guard.Regions = []string{otherwise}
	case len(rules.Guard.Regions) == 0:
		return nil, usageError("no region to look at: give --region, or guard.regions in the policy")
	}
	for _, region := range chosen.Guard.Regions {
		if !peering.ValidRegion(region) {
			return nil, usageError(fmt.Sprintf("%.60q is no region id", region))
		}
	}
	return &chosen, nil
}

// newCloud opens the cloud that the environment names. Its error names every mistake.
func newCloud() (*acs.Cloud, error) {
	cfg, err := acs.ConfigFromEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	return acs.New(cfg), nil
}

// find looks for credentials, for identityPatience at most.
func find(ctx context.Context, cloud *acs.Cloud, profile string) (login.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, identityPatience)
	defer cancel()
	return login.Find(ctx, cloud, profile)
}
