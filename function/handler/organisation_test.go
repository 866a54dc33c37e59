package handler_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// organisationRules guard a folder, and allow requests from another one.
const organisationRules = `version: 1
mode: enforce
directory: {id: rd-x}
guard:
  regions: [cn-shanghai]
  accounts: [{folder: fd-guarded, role_name: peerguard}]
allow:
  - {name: our own, requester_folders: [fd-ours]}
`

const (
	ours      = "rd-x/r-a/fd-ours"
	others    = "rd-x/r-a/fd-others"
	protected = "rd-x/r-a/fd-division/fd-guarded"

	colleague = 5000000000000001
)

// organised returns a world in which the function's own account reads a directory.
func organised(t *testing.T) *world {
	t.Helper()
	w := &world{Cloud: &simulator.Cloud{}, logged: &lines{}}
	c := platform.Credentials()
	w.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	w.SetDirectory(simulator.Directory{ID: "rd-x", Root: "r-a", Management: platform.Account})
	w.Handler = handler.New(handler.Config{
		Version: "v1.2.3",
		Policy:  policy.NewSource(fstest.MapFS{"policy.yaml": {Data: []byte(organisationRules)}}, "policy.yaml").Load,
		Cloud:   acs.New(acs.Config{Transport: w.Cloud}),
		Log:     zerolog.New(w.logged),
	})
	return w
}

// join puts an account into a folder. Its role exists at once.
func (w *world) join(account int64, path string) {
	id := peering.Account(fmt.Sprint(account))
	w.PutMember(simulator.Member{Account: id, Path: path})
	w.AddRole(simulator.Role{ARN: "acs:ram::" + string(id) + ":role/peerguard", TrustedAccounts: []peering.Account{platform.Account}})
}

func (w *world) leave(account int64) { w.RemoveMember(peering.Account(fmt.Sprint(account))) }

// asks makes a new pending request and delivers its event. It returns the outcome and the code of the error, if there is one.
func (w *world) asks(t *testing.T, requester, accepter int64) string {
	t.Helper()
	id := fmt.Sprintf("pcc-%d", len(w.Items()))
	w.Put(simulator.Item{
		InstanceID: id, OwnerID: requester, RegionID: "cn-hangzhou", AcceptingOwnerUID: accepter, AcceptingRegionID: "cn-shanghai", Status: peering.Accepting,
	})
	report, _ := w.invoke(t, fmt.Sprintf(`{"specversion":"1.0","id":"event-%s","data":{"eventName":"CreateVpcPeerConnection","acsRegion":"cn-hangzhou",
		"requestParameters":{"AcceptingAliUid":%d,"AcceptingRegionId":"cn-shanghai"},"responseElements":{"InstanceId":%q},"userIdentity":{"accountId":"%d"}}}`, id, accepter, id, requester))
	if len(report.Connections) != 1 {
		t.Fatalf("the report lists %+v", report.Connections)
	}
	e := report.Connections[0]
	if e.Error != nil {
		return string(e.Outcome) + " " + e.Error.Code
	}
	return string(e.Outcome)
}

// sweep sweeps everything.
func (w *world) sweep(t *testing.T) (report *guard.Report, message string) {
	t.Helper()
	report, failed := w.invoke(t, fmt.Sprintf(`{"triggerTime":%q,"triggerName":"timer","payload":""}`, time.Now().Format(time.RFC3339)))
	if failed != nil {
		message = failed.Message
	}
	return report, message
}

func (w *world) outage(kind simulator.Kind, actions ...string) {
	for _, action := range actions {
		w.Inject(simulator.Fault{Kind: kind, Action: action})
	}
}

const ownNumber = 1111111111111111

// TestLeaverIsAStrangerWithinFiveMinutes: a reading of the directory says for five minutes that an account is a member, and
// never that one is not.
func TestLeaverIsAStrangerWithinFiveMinutes(t *testing.T) {
	t.Parallel()
	type step struct {
		at   time.Duration
		do   func(w *world)
		want string // the outcome of a request to the function's own account; "" if there is none
	}
	leave := func(w *world) { w.leave(colleague) }
	move := func(path string) func(w *world) { return func(w *world) { w.join(colleague, path) } }
	fail := func(actions ...string) func(w *world) {
		return func(w *world) { w.outage(simulator.Forbidden, actions...) }
	}
	for name, steps := range map[string][]step{
		"who left": {
			{0, move(ours), "allowed"}, {time.Second, leave, ""}, {4 * time.Minute, nil, "allowed"}, {5*time.Minute + time.Second, nil, "rejected"},
		},
		"who left, and no list can be read": {
			{0, move(ours), "allowed"}, {time.Second, leave, ""}, {2 * time.Second, fail("ListAccounts"), "allowed"}, {5*time.Minute + time.Second, nil, "rejected"},
		},
		"who left, and nothing can be read": {
			{0, move(ours), "allowed"}, {time.Second, leave, ""}, {2 * time.Second, fail("ListAccounts", "GetAccount"), "allowed"},
			{5*time.Minute + time.Second, nil, "failed DirectoryUnavailable"}, {6 * time.Minute, func(w *world) { w.ClearFaults() }, "rejected"},
		},
		"who is still there, and nothing can be read": {
			{0, move(ours), "allowed"}, {time.Second, fail("ListAccounts", "GetAccount"), "allowed"}, {4 * time.Minute, nil, "allowed"},
			{6 * time.Minute, nil, "failed DirectoryUnavailable"}, {9 * time.Minute, func(w *world) { w.ClearFaults() }, "allowed"},
		},
		"who joined after the list": {
			{0, move(others), "rejected"}, {2 * time.Minute, move(ours), "allowed"},
		},
		"who joined after the list, and cannot be asked for": {
			{0, fail("GetAccount"), "failed DirectoryUnavailable"}, {2 * time.Minute, move(ours), "failed DirectoryUnavailable"},
			{3 * time.Minute, func(w *world) { w.ClearFaults() }, "allowed"},
		},
		"who moved out of the folder that is allowed": {
			{0, move(ours), "allowed"}, {time.Second, move(others), "allowed"}, {5*time.Minute + time.Second, nil, "rejected"},
		},
		"who was proven a stranger, and joins": {
			{0, nil, "rejected"}, {time.Second, move(ours), ""}, {time.Minute + time.Second, nil, "allowed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := organised(t)
				began := time.Now()
				for _, s := range steps {
					time.Sleep(time.Until(began.Add(s.at)))
					if s.do != nil {
						s.do(w)
					}
					if s.want == "" {
						continue
					}
					if got := w.asks(t, colleague, ownNumber); got != s.want {
						t.Errorf("after %v: %s, want %s", s.at, got, s.want)
					}
				}
			})
		})
	}
}

// TestSweepsFollowTheDirectory: a timer fires every five minutes, and each sweep guards who is in a guarded folder then.
func TestSweepsFollowTheDirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := organised(t)
		pending := func(id string, requester, accepter int64) {
			w.Put(simulator.Item{InstanceID: id, OwnerID: requester, RegionID: "cn-hangzhou", AcceptingOwnerUID: accepter, AcceptingRegionID: "cn-shanghai", Status: peering.Accepting})
		}
		w.join(colleague, protected)
		w.join(colleague+1, ours)
		pending("pcc-1", colleague+1, colleague)
		pending("pcc-2", 6666666666666666, colleague)
		report, message := w.sweep(t)
		if report.Counts[guard.Rejected] != 1 || report.Counts[guard.Allowed] != 1 || report.Visited != 2 || message != "" {
			t.Fatalf("%+v, %s", report, message)
		}
		if e := report.Connections[0]; e.Requester.Path != "" || e.Accepter.Path != protected {
			t.Errorf("the paths are %q and %q", e.Requester.Path, e.Accepter.Path)
		}
		if d := w.logged.parsed(t, "decision"); len(d) != 2 || d[0]["accepter_path"] != protected {
			t.Errorf("the log says %v", d)
		}

		time.Sleep(4 * time.Minute)
		w.join(colleague+2, protected) // joins
		w.join(colleague+1, others)    // moves
		w.leave(colleague)
		pending("pcc-3", 6666666666666666, colleague+2)
		pending("pcc-4", colleague+1, colleague+2)
		pending("pcc-5", 6666666666666666, colleague)
		time.Sleep(time.Minute)
		report, message = w.sweep(t)
		if report.Counts[guard.Rejected] != 2 || report.Visited != 2 || message != "" {
			t.Errorf("%+v, %s", report, message)
		}
		if o := report.Directory; o.ID != "rd-x" || o.Members != 2 || !o.AsOf.Equal(time.Now()) {
			t.Errorf("the directory is %+v", o)
		}
		if it, _ := w.Item("pcc-5"); it.Status != peering.Accepting {
			t.Errorf("the request to an account that left is %s", it.Status)
		}
	})
}

// TestSweepDuringAnOutage: whatever is wrong with the directory, a sweep says that it does not know everything, handles what it
// knows in the time that it has, and rejects nobody who may be a member.
func TestSweepDuringAnOutage(t *testing.T) {
	t.Parallel()
	everything := []string{"GetResourceDirectory", "ListAccounts", "GetAccount"}
	for _, kind := range []simulator.Kind{
		simulator.Throttle, simulator.Throttle429, simulator.InternalError, simulator.Unavailable, simulator.Refused, simulator.Hang, simulator.SlowBody,
		simulator.BadGateway, simulator.HTML, simulator.Empty, simulator.Truncated, simulator.Forbidden, simulator.TokenExpired, simulator.ClockSkew,
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s after a reading: %t", kind, known), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := organised(t)
					w.join(colleague, protected)
					w.join(colleague+1, ours)
					visited := 1
					if known {
						visited = 2
						w.sweep(t)
						time.Sleep(10 * time.Minute)
					}
					for i, requester := range []int64{colleague + 1, 6666666666666666} {
						w.Put(simulator.Item{
							InstanceID: fmt.Sprintf("pcc-%d", i), OwnerID: requester, RegionID: "cn-hangzhou", AcceptingOwnerUID: ownNumber, AcceptingRegionID: "cn-shanghai", Status: peering.Accepting,
						})
					}
					w.outage(kind, everything...)
					report, message := w.sweep(t)
					if report == nil || report.Complete || len(report.Errors) != 1 || report.Errors[0].Code != "DirectoryUnavailable" || !strings.Contains(message, "DirectoryUnavailable") {
						t.Fatalf("%+v, %s", report, message)
					}
					if report.Visited != visited || (report.Directory != nil) != known || report.Counts[guard.Failed] != 2 {
						t.Errorf("%d visited, the directory %+v, %v", report.Visited, report.Directory, report.Counts)
					}
					for _, e := range report.Connections {
						if e.Error == nil || e.Error.Code != "DirectoryUnavailable" || e.Decision != policy.Undecided {
							t.Errorf("%s: %s %+v", e.InstanceID, e.Decision, e.Error)
						}
					}
					w.ClearFaults()
					time.Sleep(time.Minute)
					if report, message := w.sweep(t); report.Counts[guard.Rejected] != 1 || report.Counts[guard.Allowed] != 1 || message != "" {
						t.Errorf("after the outage: %+v, %s", report, message)
					}
				})
			})
		}
	}
}

// TestNarrowedSweepOfAMember: a timer may name a member that only a folder brings. If nobody knows whether it is one, the sweep
// fails and can be repeated; the event is not to blame.
func TestNarrowedSweepOfAMember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := organised(t)
		w.join(colleague, protected)
		named := func(account int64) string {
			return fmt.Sprintf(`{"triggerTime":%q,"triggerName":"timer","payload":"{\"accounts\":[\"%d\"]}"}`, time.Now().Format(time.RFC3339), account)
		}
		report, failed := w.invoke(t, named(colleague))
		if failed != nil || report.Visited != 1 || report.Directory == nil {
			t.Errorf("a member: %+v, %v", report, failed)
		}
		if _, failed := w.invoke(t, named(6666666666666666)); failed == nil || failed.Type != fc.InvalidEvent {
			t.Errorf("a stranger: %v", failed)
		}
		time.Sleep(2 * time.Minute)
		w.outage(simulator.Forbidden, "ListAccounts")
		if report, failed := w.invoke(t, named(colleague)); failed == nil || failed.Type != fc.Unresolved || report.Complete || report.Visited != 1 {
			t.Errorf("a member that is known from an older list: %+v, %v", report, failed)
		}
		w.join(colleague+1, protected)
		if _, failed := w.invoke(t, named(colleague+1)); failed == nil || failed.Type != fc.Unresolved || failed.Cause != "DirectoryUnavailable" {
			t.Errorf("a member of which no list tells: %v", failed)
		}
		if report, failed := w.invoke(t, named(ownNumber)); failed != nil || report.Visited != 1 {
			t.Errorf("the function's own account: %+v, %v", report, failed)
		}
	})
}
