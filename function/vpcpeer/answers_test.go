package vpcpeer_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// TestAnswersAreReadAsText: ids keep their digits, whether the API writes a string or a number. Anything that is not an
// account id is an unknown account. An answer of an undocumented shape is not an answer.
func TestAnswersAreReadAsText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string // without the request id
		want   peering.Connection
		refuse bool
	}{
		"numbers":       {`"OwnerId":6666666666666666,"AcceptingOwnerUid":123456789012345`, peering.Connection{Requester: peering.Side{Account: "6666666666666666"}, Accepter: peering.Side{Account: "123456789012345"}}, false},
		"texts":         {`"OwnerId":"0123456701234567","AcceptingOwnerUid":"1"`, peering.Connection{Requester: peering.Side{Account: "0123456701234567"}, Accepter: peering.Side{Account: "1"}}, false},
		"beyond 2^53":   {`"OwnerId":12345678901234567891`, peering.Connection{Requester: peering.Side{Account: "12345678901234567891"}}, false},
		"nobody":        {`"OwnerId":0,"AcceptingOwnerUid":"0"`, peering.Connection{}, false},
		"nothing":       {`"OwnerId":null,"AcceptingOwnerUid":"","Vpc":null,"Status":null`, peering.Connection{}, false},
		"no ids":        {`"OwnerId":1.5e15,"AcceptingOwnerUid":-1`, peering.Connection{}, false},
		"escapes":       {`"OwnerId":"\u0036","Status":"\u0041ccepting"`, peering.Connection{Requester: peering.Side{Account: "6"}, Status: peering.Accepting}, false},
		"CIDRs":         {`"Vpc":{"VpcId":"vpc-a","Ipv4Cidrs":["10.0.0.0/8"],"Ipv6Cidrs":["2001:db8::/56"]}`, peering.Connection{Requester: peering.Side{VPC: "vpc-a", CIDRs: []string{"10.0.0.0/8", "2001:db8::/56"}}}, false},
		"a number":      {`"Status":7,"ManagedService":true`, peering.Connection{Status: "7", ManagedBy: "true"}, false},
		"another key":   {`"Tags":[{"Key":"a"}]`, peering.Connection{}, false},
		"an object":     {`"OwnerId":{}`, peering.Connection{}, true},
		"a list":        {`"Status":[]`, peering.Connection{}, true},
		"a VPC as text": {`"Vpc":"vpc-a"`, peering.Connection{}, true},
		"an error":      {`"Code":"InternalError"`, peering.Connection{}, true},
		"cut off":       {`"OwnerId":666`, peering.Connection{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"RequestId":"r","InstanceId":"pcc-one",` + tt.answer + `}`
			if name == "cut off" {
				body = strings.TrimSuffix(body, "6}")
			}
			s := newClient(acs.Config{Transport: says{http.StatusOK, []byte(body)}})
			got, err := s.Get(within(t, 1500*time.Millisecond), home, "pcc-one")
			if tt.refuse {
				if f := failed(t, err); f.Code != "NoConfirmation" {
					t.Errorf("got %v", err)
				}
				return
			}
			tt.want.ID = "pcc-one"
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("error %v, facts (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestEchoesAreNoFacts: what repeats a secret is unknown, and so is what cannot be shown. A CIDR like that is there, and
// cannot be read.
func TestEchoesAreNoFacts(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"facts": "", "others": "Status,ManagedService,Name,GmtExpired", "everything": "OwnerId,AcceptingOwnerUid,AcceptingRegionId,Ipv6Cidrs,RequestId,TotalCount"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			item := pending("pcc-one", 1111111111111111)
			item.ManagedService, item.Name = "SWAS", "ours"
			w.Put(item)
			w.Inject(simulator.Fault{Kind: simulator.EchoKeys, Keys: keys})
			got, err := w.client.Get(within(t, time.Minute), home, "pcc-one")
			page, listErr := w.client.List(home)(within(t, time.Minute))
			if err != nil || listErr != nil || len(page) != 1 {
				t.Fatalf("%v, %v, %d connections", err, listErr, len(page))
			}
			for _, c := range []peering.Connection{got, page[0]} {
				if leaks := platform.Leaks(fmt.Sprintf("%+v", c)); leaks != nil {
					t.Errorf("the %v is in %+v", leaks, c)
				}
				if name == "facts" && (c.Requester.Region+c.Requester.VPC+c.Accepter.VPC+c.Created != "" || len(c.Requester.CIDRs) != 2 || strings.Contains(c.Requester.CIDRs[0], "10.1")) {
					t.Errorf("echoes are taken for facts: %+v", c)
				}
				if name == "others" && (c.Status.Pending() || c.ManagedBy == "" || c.Expires != "") {
					t.Errorf("echoes are taken for facts: %+v", c)
				}
			}
		})
	}
}

// TestEchoesOfErrors: nothing of an error that repeats secrets in each of its parts is shown.
func TestEchoesOfErrors(t *testing.T) {
	t.Parallel()
	for action, call := range calls {
		w := newWorld(t)
		w.Put(pending("pcc-two", 9999999999999999))
		w.Inject(simulator.Fault{Kind: simulator.EchoError, Action: action})
		f := failed(t, call(t, w.client, time.Minute))
		leakFree(t, w, errors.New(f.Code+" "+f.Message+" "+f.RequestID))
	}
}

// TestOddKeysAreOtherKeys: a key in other letters does not stand in for a fact.
func TestOddKeysAreOtherKeys(t *testing.T) {
	t.Parallel()
	body := `{"RequestId":"r","InstanceId":"pcc-one","instanceid":"pcc-two","OwnerID":6666666666666666,"vpc":{"VpcId":"vpc-a"},"AcceptingVpc":{"vpcID":"vpc-b"},"STATUS":"Accepting","totalCount":7}`
	s := newClient(acs.Config{Transport: says{http.StatusOK, []byte(body)}})
	if got, err := s.Get(within(t, time.Minute), home, "pcc-one"); err != nil || !cmp.Equal(got, peering.Connection{ID: "pcc-one"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := pages(within(t, time.Minute), s); err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
