package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"peerguard/function/directory"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
)

// readingAge is how old a reading of the directory may be.
const readingAge = time.Minute

// directory checks what the account is to the resource directory, and that the directory can be read if the policy needs it. It
// returns whether it is known which accounts are guarded.
func (c *checkup) directory(ctx context.Context, o *operator) (known bool) {
	if o.rules.Directory == nil {
		c.optionalDirectory(ctx, o)
		return true
	}
	var standing directory.Standing
	var reading *peering.Reading
	var standingErr, readingErr error
	var group errgroup.Group
	group.Go(func() error { standing, standingErr = o.directory.Standing(ctx); return nil })
	group.Go(func() error { reading, readingErr = o.directory.Reading(ctx, readingAge); return nil })
	_ = group.Wait() // both errors are kept
	subject := "account " + string(readerOf(o))
	if standing == directory.NoMember {
		c.fail("directory", subject, errors.New("NoDirectory: the account is in no resource directory"), standingAdvice(o))
		return false
	}
	if err := firstError(standingErr, readingErr); err != nil {
		c.fail("directory", subject, unavailable("DirectoryUnavailable", err), directoryAdvice(o, standing, err))
		return false
	}
	c.pass("directory", subject, fmt.Sprintf("%s of %s, root %s, %s", standing, reading.ID, reading.Root, count(reading.Size(), "member")))
	c.flush()
	c.add(folders(o.rules, reading))
	return true
}

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}

// optionalDirectory says what the account is to its directory. A policy that names no directory works without.
func (c *checkup) optionalDirectory(ctx context.Context, o *operator) {
	var standing directory.Standing
	err := limited(ctx, func(ctx context.Context) (err error) {
		standing, err = o.directory.Standing(ctx)
		return err
	})
	subject := "account " + string(o.who.Account)
	if standing == "" {
		c.skip("directory", fmt.Sprintf("the policy needs none, and nobody told what %s is to one: %s", subject, clean(err)))
		return
	}
	c.pass("directory", subject, string(standing)+"; the policy names no directory and needs none")
}

// readerOf returns the account that reads the directory.
func readerOf(o *operator) peering.Account {
	if role := o.rules.Directory.Role; role != "" {
		account, _, _ := strings.Cut(strings.TrimPrefix(role, "acs:ram::"), ":")
		return peering.Account(account)
	}
	return o.who.Account
}

// unavailable names what is not available, by the code that reports of the function use, unless the error has it already.
func unavailable(code string, err error) error {
	if f, ok := errors.AsType[*peering.Failure](err); ok && f.Code == code {
		return err
	}
	return fmt.Errorf("%s: %w", code, err)
}

// folders checks that each guarded folder has accounts. One that has none is probably misspelt.
func folders(rules *policy.Policy, reading *peering.Reading) (l checklist) {
	for _, f := range rules.Guard.Folders {
		n := 0
		for account, path := range reading.Accounts() {
			if path.In(f.Folder) && !slices.Contains(f.Except, account) {
				n++
			}
		}
		if n > 0 {
			l.pass("folder", f.Folder, count(n, "account")+" in it or below")
			continue
		}
		l.fail("folder", f.Folder, errors.New("no account is in it or below"), "correct the folder in guard.accounts, or remove it until it has an account")
	}
	return l
}

// standingAdvice says how to come to an account that can read the directory.
func standingAdvice(o *operator) string {
	return fmt.Sprintf("run the function in the management account of %s or in a delegated administrator account of it, or name a role of such an account as directory.role", o.rules.Directory.ID)
}

// directoryAdvice says what to do about a directory that cannot be read.
func directoryAdvice(o *operator, standing directory.Standing, err error) string {
	grant := statement{Effect: "Allow", Action: []string{"resourcemanager:GetAccount", "resourcemanager:GetResourceDirectory", "resourcemanager:ListAccounts"}, Resource: []string{"*"}}
	f, _ := errors.AsType[*peering.Failure](err)
	switch {
	case standing == directory.PlainMember && !forbidden(err):
		return "a member may not list the others: make the account a delegated administrator of any trusted service, or " + standingAdvice(o)
	case standing == directory.PlainMember:
		return "if the account is a delegated administrator, " + advice(err, grant) + "; if it is a plain member, " + standingAdvice(o)
	case f != nil && f.Code == "EntityNotExist.Role":
		return "create the role that directory.role names, with the policy deploy/ram/directory.json"
	case forbidden(err) && o.rules.Directory.Role != "":
		return fmt.Sprintf("the trust policy of %s must name %s, and its RAM policy must be deploy/ram/directory.json; %s",
			o.rules.Directory.Role, principal(o.who.ARN), advice(err, grantRole(o.rules.Directory.Role)))
	case f != nil && f.Code == "DirectoryUnavailable": // another directory than the pinned one
		return "correct directory.id, or read the directory with a role of one of its accounts: directory.role"
	}
	return advice(err, grant)
}

// regions checks that it is known which regions there are, if the policy guards all of them.
func (c *checkup) regions(ctx context.Context, o *operator) {
	if o.rules.Guard.Regions != nil {
		c.pass("regions", "", o.where())
		return
	}
	ids, err := o.directory.Regions(ctx)
	if err != nil {
		fix := fmt.Sprintf("the %d regions that this release knows are checked, and swept; to see others, %s", len(policy.KnownRegions), advice(err, statement{}))
		c.fail("regions", "", unavailable("RegionsUnavailable", err), fix)
		return
	}
	told := len(ids)
	ids = append(ids, policy.KnownRegions...)
	slices.Sort(ids)
	all := len(slices.Compact(ids))
	c.pass("regions", "", fmt.Sprintf("all %d: %d by DescribeRegions, and %d more that this release knows", all, told, all-told))
}

// members checks that the accounts of a list are guarded.
func (c *checkup) members(scope guard.Scope, known bool) (l checklist) {
	ids, err := readAccounts(c.flags.Members, c.out.stdin)
	if err != nil {
		l.fail("members", "", err, "write one account id a line, and comments after #")
		return l
	}
	for _, id := range ids {
		one := member(id, slices.Contains(scope.Accounts, id), known)
		one.locate(id, string(id))
		l.steps = append(l.steps, one.steps...)
	}
	return l
}

func member(id peering.Account, guarded, known bool) (l checklist) {
	subject := "account " + string(id)
	switch {
	case guarded:
		l.pass("members", subject, "is guarded")
	case known:
		l.fail("members", subject, errNobody, "add its role to guard.accounts, or move it to a guarded folder")
	default:
		l.fail("members", subject, errUnknown, "see step directory")
	}
	return l
}

var (
	errNobody  = errors.New("nobody guards it")
	errUnknown = errors.New("no role in guard.accounts is of it, and without the directory nobody knows whether a folder has it")
)

// readAccounts reads a list of account ids.
func readAccounts(path string, stdin io.Reader) ([]peering.Account, error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("opening the list of accounts: %w", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("reading the list of accounts: %w", err)
	}
	return policy.Accounts(path, text)
}
