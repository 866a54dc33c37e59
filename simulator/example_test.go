package simulator_test

import (
	"fmt"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// A cloud with one pending request, and the official SDK as its client.
func Example() {
	cloud := &simulator.Cloud{}
	cloud.AddKey(simulator.Key{ID: "id", Secret: "secret", Account: "1111111111111111"})
	cloud.Put(simulator.Item{
		InstanceID: "pcc-1", Status: peering.Accepting,
		OwnerID: 2222222222222222, RegionID: "cn-hangzhou",
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai",
	})

	config := sdk.NewConfig().WithScheme("HTTPS")
	config.Transport = cloud // in process; httptest.NewServer(cloud) serves it over a socket
	client, err := vpcpeer.NewClientWithOptions("cn-shanghai", config, credentials.NewAccessKeyCredential("id", "secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
	request.InstanceId = "pcc-1"
	if _, err := client.RejectVpcPeerConnection(request); err != nil {
		fmt.Println(err)
		return
	}

	it, _ := cloud.Item("pcc-1")
	fmt.Println(it.Status)
	// Output: Rejected
}

// The first Reject is throttled. The second one succeeds, but its answer gets lost.
func ExampleCloud_Inject() {
	cloud := newCloud(request("pcc-1"))
	cloud.Inject(
		simulator.Fault{Action: "RejectVpcPeerConnection", Kind: simulator.Throttle, For: 2 * time.Second, Count: 1},
		simulator.Fault{Action: "RejectVpcPeerConnection", Kind: simulator.ResetAfter, Count: 1},
	)
	client := inProcess(cloud).as(accepterKey)
	for range 2 {
		_, _ = client.reject("pcc-1", "token", false)
	}
	calls := cloud.Calls()
	for i := range calls {
		fmt.Printf("%s: outcome %q, effect %t\n", calls[i].Action, calls[i].Outcome, calls[i].Effect)
	}
	// Output:
	// RejectVpcPeerConnection: outcome "Throttling.User", effect false
	// RejectVpcPeerConnection: outcome "reset-after", effect true
}

// The same fault as text, for a command line.
func ExampleParseFault() {
	fault, err := simulator.ParseFault("RejectVpcPeerConnection:throttle:1:for=2s")
	fmt.Println(fault, err)
	fmt.Println(fault.Kind == simulator.Throttle, fault.Count, fault.For)
	// Output:
	// RejectVpcPeerConnection:throttle:count=1:for=2s <nil>
	// true 1 2s
}
