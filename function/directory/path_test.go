package directory_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/peering"
	"peerguard/simulator"
)

func TestPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 250)
	w.PutMember(simulator.Member{Account: "7777777777777777", Path: root})
	w.wantPath(t, own, folder)
	w.wantPath(t, member(0), nested)
	w.wantPath(t, member(249), nested)
	w.wantPath(t, "7777777777777777", root)
	w.wantPath(t, management, root)
	w.wantPath(t, stranger, peering.Outside)
	if n := w.Stats().ByAction; n["ListAccounts"] != 3 || n["GetResourceDirectory"] != 2 || n["GetAccount"] != 1 {
		t.Errorf("calls: %v", n)
	}
}

// TestMembershipAges: a member may be known from a reading that is five minutes old. That an account is outside is kept for
// a minute, and a member that is not in the reading yet is asked for.
func TestMembershipAges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		lists, gets := 0, 0
		w.wantPath(t, member(0), nested)
		w.wantPath(t, stranger, peering.Outside)
		w.RemoveMember(member(0))
		w.PutMember(simulator.Member{Account: stranger, Path: folder})

		time.Sleep(time.Minute)
		w.wantPath(t, stranger, peering.Outside)
		if l, g := w.calls("ListAccounts", &lists), w.calls("GetAccount", &gets); l != 1 || g != 1 {
			t.Errorf("%d lists and %d questions in a minute", l, g)
		}
		time.Sleep(time.Millisecond)
		w.wantPath(t, stranger, folder)
		time.Sleep(4*time.Minute - time.Millisecond)
		w.wantPath(t, member(0), nested)
		if l, g := w.calls("ListAccounts", &lists), w.calls("GetAccount", &gets); l != 0 || g != 1 {
			t.Errorf("%d lists and %d questions after five minutes", l, g)
		}
		time.Sleep(time.Millisecond)
		w.wantPath(t, member(0), peering.Outside)
		w.wantPath(t, stranger, folder)
		if l, g := w.calls("ListAccounts", &lists), w.calls("GetAccount", &gets); l != 1 || g != 1 {
			t.Errorf("%d lists and %d questions after that", l, g)
		}
	})
}

// TestSkippedMemberIsNoStranger: one account leaves and another joins between two pages, so that a list agrees with its
// TotalCount and lacks a member. The member is asked for.
func TestSkippedMemberIsNoStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 150)
	var once sync.Once
	pages := 0
	w.Before = func(call simulator.Call) {
		if call.Action != "ListAccounts" {
			return
		}
		if pages++; pages == 2 {
			once.Do(func() {
				w.RemoveMember(member(0))
				w.PutMember(simulator.Member{Account: stranger, Path: folder})
			})
		}
	}
	reading, err := w.client().Reading(within(t, time.Minute), 0)
	if err != nil || reading.Size() != 151 || reading.Path(member(99)).Known() {
		t.Fatalf("%v, %d members, and the skipped one at %q: nothing is skipped", err, reading.Size(), reading.Path(member(99)))
	}
	w.wantPath(t, member(99), nested)
}

// TestOnlyTheDirectoryProvesAStranger: whatever goes wrong with any of the calls, nobody becomes a stranger by it.
func TestOnlyTheDirectoryProvesAStranger(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"GetResourceDirectory", "ListAccounts", "GetAccount"} {
		for _, kind := range simulator.Kinds() {
			t.Run(action+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, 150)
					w.Inject(simulator.Fault{Kind: kind, Action: action, Keys: "Account,TotalCount,ResourceDirectory"})
					for _, account := range []peering.Account{member(140), stranger} {
						path, err := w.path(t, account)
						if truth := map[peering.Account]peering.Path{member(140): nested, stranger: peering.Outside}[account]; err == nil && path != truth {
							t.Errorf("%s: got %q, want %q or an error", account, path, truth)
						}
						if err != nil && failed(t, err).Class == peering.OutOfTime {
							t.Errorf("%s: %v, long before the deadline", account, err)
						}
					}
				})
			})
		}
	}
}

// TestFaultsThatEnd: what is worth a retry is survived.
func TestFaultsThatEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []simulator.Kind{simulator.Throttle, simulator.InternalError, simulator.ResetBefore, simulator.Truncated, simulator.Empty, simulator.MissingKeys} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 150)
				for _, action := range []string{"GetResourceDirectory", "ListAccounts", "GetAccount"} {
					w.Inject(simulator.Fault{Kind: kind, Action: action, Count: 2, Keys: "Account,TotalCount,ResourceDirectory"})
				}
				w.wantPath(t, member(140), nested)
				w.wantPath(t, stranger, peering.Outside)
				if n := w.Stats().Faults; n < 4 {
					t.Errorf("%d faults", n)
				}
			})
		})
	}
}

// TestOutageIsWaitedForOnce: while the directory does not answer, the first question costs 20 seconds and the others
// nothing. It is asked again after half a minute.
func TestOutageIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	for action, code := range map[string]string{"ListAccounts": "InternalError", "GetAccount": "InternalError"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.Inject(simulator.Fault{Kind: simulator.InternalError, Action: action})
				start := time.Now()
				for i := range 100 {
					w.wantUnknown(t, peering.Account(fmt.Sprintf("55555%d", i)), code)
				}
				if took := time.Since(start); took < 10*time.Second || took > 20*time.Second {
					t.Errorf("a hundred questions took %v, want what one takes", took)
				}
				w.ClearFaults()
				w.wantUnknown(t, stranger, code)
				time.Sleep(30*time.Second + time.Millisecond)
				w.wantPath(t, stranger, peering.Outside)
				w.wantPath(t, member(0), nested)
			})
		})
	}
}

// TestOutageAfterAReading: an outage that begins after a reading leaves members known for as long as the reading is fresh.
func TestOutageAfterAReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.wantPath(t, member(0), nested)
		w.Inject(simulator.Fault{Kind: simulator.Hang})
		time.Sleep(4 * time.Minute)
		w.wantUnknown(t, stranger, "Timeout")
		w.wantPath(t, member(0), nested)
		time.Sleep(2 * time.Minute)
		w.wantUnknown(t, member(0), "Timeout")
		reading, err := w.client().Reading(within(t, time.Minute), 0)
		if err == nil || reading == nil || reading.Path(member(0)) != nested {
			t.Errorf("got %v, %v, want the old reading and the failure", reading, err)
		}
	})
}

// TestEachStrangerFailsAlone: a failure that is about one account says nothing of others.
func TestEachStrangerFailsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	w.Inject(simulator.Fault{Kind: simulator.APIError, Action: "GetAccount", Code: "InvalidParameter.AccountId", Count: 1})
	w.wantUnknown(t, "0", "InvalidParameter.AccountId")
	w.wantUnknown(t, "0", "InvalidParameter.AccountId")
	w.wantPath(t, stranger, peering.Outside)
	if n := w.Stats().ByAction["GetAccount"]; n != 2 {
		t.Errorf("%d questions", n)
	}
}

// TestAnswersWithoutARequestID: the one answer that makes a stranger has to come from the API.
func TestAnswersWithoutARequestID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.Inject(simulator.Fault{Kind: simulator.UnknownRequest, Action: "GetAccount"})
		w.wantUnknown(t, stranger, "NoConfirmation")
	})
}

// TestDeadlineOfOneCaller: that one invocation has no time left is not held against the next one, whichever call it ends.
func TestDeadlineOfOneCaller(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"GetResourceDirectory", "GetAccount"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0)
				w.Inject(simulator.Fault{Kind: simulator.Hang, Action: action, Count: 1})
				if _, err := w.client().Path(within(t, 2*time.Second), stranger); failed(t, err).Class != peering.OutOfTime {
					t.Errorf("got %v", err)
				}
				w.wantPath(t, "5555555555555555", peering.Outside)
			})
		})
	}
}

// TestCallersWhoGiveUp: neither a caller who stops nor one who cannot wait for the end of a throttle is taken for an outage.
func TestCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.Inject(simulator.Fault{Kind: simulator.Hang, Count: 1}, simulator.Fault{Kind: simulator.Throttle, For: 15 * time.Second, Count: 1})
		stopped, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		for _, ctx := range []context.Context{stopped, within(t, 5*time.Second)} {
			if _, err := w.client().Path(ctx, stranger); failed(t, err).Class != peering.OutOfTime {
				t.Errorf("got %v", err)
			}
		}
		w.wantPath(t, stranger, peering.Outside)
	})
}

// TestDeadlineWhileWaiting: a caller whose time is up learns that, and not that the directory is out of order.
func TestDeadlineWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.Inject(simulator.Fault{Kind: simulator.Hang, Action: "GetAccount", Count: 1})
		var wait sync.WaitGroup
		wait.Go(func() { w.wantPath(t, stranger, peering.Outside) })
		synctest.Wait()
		start := time.Now()
		if _, err := w.client().Path(within(t, 5*time.Second), stranger); failed(t, err).Class != peering.OutOfTime || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		wait.Wait()
	})
}

// TestAnswerAboutAnotherAccount: such an answer says nothing about the one that was asked for.
func TestAnswerAboutAnotherAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		said := script{"GetResourceDirectory": {200, saidDirectory}, "ListAccounts": {200, saidNobody}, "GetAccount": {200, saidAccount}}
		client := directory.NewMemory(acs.New(acs.Config{Transport: said})).Client(caller(), directory.Access{})
		if path, err := client.Path(within(t, time.Minute), stranger); err != nil || path != root {
			t.Errorf("got %q, %v", path, err)
		}
		if path, err := client.Path(within(t, time.Minute), "5555555555555555"); failed(t, err).Code != "NoConfirmation" {
			t.Errorf("got %q, %v", path, err)
		}
	})
}

// TestAMemberThatHasMoved: an account that is asked for alone is where it is now, whatever the latest list says, and also
// if there is no list.
func TestAMemberThatHasMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.wantPath(t, member(0), nested)
	w.PutMember(simulator.Member{Account: member(0), Path: root})
	w.wantPath(t, member(0), nested)
	w.Inject(simulator.Fault{Kind: simulator.Forbidden, Action: "ListAccounts"})
	if path, err := w.client().Path(within(t, time.Minute), member(0)); err != nil || path != root {
		t.Errorf("got %q, %v", path, err)
	}
}

// TestQuestionsAreShared: callers who ask the same at once wait for one answer.
func TestQuestionsAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 150)
		w.Latency = time.Second
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() { w.wantPath(t, stranger, peering.Outside) })
			wait.Go(func() { w.wantPath(t, member(1), nested) })
		}
		wait.Wait()
		if n := w.Stats().ByAction; n["GetResourceDirectory"] != 2 || n["ListAccounts"] != 2 || n["GetAccount"] != 1 {
			t.Errorf("calls: %v", n)
		}
	})
}

// TestAnotherCallerSharesNothing: what one account may see of a directory says nothing about another one's directory.
func TestAnotherCallerSharesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.wantPath(t, own, folder)
	other := peering.NewCredentials("AKother", "secret-of-other", "")
	w.AddKey(simulator.Key{ID: "AKother", Secret: "secret-of-other", Account: stranger})
	client := w.memory.Client(acs.Caller{Account: stranger, Region: "cn-shanghai", Credentials: other}, directory.Access{ID: "rd-3G0000"})
	if path, err := client.Path(within(t, time.Minute), own); failed(t, err).Code != "ResourceDirectoryNotInUse" {
		t.Errorf("got %q, %v", path, err)
	}
}

// TestDirectoryThroughARole: a role of the management account reads the directory, and its calls are counted there.
func TestDirectoryThroughARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.Deny(own, "ListAccounts")
	w.wantUnknown(t, member(0), "NoPermission")
	client := w.memory.Client(caller(), directory.Access{ID: "rd-3G0000", Role: role})
	if path, err := client.Path(within(t, time.Minute), member(0)); err != nil || path != nested {
		t.Errorf("got %q, %v", path, err)
	}
	if _, err := client.Path(within(t, time.Minute), stranger); err != nil {
		t.Errorf("asking for one account: %v", err)
	}
	if standing, err := client.Standing(within(t, time.Minute)); err != nil || standing != directory.ManagementAccount {
		t.Errorf("got %q, %v", standing, err)
	}
	for _, call := range w.Calls() {
		if call.Action == "AssumeRole" && (!strings.Contains(call.Policy, "resourcemanager:ListAccounts") || strings.Contains(call.Policy, "*:") || strings.Contains(call.Policy, "vpc:")) {
			t.Errorf("the session's policy is %s", call.Policy)
		}
	}
}
