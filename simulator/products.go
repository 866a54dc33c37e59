package simulator

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"

	"peerguard/function/peering"
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
	open   bool    // it needs no permission, so no session policy forbids it
	quota  Quota   // documented for it alone, and in force if Cloud.Quota is
}

// The versions of the products, by which the gateway tells them apart: no two products here share one.
const (
	peerVersion      = "2022-01-01"
	stsVersion       = "2015-04-01"
	vpcVersion       = "2016-04-28"
	directoryVersion = "2020-03-31"
)

// products are the products and actions that exist, by version.
var products = map[string]*product{
	peerVersion: {
		host: "vpcpeer.aliyuncs.com", ram: "vpc", denial: "Forbidden.RAM", metered: true,
		actions: map[string]action{
			"GetVpcPeerConnectionAttribute": {do: (*Cloud).get, params: []check{required("InstanceId")}},
			"ListVpcPeerConnections":        {do: (*Cloud).list, params: []check{region, number("MaxResults", 1, 100)}},
			"ListTagResources":              {do: (*Cloud).listTags, params: []check{required("RegionId"), region, resources, tagsOrResources, number("MaxResults", 1, 50)}},
			"TagResources":                  {do: (*Cloud).tag, params: []check{required("RegionId"), region, resources, someResource, required("Tag.1.Key"), tagForm}},
			"UnTagResources":                {do: (*Cloud).untag, params: []check{required("RegionId"), region, resources, someResource, boolean("All")}},
			"MoveResourceGroup":             {do: (*Cloud).move, params: []check{required("RegionId"), region, peerConnection, required("ResourceId"), required("NewResourceGroupId")}},
			"RejectVpcPeerConnection":       {do: (*Cloud).reject, params: []check{required("InstanceId"), boolean("DryRun")}},
			"AcceptVpcPeerConnection":       {do: (*Cloud).accept, params: []check{required("InstanceId"), boolean("DryRun")}},
			"DeleteVpcPeerConnection":       {do: (*Cloud).delete, params: []check{required("InstanceId"), boolean("DryRun"), boolean("Force")}},
			"CreateVpcPeerConnection": {do: (*Cloud).create, params: []check{
				required("RegionId"), region, boolean("DryRun"), required("VpcId"), required("AcceptingVpcId"), required("AcceptingRegionId"),
				accountID("AcceptingAliUid"), number("Bandwidth", 1, math.MaxInt32), matching("LinkType", linkTypes), linkBetweenRegions, tagForm,
			}},
			"ModifyVpcPeerConnection": {do: (*Cloud).modify, params: []check{
				required("InstanceId"), boolean("DryRun"), number("Bandwidth", 1, math.MaxInt32), matching("LinkType", linkTypes),
			}},
		},
	},
	stsVersion: {
		host: "sts.aliyuncs.com", ram: "sts", denial: "NoPermission",
		actions: map[string]action{
			"AssumeRole": {do: (*Cloud).assumeRole, params: []check{
				required("RoleArn"), required("RoleSessionName"),
				matching("RoleArn", roleARN), matching("RoleSessionName", sessionForm), sessionPolicyForm, externalIDForm,
				matching("SourceIdentity", sessionForm), number("DurationSeconds", minSession, maxSession),
			}},
			"GetCallerIdentity": {do: (*Cloud).callerIdentity, open: true},
		},
	},
	vpcVersion: {
		host: "vpc.aliyuncs.com", ram: "vpc", denial: "Forbidden.RAM",
		actions: map[string]action{"DescribeRegions": {do: (*Cloud).describeRegions, open: true}},
	},
	directoryVersion: {
		host: "resourcemanager.aliyuncs.com", ram: "resourcemanager", denial: "NoPermission",
		actions: map[string]action{
			"GetResourceDirectory": {do: (*Cloud).getResourceDirectory, quota: perSecond(50)},
			"GetAccount":           {do: (*Cloud).getAccount, quota: perSecond(50), params: []check{required("AccountId"), accountID("AccountId")}},
			"ListAccounts": {do: (*Cloud).listAccounts, quota: perSecond(20), params: []check{
				number("PageNumber", 1, math.MaxInt32), number("PageSize", 1, 100),
			}},
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

// check returns what is wrong with the parameters of a call, or nil. Except for required, it accepts an absent parameter.
type check func(c *Cloud, ps params) *apiError

func required(name string) check {
	return func(_ *Cloud, ps params) *apiError {
		if ps.get(name) == "" {
			return missing(name)
		}
		return nil
	}
}

func boolean(name string) check {
	return func(_ *Cloud, ps params) *apiError {
		switch ps.get(name) {
		case "", "false", "true":
			return nil
		default:
			return badRequest("InvalidParameter", "The specified parameter %s is not valid: it must be true or false.", name)
		}
	}
}

func number(name string, low, high int) check {
	return func(_ *Cloud, ps params) *apiError {
		v := ps.get(name)
		if v == "" {
			return nil
		}
		if n, err := strconv.Atoi(v); err != nil || n < low || n > high {
			return badRequest("InvalidParameter."+name, "The specified parameter %s is not valid: it must be between %d and %d.", name, low, high)
		}
		return nil
	}
}

func matching(name string, form *regexp.Regexp) check {
	return func(_ *Cloud, ps params) *apiError {
		if v := ps.get(name); v != "" && !form.MatchString(v) {
			return invalid(name)
		}
		return nil
	}
}

func accountID(name string) check {
	return func(_ *Cloud, ps params) *apiError {
		if _, err := strconv.ParseInt(ps.get(name), 10, 64); ps.get(name) != "" && err != nil {
			return invalid(name)
		}
		return nil
	}
}

// region checks the RegionId of a call.
func region(c *Cloud, ps params) *apiError {
	switch v := ps.get("RegionId"); {
	case v == "":
		return nil
	case !peering.ValidRegion(v), c.Regions != nil && !slices.Contains(c.Regions, v):
		return badRequest("UnsupportedRegion", "The feature of VpcPeer is not supported in the region of %s.", v)
	}
	return nil
}
