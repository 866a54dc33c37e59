package simulator_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

func TestClientTokens(t *testing.T) {
	t.Parallel()
	type step struct {
		key    simulator.Key
		id     string
		token  string
		dryRun bool
		want   string
		effect bool
	}
	long := strings.Repeat("x", 64)
	cases := []struct {
		name  string
		steps []step
	}{
		{"the same again", []step{{accepterKey, "pcc-1", "t", false, "", true}, {accepterKey, "pcc-1", "t", false, "", false}}},
		{"the same by another identity of the account", []step{{accepterKey, "pcc-1", "t", false, "", true}, {sessionKey, "pcc-1", "t", false, "", false}}},
		{"another connection", []step{{accepterKey, "pcc-1", "t", false, "", true}, {accepterKey, "pcc-2", "t", false, "IdempotentParameterMismatch", false}}},
		{"another connection that does not exist", []step{{accepterKey, "pcc-1", "t", false, "", true}, {accepterKey, "pcc-9", "t", false, "IdempotentParameterMismatch", false}}},
		{"dry run after", []step{{accepterKey, "pcc-1", "t", false, "", true}, {accepterKey, "pcc-1", "t", true, "IdempotentParameterMismatch", false}}},
		{"dry run before", []step{{accepterKey, "pcc-1", "t", true, "DryRunOperation", false}, {accepterKey, "pcc-1", "t", false, "IdempotentParameterMismatch", false}}},
		{"dry run twice", []step{{accepterKey, "pcc-1", "t", true, "DryRunOperation", false}, {accepterKey, "pcc-1", "t", true, "DryRunOperation", false}}},
		{"case matters", []step{{accepterKey, "pcc-1", "t", false, "", true}, {accepterKey, "pcc-1", "T", false, "IncorrectStatus.VpcPeer", false}}},
		{"none", []step{{accepterKey, "pcc-1", "", false, "", true}, {accepterKey, "pcc-1", "", false, "IncorrectStatus.VpcPeer", false}}},
		{"another account with its own connection", []step{{accepterKey, "pcc-1", "t", false, "", true}, {strangerKey, "pcc-other", "t", false, "", true}}},
		{"another account", []step{{strangerKey, "pcc-1", "t", false, "ResourceNotFound.InstanceId", false}, {accepterKey, "pcc-1", "t", false, "", true}}},
		{"after a refusal", []step{{accepterKey, "pcc-new", "t", false, "IncorrectStatus.VpcPeer", false}, {accepterKey, "pcc-1", "t", false, "", true}}},
		{"longest", []step{{accepterKey, "pcc-1", long, false, "", true}}},
		{"too long", []step{{accepterKey, "pcc-1", long + "x", false, "InvalidClientToken.ValueNotSupported", false}}},
		{"not ASCII", []step{{accepterKey, "pcc-1", "tökén", false, "InvalidClientToken.ValueNotSupported", false}}},
		{"control character", []step{{accepterKey, "pcc-1", "a\tb", false, "InvalidClientToken.ValueNotSupported", false}}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(request("pcc-1"), request("pcc-2"), with(request("pcc-new"), func(it *simulator.Item) { it.Status = peering.Creating }),
				with(request("pcc-other"), func(it *simulator.Item) { it.AcceptingOwnerUID = 5555555555555555 }))
			r := inProcess(c)
			for i, s := range tc.steps {
				_, err := r.as(s.key).reject(s.id, s.token, s.dryRun)
				wantCode(t, s.id, err, s.want)
				if call := c.Calls()[i]; call.Effect != s.effect {
					t.Errorf("step %d: effect %t", i, call.Effect)
				}
			}
		})
	}
}

func TestRepeatedAnswerIsTheSame(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		r := start(newCloud(request("pcc-1"))).as(accepterKey)
		first, err := r.reject("pcc-1", "t", false)
		if err != nil {
			t.Fatal(err)
		}
		r.rig.SetStatus("pcc-1", peering.Accepting)
		second, err := r.reject("pcc-1", "t", false)
		if err != nil || second.RequestId != first.RequestId {
			t.Errorf("%v, %q after %q", err, second.RequestId, first.RequestId)
		}
		wantStatus(t, r.rig.Cloud, "pcc-1", peering.Accepting)
	})
}

func TestDryRunFalseIsNotADryRun(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	first, err := inProcess(c).as(accepterKey).reject("pcc-1", "t", false)
	wantCode(t, "left out", err, "")
	q := vpcpeer.CreateRejectVpcPeerConnectionRequest()
	q.InstanceId, q.ClientToken, q.DryRun = "pcc-1", "t", "false"
	second, err := inProcess(c).as(accepterKey).peer().RejectVpcPeerConnection(q)
	if err != nil || second.RequestId != first.RequestId {
		t.Errorf("%v, %q after %q", err, second.RequestId, first.RequestId)
	}
}

func TestReplayErrors(t *testing.T) {
	t.Parallel()
	c := newCloud(with(request("pcc-1"), func(it *simulator.Item) { it.Status = peering.Creating }))
	c.ReplayErrors = true
	r := inProcess(c).as(accepterKey)
	for _, token := range []string{"t", "t", "u"} {
		_, err := r.reject("pcc-1", token, false)
		want := "IncorrectStatus.VpcPeer"
		if token == "u" {
			want = ""
		}
		wantCode(t, token, err, want)
		c.SetStatus("pcc-1", peering.Accepting)
	}
}

// TestReplayErrorsDoesNotReplayConflicts: an answer that asks the caller to try again is never final.
func TestReplayErrorsDoesNotReplayConflicts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.ReplayErrors, c.Latency = true, time.Second
		r := inProcess(c).as(accepterKey)
		first := make(chan error)
		go func() {
			_, err := r.reject("pcc-1", "t", false)
			first <- err
		}()
		synctest.Wait()
		_, err := r.reject("pcc-1", "u", false)
		wantCode(t, "while the first is in flight", err, "OperationConflict")
		wantCode(t, "the first", <-first, "")
		c.SetStatus("pcc-1", peering.Accepting)
		_, err = r.reject("pcc-1", "u", false)
		wantCode(t, "afterwards", err, "")
	})
}
