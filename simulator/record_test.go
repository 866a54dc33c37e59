package simulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"peerguard/simulator"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	var seen []simulator.Call
	c.Record = func(call simulator.Call) { seen = append(seen, call) }
	got, err := inProcess(c).as(accepterKey).in("cn-x").reject("pcc-1", "token", false)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || c.Calls() != nil {
		t.Fatalf("recorded %v, kept %v", seen, c.Calls())
	}
	want := simulator.Call{
		Time: seen[0].Time, RequestID: got.RequestId, Action: "RejectVpcPeerConnection", Account: accepter,
		Region: "cn-x", InstanceID: "pcc-1", ClientToken: "token", Effect: true,
	}
	if d := cmp.Diff(want, seen[0]); d != "" {
		t.Error(d)
	}
	if s := c.Stats(); s.Calls != 1 || s.ByAction["RejectVpcPeerConnection"] != 1 || s.Effects != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestNoSecretInTheRecord(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	_, err := inProcess(c).as(sessionKey).get("pcc-1")
	wantCode(t, "get", err, "")
	record := fmt.Sprintf("%+v", c.Calls())
	for _, secret := range c.Secrets() {
		if strings.Contains(record, secret) {
			t.Errorf("the record contains %q", secret)
		}
	}
}
