package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"peerguard/cmd/peerguard/evidence"
	"peerguard/cmd/peerguard/login"
	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/guard"
	"peerguard/function/handler"
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
	Region  []string `placeholder:"REGION" help:"A region to look at. The default is the policy's guard.regions. Can be repeated."`
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
	region string         // where the operator's own calls go, in place of the region that the function runs in
	inv    *guard.Invocation
	client *vpcpeer.Client

	directory *directory.Client
}

// anyRegion is where the operator's own calls go if neither the flags, the policy nor the profile names a region.
const anyRegion = "cn-hangzhou"

// connect reads the policy, finds credentials, and asks whose they are.
func (t *target) connect(ctx context.Context) (*operator, error) {
	rules, err := newPolicyFile(t.Policy).load()
	if err != nil {
		return nil, err
	}
	return t.connectWith(ctx, rules)
}

// connectWith finds credentials, and asks whose they are.
func (t *target) connectWith(ctx context.Context, rules *policy.Policy) (*operator, error) {
	o := &operator{rules: rules}
	var err error
	if o.cloud, err = newCloud(); err != nil {
		return nil, err
	}
	if o.found, err = find(ctx, o.cloud, t.Profile); err != nil {
		return nil, err
	}
	if err := o.choose(t.Region); err != nil {
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
	who, err := login.Identify(ctx, o.cloud, o.found.Credentials, o.region)
	if err != nil {
		return fmt.Errorf("asking STS who the credentials of %s belong to: %w", o.found.Source, err)
	}
	o.who = who
	o.begin()
	return nil
}

// begin makes an invocation that knows nothing yet, and its client.
func (o *operator) begin() {
	caller := acs.Caller{Account: o.who.Account, Region: o.region, Credentials: o.found.Credentials}
	o.directory = directory.NewMemory(o.cloud).Client(caller, handler.Access(o.rules))
	o.inv = &guard.Invocation{
		RequestID: evidence.Local, Account: o.who.Account, Region: o.region, Version: build().Version, Policy: o.rules, Directory: o.directory,
	}
	o.client = vpcpeer.New(o.cloud, caller, o.inv.Role)
}

// choose makes the regions of the flags, if any, those of the policy, and chooses the operator's own.
func (o *operator) choose(regions []string) error {
	for _, region := range regions {
		if !peering.ValidRegion(region) {
			return usageError(fmt.Sprintf("%.60q is not a region id", region))
		}
	}
	if len(regions) > 0 {
		chosen := *o.rules
		chosen.Guard.Regions = regions
		o.rules = &chosen
	}
	o.region = cmp.Or(slices.Concat(o.rules.Guard.Regions, []string{o.found.Region, anyRegion})...)
	return nil
}

// where says which regions are looked at.
func (o *operator) where() string {
	if o.rules.Guard.Regions == nil {
		return "every region"
	}
	return strings.Join(o.rules.Guard.Regions, ", ")
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
