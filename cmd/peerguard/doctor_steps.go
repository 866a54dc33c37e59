package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/function/policy"
)

// stepPatience is how long one step may take: enough for a few retries.
const stepPatience = 10 * time.Second

// policy: it loads, and no rule is about to end.
func (x *examination) policy(o *operator) bool {
	rules, err := newPolicyFile(x.flags.Policy).load()
	if err != nil {
		x.add(missed("policy", x.flags.Policy, err, "correct the file; `go tool peerguard check` shows each place"))
		return false
	}
	o.rules = rules
	if ending := expiring(rules, time.Now()); len(ending) > 0 {
		x.add(missed("policy", "", errors.New(strings.Join(ending, "; ")), "move the rule's until, or remove the rule"))
		return true
	}
	x.add(passed("policy", x.flags.Policy, fmt.Sprintf("mode %s, %s", rules.Mode, rules.Digest)))
	return true
}

// expiring returns the warnings about rules that have expired or soon will.
func expiring(rules *policy.Policy, now time.Time) []string {
	var texts []string
	for _, w := range rules.Warnings(now) {
		if w.Code == policy.RuleExpired || w.Code == policy.RuleExpires {
			texts = append(texts, w.String())
		}
	}
	return texts
}

// credentials: there are some, and a region to use them in.
func (x *examination) credentials(ctx context.Context, o *operator) bool {
	var err error
	if o.cloud, err = newCloud(); err != nil {
		x.add(missed("credentials", "", err, "correct the variable"))
		return false
	}
	if o.found, err = find(ctx, o.cloud, x.flags.Profile); err != nil {
		x.add(missed("credentials", "", err, advice(err, statement{})))
		return false
	}
	if o.rules, err = x.flags.regions(o.rules, o.found.Region); err != nil {
		x.add(missed("credentials", "", err, "add guard.regions to the policy"))
		return false
	}
	x.add(passed("credentials", "", o.found.Source))
	return true
}

// identity: the cloud knows whose they are.
func (x *examination) identity(ctx context.Context, o *operator) bool {
	if err := o.identify(ctx); err != nil {
		x.add(missed("identity", "", err, advice(err, statement{"Allow", []string{"sts:GetCallerIdentity"}, []string{"*"}})))
		return false
	}
	x.add(passed("identity", "", o.who.ARN+" of account "+string(o.who.Account)))
	return true
}

// account takes the steps of one guarded account: its role, List in each region, Get and Reject.
func (x *examination) account(ctx context.Context, o *operator, account peering.Account) {
	if arn, member := o.rules.Guard.Roles[account]; member && account != o.who.Account {
		if err := limited(ctx, func(ctx context.Context) error { return o.assume(ctx, account) }); err != nil {
			x.add(missed("role", arn, err, "the role's trust policy must name "+o.who.ARN+"; "+advice(err, grantRole(arn))))
			return
		}
		x.add(passed("role", arn, "can be assumed"))
	}
	for _, region := range o.rules.Guard.Regions {
		if !x.list(ctx, o, peering.Partition{Account: account, Region: region}) {
			x.add(omitted("permissions", "the endpoint does not answer"))
			return
		}
	}
	first := peering.Partition{Account: account, Region: o.region()}
	x.absent(ctx, first, "get", "vpc:GetVpcPeerConnectionAttribute", func(ctx context.Context, id string) error {
		_, err := o.session.Get(ctx, first, id)
		return err
	})
	x.absent(ctx, first, "reject", "vpc:RejectVpcPeerConnection", func(ctx context.Context, id string) error {
		_, err := o.session.Reject(ctx, first, peering.Rejection{ID: id, ClientToken: strings.TrimPrefix(id, "pcc-"), DryRun: true})
		return err
	})
}

// list: the first page of a partition can be read. It reports whether anybody answers at all.
func (x *examination) list(ctx context.Context, o *operator, in peering.Partition) (answered bool) {
	seen, more := 0, ""
	err := limited(ctx, func(ctx context.Context) error {
		for page, err := range o.session.List(ctx, in) {
			if err != nil {
				return err
			}
			if seen = len(page); seen >= 100 {
				more = " or more"
			}
			break
		}
		return nil
	})
	if err != nil {
		x.add(missed("list", partition(in), err, advice(err, grantVPC("vpc:ListVpcPeerConnections"))))
		return !unanswered(err)
	}
	x.add(passed("list", partition(in), count(seen, "connection")+more))
	return true
}

// absent: a call about a connection that does not exist is answered with not found, and not refused.
func (x *examination) absent(ctx context.Context, in peering.Partition, name, action string, call func(context.Context, string) error) {
	id := absentID()
	err := limited(ctx, func(ctx context.Context) error { return call(ctx, id) })
	var f *peering.Failure
	switch {
	case errors.As(err, &f) && f.Class == peering.Gone:
		x.add(passed(name, partition(in), "permitted: "+id+" is not found, as it must be"))
	case err == nil:
		x.add(missed(name, partition(in), fmt.Errorf("the API answers for %s, which does not exist", id), "check PEERGUARD_ENDPOINT"))
	default:
		x.add(missed(name, partition(in), err, advice(err, grantVPC(action))))
	}
}

// absentID names a connection that nobody has.
func absentID() string {
	random := make([]byte, 10)
	_, _ = rand.Read(random) // it never fails
	return "pcc-" + hex.EncodeToString(random)
}

// limited gives a call the time of one step.
func limited(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stepPatience)
	defer cancel()
	return call(ctx)
}

func partition(in peering.Partition) string {
	return "account " + string(in.Account) + " in " + in.Region
}

// advice says what to do about a failed call that needs a permission.
func advice(err error, needs statement) string {
	var f *peering.Failure
	switch {
	case !errors.As(err, &f):
		return ""
	case forbidden(err):
		return "add this statement to the RAM policy of the identity: " + needs.String()
	case unanswered(err):
		return "is the endpoint right, and reachable from here? See PEERGUARD_ENDPOINT, PEERGUARD_STS_ENDPOINT and HTTPS_PROXY"
	case strings.HasPrefix(f.Code, "InvalidAccessKeyId"), strings.HasPrefix(f.Code, "InvalidSecurityToken"), strings.HasPrefix(f.Code, "SignatureDoesNotMatch"):
		return "the credentials are wrong, or no longer valid: get new ones"
	case f.Code == "UnsupportedRegion":
		return "take the region out of guard.regions"
	}
	return "see https://api.aliyun.com/troubleshoot?q=" + f.Code
}

// unanswered reports whether a call failed without an answer of the API.
func unanswered(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && f.Unanswered
}
