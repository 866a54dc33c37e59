package simulator_test

import (
	"strings"
	"testing"
	"time"

	"peerguard/simulator"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]simulator.Fault{
		"RejectVpcPeerConnection:throttle":                       {Kind: simulator.Throttle, Action: "RejectVpcPeerConnection"},
		"RejectVpcPeerConnection:throttle:3":                     {Kind: simulator.Throttle, Action: "RejectVpcPeerConnection", Count: 3},
		"*:internal:p=0.25:seed=7":                               {Kind: simulator.InternalError, Probability: 0.25, Seed: 7},
		"ListVpcPeerConnections:stale-read:for=3s":               {Kind: simulator.StaleRead, Action: "ListVpcPeerConnections", For: 3 * time.Second},
		"AssumeRole:hang:every=2:skip=1:count=5":                 {Kind: simulator.Hang, Action: "AssumeRole", Every: 2, Skip: 1, Count: 5},
		"*:html:applied:instance=pcc-1:account=11":               {Kind: simulator.HTML, Applied: true, Instance: "pcc-1", Account: "11"},
		"GetVpcPeerConnectionAttribute:empty:region=cn-hangzhou": {Kind: simulator.Empty, Action: "GetVpcPeerConnectionAttribute", Region: "cn-hangzhou"},
		"*:api-error:code=IdempotentProcessing:status=403":       {Kind: simulator.APIError, Code: "IdempotentProcessing", Status: 403},
		"*:missing-keys:keys=AcceptingVpc.Ipv4Cidrs,RegionId":    {Kind: simulator.MissingKeys, Keys: "AcceptingVpc.Ipv4Cidrs,RegionId"},
	} {
		got, err := simulator.ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %+v", text, err, got)
		}
	}
}

func TestParseFaultSaysWhatItWants(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "want ACTION:KIND",
		"throttle":               "want ACTION:KIND",
		"Reject:throttle":        "want * or one of AcceptVpcPeerConnection, ",
		"*:earthquake":           "want one of api-error, bad-gateway, ",
		"*:throttle:":            `option "": want a whole number above 0`,
		"*:throttle:0":           `option "0": want a whole number above 0`,
		"*:throttle:often":       `option "often": want a whole number above 0`,
		"*:throttle:count=-1":    "want a whole number above 0",
		"*:throttle:skip=x":      "want a whole number above 0",
		"*:throttle:every=x":     "want a whole number above 0",
		"*:throttle:p=0":         "want a probability above 0 and at most 1",
		"*:throttle:p=1.1":       "want a probability above 0 and at most 1",
		"*:throttle:p=NaN":       "want a probability above 0 and at most 1",
		"*:throttle:seed=-1":     `option "seed=-1"`,
		"*:throttle:for=3":       "want a duration, such as 3s",
		"*:throttle:for=-3s":     "want a duration, such as 3s",
		"*:throttle:instance=":   "want an instance id",
		"*:throttle:account=me":  "want an account id",
		"*:throttle:region=Rome": "want a region id",
		"*:api-error:code=a b":   "want an error code, such as Throttling.User",
		"*:api-error:status=99":  "want an HTTP status from 200 to 599",
		"*:html:status=ok":       "want an HTTP status from 200 to 599",
		"*:null-keys:keys=a,":    "want keys of an answer, such as ",
		"*:throttle:colour=red":  `no option "colour=red"; want a number, applied, count=`,
	} {
		_, err := simulator.ParseFault(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "parsing fault ") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzFaultText(f *testing.F) {
	for _, text := range []string{"*:throttle", "AssumeRole:hang:every=2:skip=1:3", "*:html:applied:instance=pcc-1:account=11:region=cn-a", "*:internal:p=0.25:seed=7:for=1h0m0.5s", "*:api-error:code=A.B:status=503:keys=a.b,c", "*:x:p=1e-3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return
		}
		again, err := simulator.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q is %+v, written %q, read again %+v, %v", text, fault, fault.String(), again, err)
		}
	})
}
