package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

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
	cloud   *vpcpeer.Cloud
	found   vpcpeer.Found
	who     vpcpeer.Identity
	rules   *policy.Policy // with the regions that were asked for
	session *vpcpeer.Session
}

// region is where the operator's own calls go, as the function's own region is for it.
func (o *operator) region() string { return o.rules.Guard.Regions[0] }

func (o *operator) caller() vpcpeer.Caller {
	return vpcpeer.Caller{Account: o.who.Account, Region: o.region(), Credentials: o.found.Credentials, Roles: o.rules.Guard.Roles}
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
	who, err := o.cloud.Identity(ctx, o.caller())
	if err != nil {
		return fmt.Errorf("asking STS who the credentials of %s belong to: %w", o.found.Source, err)
	}
	o.who = who
	o.session = o.cloud.As(o.caller())
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
func newCloud() (*vpcpeer.Cloud, error) {
	endpoint, err := endpointOf("PEERGUARD_ENDPOINT")
	stsEndpoint, stsErr := endpointOf("PEERGUARD_STS_ENDPOINT")
	if err := errors.Join(err, stsErr, vpcpeer.CheckDebug(os.Getenv("DEBUG"))); err != nil {
		return nil, err
	}
	return vpcpeer.New(vpcpeer.Config{Endpoint: endpoint, STSEndpoint: stsEndpoint}), nil
}

func endpointOf(name string) (*url.URL, error) {
	endpoint, err := vpcpeer.ParseEndpoint(os.Getenv(name))
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	return endpoint, nil
}

// find looks for credentials, not for ever.
func find(ctx context.Context, cloud *vpcpeer.Cloud, profile string) (vpcpeer.Found, error) {
	ctx, cancel := context.WithTimeout(ctx, identityPatience)
	defer cancel()
	return vpcpeer.FindCredentials(ctx, cloud, profile)
}
