package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"peerguard/cmd/peerguard/drill"
	"peerguard/cmd/peerguard/login"
	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
)

// drillCommand sends one real request from a second account, and watches what the deployed function does about it.
type drillCommand struct {
	RequesterProfile string        `required:"" placeholder:"NAME" help:"The profile of the second account, which sends the request. deploy/ram/drill-requester.json is all that it needs."`
	RequesterVPC     string        `required:"" name:"requester-vpc" placeholder:"VPC" help:"A VPC of the second account."`
	RequesterRegion  string        `placeholder:"REGION" help:"The region of that VPC. The default is the profile's, or else the accepter's."`
	AccepterVPC      string        `required:"" name:"accepter-vpc" placeholder:"VPC" help:"A VPC of the guarded account."`
	AccepterRegion   string        `placeholder:"REGION" help:"The region of that VPC. The default is the policy's first region, or else that of your credentials."`
	Profile          string        `placeholder:"NAME" help:"A profile of the guarded account, in place of the credentials in the environment."`
	Policy           string        `default:"policy.yaml" placeholder:"FILE" help:"The policy that is deployed."`
	Report           string        `placeholder:"FILE" help:"The function's log, or its reports. The file may grow during the drill."`
	Timeout          time.Duration `default:"5m" help:"How long the function may take. With a timer that fires every minute, a few minutes are enough."`
	Yes              bool          `help:"Do not ask before the request is sent, or before something is deleted that an earlier drill left."`
	JSON             bool          `help:"Print what was seen as JSON."`
	Markdown         string        `placeholder:"FILE" help:"Also write what was seen as Markdown, to paste into an issue."`
	Full             bool          `help:"Show whole account ids, and not only their last four digits."`
}

// Help is the long text of --help.
func (*drillCommand) Help() string {
	return "The second account asks for one connection to a VPC of the guarded account. The drill waits until the deployed function has dealt with the request, " +
		"measures how long each step takes, notes what it sees of the points that README lists as not yet seen live, and deletes the request. " +
		"It never accepts anything, and nothing that it makes is billed. docs/drill.md says what to prepare.\n\n" + credentialsHelp + " These credentials are those of the guarded account, and need what the function needs." +
		"\n\nExits with 0 only if the function did what the policy says, with 2 if the policy does not surely reject the request, which then is not sent, with 130 after Ctrl-C, " +
		"when it has deleted the request, and with 1 otherwise."
}

// Validate checks the values of the flags.
func (d *drillCommand) Validate() error {
	for _, flag := range [][2]string{{"--requester-vpc", d.RequesterVPC}, {"--accepter-vpc", d.AccepterVPC}} {
		if !peering.ValidVPC(flag[1]) {
			return fmt.Errorf("%s %.60q is not the id of a VPC, such as vpc-bp1h8vbrbgniohep8ma00", flag[0], flag[1])
		}
	}
	for _, flag := range [][2]string{{"--requester-region", d.RequesterRegion}, {"--accepter-region", d.AccepterRegion}} {
		if flag[1] != "" && !peering.ValidRegion(flag[1]) {
			return fmt.Errorf("%s %.40q is not a region id, such as cn-hangzhou", flag[0], flag[1])
		}
	}
	if d.Timeout < 2*time.Second {
		return fmt.Errorf("--timeout must be 2s or more")
	}
	return nil
}

// Run carries out the drill.
func (d *drillCommand) Run(ctx context.Context, out *console) error {
	if !d.Yes && !out.stdinTTY {
		return usageError("drill asks before it sends a request, and stdin is not a terminal: add --yes")
	}
	o, err := (&target{Policy: d.Policy, Profile: d.Profile}).connect(ctx)
	if ctx.Err() != nil {
		return d.nothing(ctx, out)
	}
	if err != nil {
		return out.refuse(err)
	}
	o.warn(out)
	plan, err := d.plan(ctx, out, o)
	if ctx.Err() != nil {
		return d.nothing(ctx, out)
	}
	if err != nil {
		return err
	}
	mask := d.mask(plan)
	if err := d.introduce(ctx, out, o, plan, mask); err != nil {
		return err
	}
	err = d.tidy(ctx, out, plan)
	if ctx.Err() != nil {
		return d.nothing(ctx, out)
	}
	if err != nil {
		return err
	}
	if !d.Yes && !out.ask(ctx, "Send the request?") || ctx.Err() != nil {
		return d.nothing(ctx, out)
	}
	if !d.JSON {
		plan.OnStep = func(s drill.Step) { fprintf(out.stdout, "%7.1f s  %s: %s\n", s.Seconds, s.Name, mask(s.Seen)) }
	}
	return d.end(out, plan.Run(ctx), mask)
}

// nothing ends a drill that sent no request.
func (*drillCommand) nothing(ctx context.Context, out *console) error {
	out.note("nothing was sent")
	if ctx.Err() != nil {
		return errInterrupted
	}
	return errFinding
}

// plan finds the credentials of the second account, and says who asks whom for what.
func (d *drillCommand) plan(ctx context.Context, out *console, o *operator) (*drill.Drill, error) {
	second, err := find(ctx, o.cloud, d.RequesterProfile)
	if err != nil {
		return nil, fmt.Errorf("finding the credentials of the second account: %w", err)
	}
	if second.Warning != "" {
		out.note("warning: %s", second.Warning)
	}
	to := cmp.Or(d.AccepterRegion, o.region)
	from := cmp.Or(d.RequesterRegion, second.Region, to)
	limited, cancel := context.WithTimeout(ctx, identityPatience)
	defer cancel()
	who, err := login.Identify(limited, o.cloud, second.Credentials, from)
	if err != nil {
		return nil, fmt.Errorf("asking STS who the credentials of %s belong to: %w", second.Source, err)
	}
	if who.Account == o.who.Account {
		return nil, usageError(fmt.Sprintf("%s belongs to account %s as well: a request within one account is accepted at once, and tests nothing", second.Source, who.Account))
	}
	requester := acs.Caller{Account: who.Account, Region: from, Credentials: second.Credentials}
	noRole := func(peering.Account) (peering.Role, bool) { return peering.Role{}, false }
	plan := &drill.Drill{
		Cloud:     o.cloud,
		Requester: drill.Party{Side: peering.Side{Account: who.Account, Region: from, VPC: d.RequesterVPC}, Caller: requester, Client: vpcpeer.New(o.cloud, requester, noRole)},
		Accepter:  drill.Party{Side: peering.Side{Account: o.who.Account, Region: to, VPC: d.AccepterVPC}, Client: o.client},
		Enforce:   o.rules.Mode == policy.Enforce,
		Digest:    o.rules.Digest, Version: build().Version, Timeout: d.Timeout,
	}
	if d.Report != "" {
		plan.Log = reportsIn(d.Report)
	}
	return plan, nil
}

// mask returns a function that hides account ids, unless --full shows them.
func (d *drillCommand) mask(plan *drill.Drill) func(string) string {
	if d.Full {
		return func(text string) string { return text }
	}
	return plan.Mask()
}

// introduce says what is about to happen. It refuses a request that the policy does not surely reject.
func (d *drillCommand) introduce(ctx context.Context, out *console, o *operator, plan *drill.Drill, mask func(string) string) error {
	from, to := plan.Requester.Side, plan.Accepter.Side
	x := expect(ctx, o, from, to)
	switch {
	case x.Verdict == policy.Allow:
		return usageError(mask(fmt.Sprintf("the policy allows this request (%s): %s. Use an account and VPCs that it rejects", x.Rule, x.Reason)))
	case x.Verdict != policy.Reject:
		return usageError(mask(fmt.Sprintf("the policy may allow this request: %s. Use an account and VPCs that it surely rejects", x.Reason)))
	case o.rules.Guard.Regions != nil && !slices.Contains(o.rules.Guard.Regions, to.Region):
		return usageError(fmt.Sprintf("nobody looks at this request: the policy does not guard %s, only %s", to.Region, o.where()))
	}
	if d.JSON {
		return nil
	}
	fprintf(out.stdout, "%s\n", mask(fmt.Sprintf("Account %s in %s asks for a connection from %s to %s of account %s in %s.", from.Account, from.Region, from.VPC, to.VPC, to.Account, to.Region)))
	promise := fmt.Sprintf("In mode enforce the function must reject it within %v.", d.Timeout)
	if !plan.Enforce {
		promise = "In mode dry-run the function must leave it pending, and report that it would reject it."
	}
	fprintf(out.stdout, "%s\n%s\n\n", mask(fmt.Sprintf("The policy rejects that (%s): %s.", x.Rule, x.Reason)), promise)
	return nil
}

// expect returns what the policy says about the request, as far as it is known before there is one.
func expect(ctx context.Context, o *operator, from, to peering.Side) policy.Explanation {
	if o.rules.NamesFolders() {
		ctx, cancel := context.WithTimeout(ctx, identityPatience)
		defer cancel()
		from.Path, _ = o.directory.Path(ctx, from.Account) // without an answer the path is unknown, and the verdict may be
		to.Path, _ = o.directory.Path(ctx, to.Account)
	}
	return o.rules.Explain(&peering.Connection{Requester: from, Accepter: to}, time.Now())
}

// tidy offers to delete what an earlier drill left.
func (d *drillCommand) tidy(ctx context.Context, out *console, plan *drill.Drill) error {
	left, err := plan.Leftovers(ctx)
	if err != nil {
		return err
	}
	for _, c := range left {
		if !d.Yes && !out.ask(ctx, "An earlier drill left %s (%s, %s since %s). Delete it?", c.ID, c.Name, c.Status, c.Created) {
			continue
		}
		if _, err := plan.Delete(ctx, c.ID); err != nil {
			return fmt.Errorf("deleting %s: %w", c.ID, err)
		}
		out.note("deleted %s, which an earlier drill left", c.ID)
	}
	return nil
}
