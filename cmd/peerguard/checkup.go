package main

import (
	"context"
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

// limited calls call with the time limit of one step.
func limited(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	return call(ctx)
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

// roleAdvice says what to do about a role that cannot be assumed.
func roleAdvice(err error, role peering.Role, who string) string {
	switch {
	case noRole(err):
		return "create the role in that account: deploy/members/README.md does it for every account of a folder"
	case forbidden(err):
		return "the role's trust policy must name " + principal(who) + ", and the role must exist (deploy/members/README.md creates it); if it asks for an external id, " +
			"external_id in guard.accounts must be that word; " + advice(err, grantRole(role.ARN))
	}
	return advice(err, grantRole(role.ARN))
}

// noRole reports whether a role does not exist.
func noRole(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Code == "EntityNotExist.Role"
}

// principal returns what a trust policy names: the role itself where an ARN is that of a session of it.
func principal(arn string) string {
	account, session, assumed := strings.Cut(arn, ":assumed-role/")
	if !assumed {
		return arn
	}
	role, _, _ := strings.Cut(session, "/")
	return account + ":role/" + role
}

// troubleshoot points to Alibaba Cloud's page about an error code.
func troubleshoot(code string) string { return "see https://api.aliyun.com/troubleshoot?q=" + code }

// unanswered reports whether a call failed without an answer from the API.
func unanswered(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Unanswered
}
