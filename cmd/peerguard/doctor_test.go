package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
)

// organisation is a policy that guards a folder of a directory in every region.
const organisation = `version: 1
mode: enforce
directory: {id: rd-3G0000}
guard:
  accounts:
    - folder: fd-AAAAAAAAAA
      role_name: peerguard
allow:
  - name: our own
    requester_folders: [r-AAAAAA]
`

const guardedFolder = "rd-3G0000/r-AAAAAA/fd-AAAAAAAAAA"

func memberAccount(i int) peering.Account { return peering.Account(fmt.Sprintf("8%015d", i)) }

// company returns a cloud with a directory of n members in the guarded folder and below, besides the function's account, a
// delegated administrator. Each member has its role, but for those that are left out.
func company(n int, without ...int) *simulator.Cloud {
	cloud := &simulator.Cloud{Regions: []string{"cn-hangzhou", "cn-shanghai", "xx-new-1"}}
	d := simulator.Directory{
		ID: "rd-3G0000", Root: "r-AAAAAA", Management: "9999999999999999",
		Members:        []simulator.Member{{Account: simulator.SeedAccepter, Path: "rd-3G0000/r-AAAAAA"}},
		Administrators: []peering.Account{simulator.SeedAccepter},
	}
	missing := map[int]bool{}
	for _, i := range without {
		missing[i] = true
	}
	for i := range n {
		path := guardedFolder
		if i%2 == 1 {
			path += "/fd-BBBBBBBBBB"
		}
		d.Members = append(d.Members, simulator.Member{Account: memberAccount(i), Path: path})
		if !missing[i] {
			cloud.AddRole(simulator.Role{ARN: "acs:ram::" + string(memberAccount(i)) + ":role/peerguard", TrustedAccounts: []peering.Account{simulator.SeedAccepter}})
		}
	}
	cloud.SetDirectory(d)
	return cloud
}

// examine runs doctor with the organisation's policy and more arguments.
func examine(t *testing.T, cloud *simulator.Cloud, args ...string) (code int, stdout string) {
	t.Helper()
	simulated(t, cloud)
	return examineAgain(t, args...)
}

func examineAgain(t *testing.T, args ...string) (code int, stdout string) {
	t.Helper()
	var out, messages buffer
	code = run(t.Context(), append([]string{"doctor", "--policy", policyOf(t, organisation)}, args...), &console{stdin: strings.NewReader(""), stdout: &out, stderr: &messages})
	if messages.String() != "" {
		t.Errorf("stderr: %s", &messages)
	}
	return code, out.String()
}

// want checks doctor's exit code, and that what it prints matches each pattern.
func want(t *testing.T, code int, text string, wantCode int, patterns ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(text) {
			t.Errorf("no match for %s", p)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestDoctorOfAnOrganisation: of 300 members two lack their role. The output fits a screen, and names the two and the repair.
func TestDoctorOfAnOrganisation(t *testing.T) {
	code, text := examine(t, company(300, 77, 240))
	want(t, code, text, 1,
		`^ok       directory    account 1111111111111111: delegated administrator of rd-3G0000, root r-AAAAAA, 301 members$`,
		`^ok       folder       fd-AAAAAAAAAA: 300 accounts in it or below$`,
		`^ok       regions      all 29: 3 by DescribeRegions, and 26 more that this release knows$`,
		`^failed   role         2 of 300 accounts$`,
		`^ok       list         all 327 partitions$`,
		`^ok       get          all 299 accounts$`,
		`^ok       reject       all 299 accounts$`,
		`^failed   role         acs:ram::8000000000000077:role/peerguard: EntityNotExist.Role: .*\n +→ create the role in that account: deploy/members/README.md`,
		`^failed   role         acs:ram::8000000000000240:role/peerguard: EntityNotExist.Role: .*\n +→ create the role `,
	)
	if n := strings.Count(text, "\n"); n > 20 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	if _, err := os.Stat(filepath.Join("..", "..", "deploy", "members", "README.md")); err != nil {
		t.Errorf("the advice names a file that is not there: %v", err)
	}
}

// TestDoctorShowsEveryStep: with --all there is a line for each step of each account, as JSON holds it.
func TestDoctorShowsEveryStep(t *testing.T) {
	code, text := examine(t, company(20), "--all")
	want(t, code, text, 0, `^ok       role         acs:ram::8000000000000000:role/peerguard: can be assumed$`, `^ok       reject       account 8000000000000019 in cn-hangzhou: permitted`)
	steps := regexp.MustCompile(`(?m)^ok +(role|list|get|reject) `).FindAllString(text, -1)
	code, text = examineAgain(t, "--json")
	want(t, code, text, 0, `"account": "8000000000000019"`)
	if inJSON := len(regexp.MustCompile(`"name": "(role|list|get|reject)"`).FindAllString(text, -1)); len(steps) != 29+2+4*20 || inJSON != len(steps) {
		t.Errorf("%d steps, %d in JSON", len(steps), inJSON)
	}
}

// TestDoctorWithoutAnyRole: the same repair for 200 accounts is told once, with the accounts.
func TestDoctorWithoutAnyRole(t *testing.T) {
	var all []int
	for i := range 200 {
		all = append(all, i)
	}
	code, text := examine(t, company(200, all...))
	want(t, code, text, 1, `^failed   role         200 of 200 accounts$`, `\(and 199 more alike\)$`, `^ {22}8000000000000000 8000000000000001 `, `^ {22}and 150 more: --all shows them$`)
	if n := strings.Count(text, "\n"); n > 40 || strings.Count(text, "→") != 1 {
		t.Errorf("%d lines:\n%s", n, text)
	}
}

// TestDoctorWithoutPermission: what one statement repairs in every region, or in every account, is told once.
func TestDoctorWithoutPermission(t *testing.T) {
	cloud := company(5)
	cloud.Deny(simulator.SeedAccepter, "ListVpcPeerConnections")
	for i := range 5 {
		cloud.Deny(memberAccount(i), "RejectVpcPeerConnection")
	}
	code, text := examine(t, cloud)
	want(t, code, text, 1, `^failed   list         29 of 34 partitions$`, `^failed   reject       5 of 6 accounts$`,
		`^failed   list         account 1111111111111111 in ap-northeast-1: Forbidden.RAM: .* \(and 28 more alike\)\n {22}ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-3 ap-southeast-5\n`,
		`^failed   reject       account 8000000000000000 in cn-hangzhou: Forbidden.RAM: .* \(and 4 more alike\)\n {22}8000000000000000 8000000000000001 8000000000000002 8000000000000003 8000000000000004\n {22}→ add this statement `,
	)
	if strings.Count(text, "→") != 2 {
		t.Error(text)
	}
}

// TestDoctorNamesWhatTheAccountIs: who may not read the directory is told why, and what to do.
func TestDoctorNamesWhatTheAccountIs(t *testing.T) {
	const other = "9999999999999999"
	for name, tt := range map[string]struct {
		change func(*simulator.Cloud)
		code   int
		want   []string
	}{
		"a plain member": {
			func(c *simulator.Cloud) { c.SetDirectory(directoryOf(other, "3333333333333333")) }, 1,
			[]string{
				`^failed   directory    account 1111111111111111: DirectoryUnavailable: EntityNotExists.ResourceDirectory: `,
				`→ a member may not list the others: make the account a delegated administrator of any trusted service, or run the function in the management account of rd-3G0000 `,
				`^ok       reject       account 1111111111111111 in cn-hangzhou: permitted`,
			},
		},
		"a delegated administrator without the permission": {
			func(c *simulator.Cloud) {
				c.SetDirectory(directoryOf(other, simulator.SeedAccepter))
				c.Deny(simulator.SeedAccepter, "ListAccounts")
			}, 1,
			[]string{
				`^failed   directory    account 1111111111111111: DirectoryUnavailable: (NoPermission|Forbidden)`,
				`→ if the account is a delegated administrator, add this statement to the RAM policy of the identity: \{"Effect":"Allow","Action":\["resourcemanager:GetAccount",`,
			},
		},
		"the management account": {
			func(c *simulator.Cloud) { c.SetDirectory(directoryOf(simulator.SeedAccepter)) }, 0,
			[]string{`^ok       directory    account 1111111111111111: management account of rd-3G0000, root r-AAAAAA, 3 members$`, `^ok       role         all 2 accounts$`},
		},
		"in no directory": {
			func(c *simulator.Cloud) { *c = simulator.Cloud{Regions: c.Regions} }, 1,
			[]string{
				`^failed   directory    account 1111111111111111: NoDirectory: the account is in no resource directory\n +→ run the function in the management account of rd-3G0000 or `,
				`^ok       list         all 29 partitions$`,
			},
		},
		"in another directory": {
			func(c *simulator.Cloud) {
				d := directoryOf(simulator.SeedAccepter)
				d.ID, d.Members = "rd-OTHER", nil
				c.SetDirectory(d)
			}, 1,
			[]string{`^failed   directory    account 1111111111111111: DirectoryUnavailable: account 1111111111111111 is in the directory rd-OTHER, and the policy is about rd-3G0000\n +→ correct directory.id`},
		},
		"an outage of the directory": {
			func(c *simulator.Cloud) {
				c.Inject(simulator.Fault{Action: "ListAccounts", Kind: simulator.APIError})
			}, 1,
			[]string{`^failed   directory    account 1111111111111111: DirectoryUnavailable: OperationFailed: .*\n +→ see https://api.aliyun.com/troubleshoot`, `^ok       list         all 29 partitions$`},
		},
		"an outage of DescribeRegions": {
			func(c *simulator.Cloud) {
				c.Inject(simulator.Fault{Action: "DescribeRegions", Kind: simulator.APIError})
			}, 1,
			[]string{
				`^failed   regions      RegionsUnavailable: OperationFailed: .*\n +→ the 28 regions that this release knows are checked, and swept; to see others, see https://api.aliyun.com`,
				`^ok       role         all 2 accounts$`,
			},
		},
		"a folder without accounts": {
			func(c *simulator.Cloud) {
				for i := range 2 {
					c.RemoveMember(memberAccount(i))
				}
			}, 1,
			[]string{`^failed   folder       fd-AAAAAAAAAA: no account is in it or below\n +→ correct the folder in guard.accounts`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := company(2)
			tt.change(cloud)
			code, text := examine(t, cloud)
			want(t, code, text, tt.code, tt.want...)
		})
	}
}

// directoryOf returns the directory of company(2) with another management account and administrators.
func directoryOf(management peering.Account, administrators ...peering.Account) simulator.Directory {
	return simulator.Directory{
		ID: "rd-3G0000", Root: "r-AAAAAA", Management: management, Administrators: append([]peering.Account{}, administrators...),
		Members: []simulator.Member{
			{Account: simulator.SeedAccepter, Path: "rd-3G0000/r-AAAAAA"},
			{Account: memberAccount(0), Path: guardedFolder}, {Account: memberAccount(1), Path: guardedFolder},
		},
	}
}

// TestDoctorReadsTheDirectoryThroughARole: with directory.role it is the role's account that counts, and its trust.
func TestDoctorReadsTheDirectoryThroughARole(t *testing.T) {
	const role = "acs:ram::9999999999999999:role/reader"
	through := strings.Replace(organisation, "{id: rd-3G0000}", "{id: rd-3G0000, role: \""+role+"\"}", 1)
	cloud := company(1)
	simulated(t, cloud)
	check := func(wantCode int, patterns ...string) {
		t.Helper()
		var out buffer
		code := run(t.Context(), []string{"doctor", "--policy", policyOf(t, through)}, &console{stdin: strings.NewReader(""), stdout: &out, stderr: &out})
		want(t, code, out.String(), wantCode, patterns...)
	}
	check(1, `^failed   directory    account 9999999999999999: DirectoryUnavailable: EntityNotExist.Role: .*\n +→ create the role that directory.role names`)
	cloud.AddRole(simulator.Role{ARN: role})
	check(1, `^failed   directory    account 9999999999999999: DirectoryUnavailable: NoPermission: .*\n +→ the trust policy of `+role+` must name acs:ram::1111111111111111:user/simulated-user, and `)
	cloud.AddRole(simulator.Role{ARN: role, TrustedAccounts: []peering.Account{simulator.SeedAccepter}})
	check(0, `^ok       directory    account 9999999999999999: management account of rd-3G0000, root r-AAAAAA, 2 members$`)
}

// TestPrincipals: a trust policy names a role, not one of its sessions.
func TestPrincipals(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"acs:ram::1:user/ada":                   "acs:ram::1:user/ada",
		"acs:ram::1:role/peerguard":             "acs:ram::1:role/peerguard",
		"acs:ram::1:assumed-role/peerguard/ops": "acs:ram::1:role/peerguard",
		"acs:ram::1:assumed-role/peerguard":     "acs:ram::1:role/peerguard",
	} {
		if got := principal(arn); got != want {
			t.Errorf("%s: %s", arn, got)
		}
	}
}

// TestDoctorComparesWithAListOfMembers: accounts of the list that nobody guards are named, and only these.
func TestDoctorComparesWithAListOfMembers(t *testing.T) {
	cloud := company(3)
	cloud.PutMember(simulator.Member{Account: "7777777777777777", Path: "rd-3G0000/r-AAAAAA/fd-CCCCCCCCCC"})
	file := filepath.Join(t.TempDir(), "members.txt")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1111111111111111 # the hub\n8000000000000000\n\n8000000000000002\n")
	code, text := examine(t, cloud, "--members", file)
	want(t, code, text, 0, `^ok       members      all 3 accounts$`)

	write("8000000000000000\n7777777777777777 # of another folder\n6666666666666666\n")
	code, text = examineAgain(t, "--members", file)
	want(t, code, text, 1, `^failed   members      2 of 3 accounts$`,
		`^failed   members      account 7777777777777777: nobody guards it\n +→ add its role to guard.accounts`, `^failed   members      account 6666666666666666: nobody guards it$`)
	if strings.Count(text, "nobody guards it") != 2 {
		t.Error(text)
	}

	write("7777777777777777x\n")
	code, text = examineAgain(t, "--members", file)
	want(t, code, text, 1, `^failed   members      .*members.txt:1:1: .*7777777777777777x.*\n +→ write one account id a line`)
	code, text = examineAgain(t, "--members", file+"x")
	want(t, code, text, 1, `^failed   members      opening the list of accounts: `)

	cloud.Inject(simulator.Fault{Action: "ListAccounts", Kind: simulator.APIError})
	write("8000000000000000\n")
	code, text = examineAgain(t, "--members", file)
	want(t, code, text, 1, `^failed   members      account 8000000000000000: .*nobody knows whether a folder has it\n +→ see step directory$`)
}

// TestSummaryOfSteps: what a summary says of one name.
func TestSummaryOfSteps(t *testing.T) {
	t.Parallel()
	var l checklist
	l.skip("permissions", "the endpoint does not answer")
	l.skip("permissions", "the endpoint does not answer")
	l.pass("get", "a", "b")
	l.fail("role", "a", context.DeadlineExceeded, "wait")
	var out buffer
	l.summarise(&console{stdout: &out})
	const want = "failed   role         a: context deadline exceeded\n" +
		"                      → wait\n" +
		"skipped  permissions  the endpoint does not answer\n" +
		"ok       get          a: b\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestAccountsOfAList: the list has the form of an accounts_from file.
func TestAccountsOfAList(t *testing.T) {
	t.Parallel()
	got, err := policy.Accounts("members.txt", []byte("# ours\n1111111111111111\r\n  2222222222222222 # hub\n"))
	if want := []peering.Account{"1111111111111111", "2222222222222222"}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":                     "members.txt:1:1: the file has no account ids",
		"# nothing\n":          "members.txt:1:1: the file has no account ids",
		"1111111111111111,2\n": `members.txt:1:1: bad account id "1111111111111111,2"`,
		"*\n":                  `members.txt:1:1: "*" is only allowed`,
	} {
		if _, err := policy.Accounts("members.txt", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
