package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// organisationRules guard every member but one, and allow every member.
const organisationRules = `version: 1
mode: enforce
directory: {id: rd-3G0000}
guard:
  accounts:
    - {folder: r-AAAAAA, role_name: peerguard, except: ["5000000000000299"]}
allow:
  - name: our own
    requester_folders: [r-AAAAAA]
`

const (
	management = 5000000000000300
	excepted   = 5000000000000299
	outsider   = 6666666666666666
)

// everyTime is a timer event without a payload; sweeps must not share one, because they would share client tokens.
func everyTime(n int) string { return timer(triggerTime(n), nil, true) }

// colleague is the n-th member, besides the function's own account.
func colleague(n int) int64 { return 5000000000000000 + int64(n) }

// folderOf spreads the members over three levels of folders.
func folderOf(n int) string {
	division := fmt.Sprintf("rd-3G0000/r-AAAAAA/fd-division%d", n%3)
	switch n % 10 {
	case 0:
		return "rd-3G0000/r-AAAAAA"
	case 1, 2:
		return division
	case 3, 4:
		return fmt.Sprintf("%s/fd-section%d", division, n%7)
	}
	return fmt.Sprintf("%s/fd-section%d/fd-team%d", division, n%7, n%11)
}

// join lets a member join the directory. Its role exists as soon as it does.
func (d *deployment) join(account int64, path string) {
	d.PutMember(simulator.Member{Account: accountOf(account), Path: path})
	d.AddRole(simulator.Role{ARN: roleOf(account), TrustedAccounts: []peering.Account{own}})
}

// organise makes a directory of which the function's own account is a delegated administrator, with a number of members, of
// which it is one.
func (d *deployment) organise(members int) {
	directory := simulator.Directory{
		ID: "rd-3G0000", Root: "r-AAAAAA", Management: accountOf(management), Administrators: []peering.Account{own},
		Members: []simulator.Member{{Account: own, Path: "rd-3G0000/r-AAAAAA/fd-security"}},
	}
	d.SetDirectory(directory)
	d.AddRole(simulator.Role{ARN: roleOf(management), TrustedAccounts: []peering.Account{own}})
	for n := 1; n < members; n++ {
		d.join(colleague(n), folderOf(n))
	}
}

// pendingAt is a request to an account in a region.
func pendingAt(id string, requester, accepter int64, region string) simulator.Item {
	item := pendingRequest(id, requester)
	item.AcceptingOwnerUID, item.AcceptingRegionID = accepter, region
	return item
}

// announced is the event of a request, as the trail of the whole organisation tells it.
func announced(id string, item simulator.Item) string {
	return cloudEvent(id, creation(&item, item.OwnerID, item.AcceptingOwnerUID))
}

// failing invokes the function, expects that the invocation fails, and returns its message, and the report from the log.
func (d *deployment) failing(t *testing.T, payload string) (string, guard.Report) {
	t.Helper()
	r := d.run(t, payload)
	if r.OK {
		t.Fatalf("the invocation succeeded: %.2000s", r.Body)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(2 * time.Millisecond) {
		for line := range strings.Lines(d.process.Stdout()) {
			var logged struct {
				Message   string       `json:"message"`
				RequestID string       `json:"request_id"`
				Report    guard.Report `json:"report"`
			}
			if strings.Contains(line, r.RequestID) && json.Unmarshal([]byte(line), &logged) == nil && logged.Message == "report" && logged.RequestID == r.RequestID {
				return r.ErrorMessage, logged.Report
			}
		}
	}
	t.Fatalf("there is no report of request %s in the log", r.RequestID)
	return "", guard.Report{}
}

// entry returns what a report says of a connection.
func entry(t *testing.T, r *guard.Report, id string) guard.Entry {
	t.Helper()
	i := slices.IndexFunc(r.Connections, func(e guard.Entry) bool { return e.InstanceID == id })
	if i < 0 {
		t.Fatalf("the report says nothing of %s: %+v", id, r)
	}
	return r.Connections[i]
}

// counts lists the outcomes of a report that occur.
func counts(r *guard.Report) string {
	var parts []string
	for _, o := range guard.Outcomes() {
		if n := r.Counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", o, n))
		}
	}
	return strings.Join(parts, " ")
}

// TestOrganisation: one rule guards 300 members in 28 regions and allows them to one another. Strangers are rejected in
// whichever of the 8,400 partitions they ask; so are those who ask a member that has just joined.
func TestOrganisation(t *testing.T) {
	t.Parallel()
	onBoth(t, organisationRules, func(t *testing.T, d *deployment) {
		d.organise(300)
		r := rand.New(rand.NewPCG(15, 1))
		paths := map[string]string{}
		for i := range 40 {
			n, to := 1+r.IntN(298), policy.KnownRegions[r.IntN(len(policy.KnownRegions))]
			d.Put(pendingAt(fmt.Sprintf("pcc-out%d", i), outsider+int64(i%10), colleague(n), to))
			d.Put(pendingAt(fmt.Sprintf("pcc-in%d", i), colleague(1+r.IntN(299)), colleague(n), to))
			paths[fmt.Sprintf("pcc-out%d", i)] = folderOf(n)
		}
		d.Put(pendingAt("pcc-top", outsider, management, "eu-west-1"), pendingAt("pcc-fromtop", management, colleague(1), "us-east-1"))
		d.Put(pendingAt("pcc-excepted", outsider, excepted, "cn-hangzhou"))

		report := d.report(t, everyTime(1))
		if got := counts(&report); got != "rejected=41 allowed=41" || report.Visited != 300*28 {
			t.Fatalf("%s in %d partitions, want 41 rejected and 41 allowed in %d", got, report.Visited, 300*28)
		}
		if o := report.Directory; o == nil || o.ID != "rd-3G0000" || o.Members != 300 || time.Since(o.AsOf) > time.Minute {
			t.Errorf("the report says of the directory %+v", o)
		}
		for id, path := range paths {
			e := entry(t, &report, id)
			if e.Accepter.Path != peering.Path(path) || e.Requester.Path != "" || d.status(id) != peering.Rejected {
				t.Errorf("%s is %s: %+v, want the path %s", id, d.status(id), e, path)
			}
		}
		if d.status("pcc-excepted") != peering.Accepting {
			t.Error("a request to an account that is not guarded was rejected")
		}
		if n := d.Stats().ByAction["GetAccount"]; n > 10 {
			t.Errorf("%d questions about 10 strangers", n)
		}

		// An event comes earlier than the next list.
		d.join(colleague(500), "rd-3G0000/r-AAAAAA/fd-division1")
		d.Put(pendingAt("pcc-new", outsider, colleague(500), "me-east-1"), pendingAt("pcc-bynew", colleague(500), colleague(1), "cn-hangzhou"),
			pendingAt("pcc-foreign", outsider, outsider+1, "cn-hangzhou"))
		for id, want := range map[string]string{"pcc-new": "rejected=1", "pcc-bynew": "allowed=1", "pcc-excepted": "ignored=1", "pcc-foreign": "ignored=1"} {
			item, _ := d.Item(id)
			if report := d.report(t, announced("event-"+id, item)); counts(&report) != want {
				t.Errorf("the event of %s: %s, want %s: %+v", id, counts(&report), want, report.Connections)
			}
		}
	})
}

// TestMemberJoinsAndLeaves: a sweep of an instance that has just started guards a member that has just joined, and does not
// let in one that has just left. How long an instance keeps what it has read is tested in room handler, where time is free.
func TestMemberJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	onBoth(t, inTwoRegions(organisationRules), func(t *testing.T, d *deployment) {
		d.organise(5)
		if report := d.report(t, everyTime(1)); report.Visited != 12 || report.Directory.Members != 5 {
			t.Errorf("%d partitions, and the directory %+v, want 12 and 5 members", report.Visited, report.Directory)
		}
		d.join(colleague(7), "rd-3G0000/r-AAAAAA/fd-division1")
		d.RemoveMember(accountOf(colleague(2)))
		d.Put(pendingAt("pcc-new", outsider, colleague(7), "eu-west-1"), pendingAt("pcc-bynew", colleague(7), colleague(1), "eu-west-1"),
			pendingAt("pcc-byleaver", colleague(2), colleague(1), "eu-west-1"))
		d.restart(t)
		if report := d.report(t, everyTime(2)); report.Visited != 12 || counts(&report) != "rejected=2 allowed=1" {
			t.Errorf("%d partitions, %s: %+v", report.Visited, counts(&report), report.Connections)
		}
		for id, want := range map[string]peering.Status{"pcc-new": peering.Rejected, "pcc-bynew": peering.Accepting, "pcc-byleaver": peering.Rejected} {
			if d.status(id) != want {
				t.Errorf("%s is %s, want %s", id, d.status(id), want)
			}
		}
	})
}

// inTwoRegions narrows what a policy guards.
func inTwoRegions(rules string) string {
	return strings.Replace(rules, "guard:\n", "guard:\n  regions: [cn-shanghai, eu-west-1]\n", 1)
}

// restart replaces the process by another, which knows nothing.
func (d *deployment) restart(t *testing.T) {
	t.Helper()
	code, err := d.process.Stop(20 * time.Second)
	if leaks := platform.Leaks(d.process.Output()); err != nil || code != 0 || len(leaks) > 0 {
		t.Fatalf("after SIGTERM: exit %d, %v, leaks %v", code, err, leaks)
	}
	d.ended()
	if d.process, err = d.start(); err != nil {
		t.Fatal(err)
	}
}

// TestMemberWithoutRole: an account in which nobody made the role is a failed partition for each region, and says which role
// is missing. All others are handled.
func TestMemberWithoutRole(t *testing.T) {
	t.Parallel()
	onBoth(t, organisationRules, func(t *testing.T, d *deployment) {
		d.organise(5)
		d.PutMember(simulator.Member{Account: accountOf(colleague(7)), Path: "rd-3G0000/r-AAAAAA"})
		d.Put(pendingAt("pcc-unseen", outsider, colleague(7), "eu-west-1"), pendingAt("pcc-seen", outsider, colleague(1), "eu-west-1"))
		message, report := d.failing(t, everyTime(1))
		if counts(&report) != "rejected=1" || d.status("pcc-seen") != peering.Rejected || !report.Complete || report.Visited != 7*28 {
			t.Errorf("%s, complete %t, %d visited; the request to another member is %s", counts(&report), report.Complete, report.Visited, d.status("pcc-seen"))
		}
		failed := slices.DeleteFunc(slices.Clone(report.Partitions), func(v guard.Visit) bool { return v.Error == nil })
		for _, v := range failed {
			if v.Account != accountOf(colleague(7)) || !strings.Contains(v.Error.Message, roleOf(colleague(7))) {
				t.Errorf("a partition failed with %+v: %+v", v, v.Error)
			}
		}
		if len(failed) != 28 || !strings.Contains(message, "28 of 196 partitions failed") || !strings.Contains(message, roleOf(colleague(7))) {
			t.Errorf("%d partitions failed, and the invocation says %s", len(failed), message)
		}
	})
}

// TestDirectoryThatCannotBeRead: what is known is swept, the report says what is missing, and nobody is rejected on it.
func TestDirectoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*deployment){
		"lists that end early": func(d *deployment) { d.Inject(simulator.Fault{Kind: simulator.EarlyEnd, Action: "ListAccounts"}) },
		"no permission": func(d *deployment) {
			d.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListAccounts"}, simulator.Fault{Kind: simulator.Forbidden, Action: "GetAccount"})
		},
		"a caller who may not list": func(d *deployment) { d.administrators(accountOf(colleague(1))) },
		"another directory than the policy's": func(d *deployment) {
			d.SetDirectory(simulator.Directory{ID: "rd-other", Root: "r-AAAAAA", Management: own})
		},
		"an account in no directory": func(d *deployment) { d.RemoveMember(own) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, inTwoRegions(organisationRules), func(t *testing.T, d *deployment) {
				d.organise(60)
				d.Put(pendingAt("pcc-out", outsider, ownNumber, "eu-west-1"), pendingAt("pcc-in", colleague(2), ownNumber, "eu-west-1"),
					pendingAt("pcc-hidden", outsider, colleague(2), "eu-west-1"))
				spoil(d)
				message, report := d.failing(t, everyTime(1))
				if report.Complete || len(report.Errors) != 1 || report.Errors[0].Code != "DirectoryUnavailable" || !strings.Contains(message, "DirectoryUnavailable") {
					t.Errorf("complete %t, errors %+v, and the invocation says %s", report.Complete, report.Errors, message)
				}
				if report.Visited != 2 || report.Directory != nil {
					t.Errorf("%d partitions, and the directory %+v", report.Visited, report.Directory)
				}
				if status := d.status("pcc-in"); status != peering.Accepting {
					t.Errorf("the request of a member is %s", status)
				}
				want := "failed=2"
				if name == "lists that end early" { // whom a single question tells apart
					want = "rejected=1 allowed=1"
				}
				if got := counts(&report); got != want {
					t.Errorf("%s, want %s: %+v", got, want, report.Connections)
				}
				for _, e := range report.Connections {
					if e.Outcome == guard.Failed && (e.Decision != policy.Undecided || e.Error.Code != "DirectoryUnavailable") {
						t.Errorf("%+v: %+v", e, e.Error)
					}
				}
			})
		})
	}
}

// administrators says who may list the members.
func (d *deployment) administrators(list ...peering.Account) {
	d.SetDirectory(simulator.Directory{
		ID: "rd-3G0000", Root: "r-AAAAAA", Management: accountOf(management), Administrators: list,
		Members: []simulator.Member{{Account: own, Path: "rd-3G0000/r-AAAAAA"}, {Account: accountOf(colleague(2)), Path: "rd-3G0000/r-AAAAAA"}},
	})
}

// TestRegionsThatCannotBeRead: the regions that the release knows are swept, and the report says that there may be more.
func TestRegionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		d.Put(pendingAt("pcc-known", outsider, ownNumber, "cn-zhongwei"), pendingAt("pcc-newer", outsider, ownNumber, "cn-atlantis"))
		d.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "DescribeRegions"})
		message, report := d.failing(t, everyTime(1))
		if report.Complete || len(report.Errors) != 1 || report.Errors[0].Code != "RegionsUnavailable" || !strings.Contains(message, "RegionsUnavailable") {
			t.Errorf("complete %t, errors %+v, and the invocation says %s", report.Complete, report.Errors, message)
		}
		if report.Visited != 28 || counts(&report) != "rejected=1" || d.status("pcc-known") != peering.Rejected {
			t.Errorf("%d regions, %s", report.Visited, counts(&report))
		}
		d.ClearFaults()
		d.restart(t)
		if report := d.report(t, everyTime(2)); report.Visited != 29 || d.status("pcc-newer") != peering.Rejected {
			t.Errorf("%d regions, and the request in one that only the API knows is %s", report.Visited, d.status("pcc-newer"))
		}
	})
}

// TestOutageOfTheDirectory: the verdicts that do not hang on folders are given all the same.
func TestOutageOfTheDirectory(t *testing.T) {
	t.Parallel()
	rules := strings.Replace(inTwoRegions(organisationRules), "allow:\n", `reject:
  - {name: phisher, accounts: ["3333333333333333"]}
allow:
  - {name: partner, accounts: ["2222222222222222"]}
`, 1)
	rules = strings.Replace(rules, "[r-AAAAAA]", "[r-AAAAAA]\n    accepter_regions: [eu-west-1]", 1)
	onBoth(t, rules, func(t *testing.T, d *deployment) {
		d.organise(5)
		for _, action := range []string{"GetResourceDirectory", "ListAccounts", "GetAccount"} {
			d.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: action})
		}
		for id, item := range map[string]struct {
			requester int64
			region    string
			want      string
		}{
			"pcc-partner":  {partner, "eu-west-1", "allowed=1"},
			"pcc-phisher":  {3333333333333333, "eu-west-1", "rejected=1"},
			"pcc-nowhere":  {outsider, "cn-shanghai", "rejected=1"}, // no rule allows anybody there
			"pcc-stranger": {outsider, "eu-west-1", ""},
			"pcc-member":   {colleague(1), "eu-west-1", ""},
		} {
			one := pendingAt(id, item.requester, ownNumber, item.region)
			d.Put(one)
			if item.want != "" {
				if report := d.report(t, announced("event-"+id, one)); counts(&report) != item.want {
					t.Errorf("%s: %s, want %s", id, counts(&report), item.want)
				}
				continue
			}
			_, report := d.failing(t, announced("event-"+id, one))
			if e := entry(t, &report, id); e.Outcome != guard.Failed || e.Decision != policy.Undecided || e.Error.Code != "DirectoryUnavailable" {
				t.Errorf("%s: %+v, %+v", id, e, e.Error)
			}
		}
		// Nobody knows whether this account is guarded.
		one := pendingAt("pcc-tomember", outsider, colleague(1), "eu-west-1")
		d.Put(one)
		if _, report := d.failing(t, announced("event-to-member", one)); report.Connections[0].Error.Code != "DirectoryUnavailable" {
			t.Errorf("%+v", report.Connections[0].Error)
		}
		d.ClearFaults()
		d.restart(t)
		if report := d.report(t, everyTime(1)); counts(&report) != "rejected=2 allowed=2 closed=2" || d.status("pcc-member") != peering.Accepting {
			t.Errorf("after the outage: %s: %+v", counts(&report), report.Connections)
		}
	})
}
