package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// stepPatience is how long one step may take: long enough for a few retries.
const stepPatience = 10 * time.Second

// policy checks that the policy loads, and that no rule is about to expire, and warns about unknown regions. It returns
// whether it makes sense to go on.
func (c *checkup) policy(o *operator) bool {
	rules, err := newPolicyFile(c.flags.Policy).load()
	if err != nil {
		c.fail("policy", c.flags.Policy, err, "fix the file: `go tool peerguard check` shows each mistake")
		return false
	}
	o.rules = rules
	c.flags.warn(c.out, rules)
	if texts := warningsOf(rules, time.Now(), policy.RuleExpired, policy.RuleExpires); len(texts) > 0 {
		c.fail("policy", "", errors.New(strings.Join(texts, "; ")), "move the rule's until, or remove the rule")
		return true
	}
	c.pass("policy", c.flags.Policy, fmt.Sprintf("mode %s, %s", rules.Mode, rules.Digest))
	return true
}

// warningsOf returns the warnings of some kinds.
func warningsOf(rules *policy.Policy, now time.Time, kinds ...policy.WarningCode) []string {
	var texts []string
	for _, w := range rules.Warnings(now) {
		if slices.Contains(kinds, w.Code) {
			texts = append(texts, w.String())
		}
	}
	return texts
}

// credentials checks that there are credentials, and a region to use them in.
func (c *checkup) credentials(ctx context.Context, o *operator) bool {
	var err error
	if o.cloud, err = newCloud(); err != nil {
		c.fail("credentials", "", err, "fix the variable")
		return false
	}
	if o.found, err = find(ctx, o.cloud, c.flags.Profile); err != nil {
		c.fail("credentials", "", err, advice(err, statement{}))
		return false
	}
	o.warn(c.out)
	if err := o.choose(c.flags.Region); err != nil {
		c.fail("credentials", "", err, "correct --region")
		return false
	}
	c.pass("credentials", "", o.found.Source)
	return true
}

// identity checks that STS knows who the credentials belong to.
func (c *checkup) identity(ctx context.Context, o *operator) bool {
	if err := o.identify(ctx); err != nil {
		c.fail("identity", "", err, advice(err, statement{Effect: "Allow", Action: []string{"sts:GetCallerIdentity"}, Resource: []string{"*"}}))
		return false
	}
	c.pass("identity", "", o.who.ARN+" of account "+string(o.who.Account))
	return true
}

// account checks one guarded account: its role, List in each region, Get and Reject.
func (c *checkup) account(ctx context.Context, o *operator, account peering.Account) {
	if role, member := o.rules.Guard.Roles[account]; member && account != o.who.Account {
		if err := limited(ctx, func(ctx context.Context) error { return o.client.Assume(ctx, account) }); err != nil {
			c.fail("role", role.ARN, err, "the role's trust policy must name "+o.who.ARN+"; "+advice(err, grantRole(role.ARN)))
			return
		}
		c.pass("role", role.ARN, "can be assumed")
	}
	for _, region := range o.rules.Guard.Regions {
		if !c.list(ctx, o, peering.Partition{Account: account, Region: region}) {
			c.skip("permissions", "the endpoint does not answer")
			return
		}
	}
	own := peering.Partition{Account: account, Region: o.region}
	c.absent(ctx, own, "get", "vpc:GetVpcPeerConnectionAttribute", func(ctx context.Context, id string) error {
		_, err := o.client.Get(ctx, own, id)
		return err
	})
	c.absent(ctx, own, "reject", "vpc:RejectVpcPeerConnection", func(ctx context.Context, id string) error {
		_, err := o.client.Reject(ctx, own, peering.Rejection{ID: id, ClientToken: strings.TrimPrefix(id, "pcc-"), DryRun: true})
		return err
	})
}

// list checks that the first page of a partition can be listed. It reports whether the endpoint answers at all.
func (c *checkup) list(ctx context.Context, o *operator, in peering.Partition) (answered bool) {
	seen, more := 0, ""
	err := limited(ctx, func(ctx context.Context) error {
		page, err := o.client.List(in)(ctx)
		if seen = len(page); seen >= 100 {
			more = " or more"
		}
		return err
	})
	if err != nil {
		c.fail("list", place(in), err, advice(err, grantVPC("vpc:ListVpcPeerConnections")))
		return !unanswered(err)
	}
	c.pass("list", place(in), count(seen, "connection")+more)
	return true
}

// absent checks that a call about a connection that does not exist is answered with "not found", and not refused.
func (c *checkup) absent(ctx context.Context, in peering.Partition, name, action string, call func(context.Context, string) error) {
	id := absentID()
	err := limited(ctx, func(ctx context.Context) error { return call(ctx, id) })
	switch f, _ := errors.AsType[*peering.Failure](err); {
	case f != nil && f.Class == peering.Gone:
		c.pass(name, place(in), "permitted ("+id+" does not exist, as expected)")
	case err == nil:
		c.fail(name, place(in), fmt.Errorf("the API answered for %s, which does not exist", id), "check PEERGUARD_ENDPOINT")
	default:
		c.fail(name, place(in), err, advice(err, grantVPC(action)))
	}
}

// absentID returns the id of a connection that does not exist.
func absentID() string {
	random := make([]byte, 10)
	_, _ = rand.Read(random) // it never fails
	return "pcc-" + hex.EncodeToString(random)
}

// limited calls call with the time limit of one step.
func limited(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	return call(ctx)
}

func place(in peering.Partition) string {
	return "account " + string(in.Account) + " in " + in.Region
}

// advice says what to do about a failed call that needs a permission.
func advice(err error, needs statement) string {
	f, ok := errors.AsType[*peering.Failure](err)
	switch {
	case !ok:
		return ""
	case forbidden(err):
		return "add this statement to the RAM policy of the identity: " + needs.String()
	case unanswered(err):
		return "check that the endpoint is right and reachable from here: see " + endpointVariables + ", and HTTPS_PROXY"
	case strings.HasPrefix(f.Code, "InvalidAccessKeyId"), strings.HasPrefix(f.Code, "InvalidSecurityToken"), strings.HasPrefix(f.Code, "SignatureDoesNotMatch"):
		return "the credentials are wrong or no longer valid: get new ones"
	case f.Code == "UnsupportedRegion":
		return "remove the region from guard.regions"
	}
	return troubleshoot(f.Code)
}

// troubleshoot points to Alibaba Cloud's page about an error code.
func troubleshoot(code string) string { return "see https://api.aliyun.com/troubleshoot?q=" + code }

// unanswered reports whether a call failed without an answer from the API.
func unanswered(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Unanswered
}
