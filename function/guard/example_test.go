package guard_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"peerguard/function/acs"
	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/function/policy"
	"peerguard/function/vpcpeer"
	"peerguard/simulator"
)

// A sweep lists the pending requests of an account and rejects those that the policy does not allow. The cloud is
// simulated; signing, calls and answers are the real ones.
func ExampleGuard_Sweep() {
	cloud := &simulator.Cloud{}
	cloud.AddKey(simulator.Key{ID: "id", Secret: "secret", Account: "1111111111111111"})
	for id, requester := range map[string]int64{"pcc-partner": 2222222222222222, "pcc-stranger": 6666666666666666} {
		cloud.Put(simulator.Item{
			InstanceID: id, Status: peering.Accepting,
			OwnerID: requester, RegionID: "cn-hangzhou",
			AcceptingOwnerUID: 1111111111111111, AcceptingRegionID: "cn-shanghai",
		})
	}

	files := fstest.MapFS{"policy.yaml": {Data: []byte(`version: 1
mode: enforce
guard:
  regions: [cn-shanghai]
allow:
  - name: partner
    accounts: ["2222222222222222"]
`)}}
	rules, err := policy.Load(files, "policy.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}

	inv := &guard.Invocation{
		TriggerID: "each-minute@2026-11-20T06:00:00Z",
		Account:   "1111111111111111",
		Region:    "cn-shanghai",
		Policy:    rules,
	}
	inv.Cloud = vpcpeer.New(acs.New(acs.Config{Transport: cloud}), acs.Caller{
		Account:     "1111111111111111",
		Region:      "cn-shanghai",
		Credentials: peering.NewCredentials("id", "secret", ""),
	}, inv.Role)
	scope, err := inv.Scope(context.Background(), nil, nil) // all that the policy guards
	if err != nil {
		fmt.Println(err)
		return
	}
	token := func(instanceID string) string { return peering.SweepToken("2026-11-20T06:00:00Z", instanceID) }
	report := guard.New().Sweep(context.Background(), inv, scope, token)

	fmt.Println("rejected:", report.Counts[guard.Rejected], "allowed:", report.Counts[guard.Allowed], "error:", report.Err())
	for _, e := range report.Connections { // of a sweep, those that need attention
		fmt.Printf("%s is %s by rule %s: %s\n", e.InstanceID, e.Outcome, e.Rule, e.Reason)
	}
	for _, id := range []string{"pcc-partner", "pcc-stranger"} {
		item, _ := cloud.Item(id)
		fmt.Println(id, item.Status)
	}
	// Output:
	// rejected: 1 allowed: 1 error: <nil>
	// pcc-stranger is rejected by rule default: no allow rule names account 6666666666666666
	// pcc-partner Accepting
	// pcc-stranger Rejected
}
