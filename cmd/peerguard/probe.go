package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// atOnce is how many accounts or regions are probed at once.
const atOnce = 16

// probe checks what the function must be allowed to do: in its own account in every region, in the others in one. If nothing
// answers in its own account, it does not try the others.
func (c *checkup) probe(ctx context.Context, o *operator, scope guard.Scope) checklist {
	total := len(scope.Regions) + len(scope.Accounts) - 1
	p := &prober{o: o, progress: startProgress(c.out, "probe", total)}
	defer p.progress.stop()
	found, answered := p.own(ctx, scope.Regions)
	if !answered {
		found.skip("permissions", "the endpoint does not answer")
		return found
	}
	others := make([]peering.Account, 0, len(scope.Accounts))
	for _, a := range scope.Accounts {
		if a != o.who.Account {
			others = append(others, a)
		}
	}
	found.steps = append(found.steps, p.each(ctx, len(others), func(ctx context.Context, i int) checklist { return p.other(ctx, others[i]) }).steps...)
	return found
}

// prober asks the API what it allows.
type prober struct {
	o        *operator
	progress *progress
}

// each takes the steps for 0 to n-1, several at once, and returns them in order.
func (p *prober) each(ctx context.Context, n int, take func(context.Context, int) checklist) checklist {
	taken := make([]checklist, n)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() == nil {
				taken[i] = take(ctx, i)
				p.progress.count()
			}
			return nil
		})
	}
	_ = group.Wait() // the steps hold the errors
	var all checklist
	for _, t := range taken {
		all.steps = append(all.steps, t.steps...)
	}
	return all
}

// own checks the operator's own account. It reports whether the endpoint answers at all.
func (p *prober) own(ctx context.Context, regions []string) (found checklist, answered bool) {
	account := p.o.who.Account
	var silent atomic.Bool
	found = p.each(ctx, len(regions), func(ctx context.Context, i int) (l checklist) {
		if !p.list(ctx, &l, peering.Partition{Account: account, Region: regions[i]}) {
			silent.Store(true)
		}
		l.locate(account, regions[i])
		return l
	})
	if silent.Load() {
		return found, false
	}
	var rights checklist
	p.rights(ctx, &rights, account)
	rights.locate(account, string(account))
	found.steps = append(found.steps, rights.steps...)
	return found, true
}

// other checks an account that is guarded through a role.
func (p *prober) other(ctx context.Context, account peering.Account) (l checklist) {
	defer func() { l.locate(account, string(account)) }()
	role, _ := p.o.inv.Role(account)
	if err := limited(ctx, func(ctx context.Context) error { return p.o.client.Assume(ctx, account) }); err != nil {
		l.fail("role", role.ARN, err, roleAdvice(err, role, p.o.who.ARN))
		return l
	}
	l.pass("role", role.ARN, "can be assumed")
	if p.list(ctx, &l, peering.Partition{Account: account, Region: p.o.region}) {
		p.rights(ctx, &l, account)
	} else {
		l.skip("permissions", "the endpoint does not answer")
	}
	return l
}

// list checks that the first page of a partition can be listed. It reports whether the endpoint answers at all.
func (p *prober) list(ctx context.Context, l *checklist, in peering.Partition) (answered bool) {
	seen, more := 0, ""
	err := limited(ctx, func(ctx context.Context) error {
		page, err := p.o.client.List(in)(ctx)
		if seen = len(page); seen >= 100 {
			more = " or more"
		}
		return err
	})
	switch f, _ := errors.AsType[*peering.Failure](err); {
	case err == nil:
		l.pass("list", place(in), count(seen, "connection")+more)
	case f != nil && f.Class == peering.Unsupported && p.o.rules.Guard.Regions == nil:
		l.pass("list", place(in), "the region has no VPC peering, so there is nothing to guard")
	default:
		l.fail("list", place(in), err, advice(err, grantVPC("vpc:ListVpcPeerConnections")))
	}
	return !unanswered(err)
}

// rights checks that a connection of an account could be read and rejected.
func (p *prober) rights(ctx context.Context, l *checklist, account peering.Account) {
	in := peering.Partition{Account: account, Region: p.o.region}
	absent(ctx, l, in, "get", "vpc:GetVpcPeerConnectionAttribute", func(ctx context.Context, id string) error {
		_, err := p.o.client.Get(ctx, in, id)
		return err
	})
	absent(ctx, l, in, "reject", "vpc:RejectVpcPeerConnection", func(ctx context.Context, id string) error {
		_, err := p.o.client.Reject(ctx, in, peering.Rejection{ID: id, ClientToken: strings.TrimPrefix(id, "pcc-"), DryRun: true})
		return err
	})
}

// absent checks that a call about a connection that does not exist is answered with "not found", and not refused.
func absent(ctx context.Context, l *checklist, in peering.Partition, name, action string, call func(context.Context, string) error) {
	id := absentID()
	err := limited(ctx, func(ctx context.Context) error { return call(ctx, id) })
	switch f, _ := errors.AsType[*peering.Failure](err); {
	case f != nil && f.Class == peering.Gone:
		l.pass(name, place(in), "permitted ("+id+" does not exist, as expected)")
	case err == nil:
		l.fail(name, place(in), fmt.Errorf("the API answered for %s, which does not exist", id), "check PEERGUARD_ENDPOINT")
	default:
		l.fail(name, place(in), err, advice(err, grantVPC(action)))
	}
}

// absentID returns the id of a connection that does not exist.
func absentID() string {
	random := make([]byte, 10)
	_, _ = rand.Read(random) // it never fails
	return "pcc-" + hex.EncodeToString(random)
}

func place(in peering.Partition) string {
	return "account " + string(in.Account) + " in " + in.Region
}
