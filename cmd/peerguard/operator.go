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

// identityPatience is how long a command looks for credentials, and how long it asks whose they are: long enough for a few
// retries, and short enough to report an endpoint that does not answer.
const identityPatience = 10 * time.Second

// target are the flags that say whose connections a command looks at.
type target struct {
	Policy  string   `default:"policy.yaml" placeholder:"FILE" help:"The policy file."`
	Region  []string `placeholder:"REGION" help:"A region to look at. The default is the policy's guard.regions, or else the region of the profile or of ALIBABA_CLOUD_REGION_ID. Can be repeated."`
	Profile string   `placeholder:"NAME" help:"A profile of ~/.aliyun/config.json, in place of the credentials in the environment."`
}

// credentialsHelp is part of the help of each command that has these flags.
const credentialsHelp = "Credentials are found as Alibaba Cloud's SDKs find them: the variables ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and " +
	"ALIBABA_CLOUD_SECURITY_TOKEN, then the profiles of ~/.aliyun/config.json and ~/.alibabacloud/credentials, then the instance metadata if " +
	"ALIBABA_CLOUD_ECS_METADATA names a role. The function's variables " + endpointVariables + " are honoured."

// endpointVariables are the variables that acs.ConfigFromEnv reads.
const endpointVariables = "PEERGUARD_ENDPOINT, PEERGUARD_STS_ENDPOINT, PEERGUARD_VPC_ENDPOINT and PEERGUARD_DIRECTORY_ENDPOINT"

// operator is the person or machine that runs a command: its credentials, its identity and its policy.
type operator struct {
	cloud  *acs.Cloud
	found  login.Found
	who    login.Identity
	rules  *policy.Policy // with the regions to look at
	client *vpcpeer.Client
}

// region is where the operator's own calls go. It takes the place of the region that the function runs in.
func (o *operator) region() string { return o.rules.Guard.Regions[0] }

func (o *operator) caller() acs.Caller {
	return acs.Caller{Account: o.who.Account, Region: o.region(), Credentials: o.found.Credentials}
}

// connect reads the policy, finds credentials, and asks whose they are.
func (t *target) connect(ctx context.Context) (*operator, error) {
	rules, err := newPolicyFile(t.Policy).load()
	if err != nil {
		return nil, err
	}
	o := &operator{rules: rules}
	if o.cloud, err = newCloud(); err != nil {
		return nil, err
	}
	if o.found, err = find(ctx, o.cloud, t.Profile); err != nil {
		return nil, err
	}
	if o.rules, err = t.regions(rules, o.found.Region); err != nil {
		return nil, err
	}
	if err := o.identify(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

// warn says what is wrong with the place where the credentials were found.
func (o *operator) warn(out *console) {
	if o.found.Warning != "" {
		out.note("warning: %s", o.found.Warning)
	}
}

// identify asks whose the credentials are, and makes the client that uses them.
func (o *operator) identify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, identityPatience)
	defer cancel()
	who, err := login.Identify(ctx, o.cloud, o.found.Credentials, o.region())
	if err != nil {
		return fmt.Errorf("asking STS who the credentials of %s belong to: %w", o.found.Source, err)
	}
	o.who = who
	o.client = vpcpeer.New(o.cloud, o.caller(), o.rules.Guard.Roles)
	return nil
}

// regions returns the policy with the regions to look at: those of the flags, else its own, else otherwise.
func (t *target) regions(rules *policy.Policy, otherwise string) (*policy.Policy, error) {
	chosen := *rules
	switch {
	case len(t.Region) > 0:
		chosen.Guard.Regions = t.Region
	case len(rules.Guard.Regions) == 0 && otherwise != "":
		chosen.Guard.Regions = []string{otherwise}
	case len(rules.Guard.Regions) == 0:
		return nil, usageError("no region to look at: pass --region, or set guard.regions in the policy")
	}
	for _, region := range chosen.Guard.Regions {
		if !peering.ValidRegion(region) {
			return nil, usageError(fmt.Sprintf("%.60q is not a region id", region))
		}
	}
	return &chosen, nil
}

// warn says which regions of the policy and of the flags are not known. There are no connections in one that does not exist.
func (t *target) warn(out *console, rules *policy.Policy) {
	for _, text := range warningsOf(rules, time.Now(), policy.RegionUnknown) {
		out.note("warning: %s", text)
	}
	for _, region := range t.Region {
		if doubt := policy.DoubtRegion(region); doubt != "" {
			out.note("warning: --region: %s", doubt)
		}
	}
}

// newCloud returns the cloud at the endpoints in the environment. Its error names every mistake.
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
