package event_test

import (
	"fmt"
	"log"

	"peerguard/function/event"
)

// An event that EventBridge delivers says which connection is worth a look, and in which account and region to look.
func ExampleParse() {
	payload := []byte(`{
		"specversion": "1.0",
		"id": "45ef4dew-7c35-447a-bd93-fab000000000",
		"source": "acs.vpcpeer",
		"type": "vpcpeer:ActionTrail:ApiCall",
		"data": {
			"eventName": "CreateVpcPeerConnection",
			"requestParameters": {"AcceptingAliUid": 1111111111111111, "AcceptingRegionId": "cn-shanghai"},
			"responseElements": {"InstanceId": "pcc-lnk0m24khwvtkm0000"}
		}
	}`)
	input, err := event.Parse(payload)
	if err != nil {
		log.Fatal(err)
	}
	switch in := input.(type) {
	case *event.Events:
		for _, hint := range in.Hints {
			fmt.Println("look at", hint.InstanceID, "of", hint.Accepters, "in", hint.Region)
			fmt.Println("client token:", hint.ClientToken())
		}
	case *event.Sweep:
		fmt.Println("sweep", in.ID())
	}
	// Output:
	// look at pcc-lnk0m24khwvtkm0000 of [1111111111111111] in cn-shanghai
	// client token: 45ef4dew-7c35-447a-bd93-fab000000000
}
