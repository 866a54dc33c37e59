package simulator_test

import (
	"fmt"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpcpeer"

	"peerguard/function/peering"
	"peerguard/simulator"
)

func Example() {
	cloud := &simulator.Cloud{}
	cloud.AddKey(simulator.Key{ID: "id", Secret: "secret", Account: "1111111111111111"})
	cloud.Put(simulator.Item{
		InstanceID: "pcc-1", Status: peering.Accepting,
		OwnerID: 2222222222222222, RegionID: "cn-hangzhou",
		AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai",
	})
	fault, err := simulator.ParseFault("RejectVpcPeerConnection:throttle:1")
	if err != nil {
		fmt.Println(err)
		return
	}
	cloud.Inject(fault)

	config := sdk.NewConfig().WithScheme("HTTPS")
	config.Transport = cloud
	client, err := vpcpeer.NewClientWithOptions("cn-shanghai", config, credentials.NewAccessKeyCredential("id", "secret"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		request := vpcpeer.CreateRejectVpcPeerConnectionRequest()
		request.InstanceId, request.ClientToken = "pcc-1", "token"
		_, _ = client.RejectVpcPeerConnection(request)
	}
	calls := cloud.Calls()
	for i := range calls {
		call := &calls[i]
		fmt.Printf("%s %s %q %t\n", call.Action, call.InstanceID, call.Outcome, call.Effect)
	}
	it, _ := cloud.Item("pcc-1")
	fmt.Println(it.Status)
	// Output:
	// RejectVpcPeerConnection pcc-1 "Throttling.User" false
	// RejectVpcPeerConnection pcc-1 "" true
	// Rejected
}
