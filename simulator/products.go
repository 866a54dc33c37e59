package simulator

import (
	"maps"
	"slices"
)

// product is one API behind the gateway.
type product struct {
	host    string // HostId of its errors
	ram     string // its name in RAM policies
	denial  string // code of a missing permission
	metered bool   // Cloud.Quota limits its calls
	actions map[string]action
}

// action is one action of a product.
type action struct {
	do     func(*Cloud, *call) answer
	params []check // in this order, before do; do checks what needs more than the parameters
}

// The versions of the products, by which the gateway tells them apart: no two products here share one.
const (
	peerVersion = "2022-01-01"
	stsVersion  = "2015-04-01"
)

// products are the products and actions that exist, by version.
var products = map[string]*product{
	peerVersion: {
		host: "vpcpeer.aliyuncs.com", ram: "vpc", denial: "Forbidden.RAM", metered: true,
		actions: map[string]action{
			"GetVpcPeerConnectionAttribute": {(*Cloud).get, []check{required("InstanceId")}},
			"ListVpcPeerConnections":        {(*Cloud).list, []check{region, number("MaxResults", 1, 100)}},
			"RejectVpcPeerConnection":       {(*Cloud).reject, []check{required("InstanceId"), boolean("DryRun")}},
			"AcceptVpcPeerConnection":       {(*Cloud).accept, []check{required("InstanceId"), boolean("DryRun")}},
			"DeleteVpcPeerConnection":       {(*Cloud).delete, []check{required("InstanceId"), boolean("DryRun")}},
			"CreateVpcPeerConnection": {(*Cloud).create, []check{
				region, boolean("DryRun"), required("VpcId"), required("AcceptingVpcId"), required("AcceptingRegionId"),
				accountID("AcceptingAliUid"),
			}},
		},
	},
	stsVersion: {
		host: "sts.aliyuncs.com", ram: "sts", denial: "NoPermission",
		actions: map[string]action{
			"AssumeRole": {(*Cloud).assumeRole, []check{
				required("RoleArn"), required("RoleSessionName"),
				matching("RoleArn", roleARN), matching("RoleSessionName", sessionName), policySize, externalID,
				number("DurationSeconds", minSession, maxSession),
			}},
			"GetCallerIdentity": {(*Cloud).callerIdentity, nil},
		},
	},
}

// unknownProduct is the product of a call whose version is not in products. It answers as VpcPeer does.
var unknownProduct = &product{host: "vpcpeer.aliyuncs.com", ram: "vpc", denial: "NoPermission"}

// Actions returns the names of all actions, sorted.
func Actions() []string {
	var names []string
	for _, p := range products {
		names = slices.AppendSeq(names, maps.Keys(p.actions))
	}
	slices.Sort(names)
	return names
}
