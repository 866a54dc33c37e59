package policy

import "slices"

// KnownRegions are the regions in which VPCs could be peered when this list was made, on 2026-11-25, sorted.
// https://help.aliyun.com/zh/vpc/vpc-peer-to-peer-connection names them; the ids are those of the VpcPeer API's metadata and
// of other products' endpoints. A sweep of all regions covers these and those that the VPC API tells of, so only what is open to every account is
// here.
var KnownRegions = []string{
	"ap-northeast-1",
	"ap-northeast-2",
	"ap-southeast-1",
	"ap-southeast-3",
	"ap-southeast-5",
	"ap-southeast-6",
	"ap-southeast-7",
	"ap-southeast-8",
	"cn-beijing",
	"cn-chengdu",
	"cn-guangzhou",
	"cn-hangzhou",
	"cn-heyuan",
	"cn-hongkong",
	"cn-huhehaote",
	"cn-qingdao",
	"cn-shanghai",
	"cn-shenzhen",
	"cn-wuhan-lr",
	"cn-wulanchabu",
	"cn-zhangjiakou",
	"cn-zhongwei",
	"eu-central-1",
	"eu-west-1",
	"me-central-1",
	"me-east-1",
	"us-east-1",
	"us-west-1",
}

// rareRegions are names of regions that a policy may hold without being misspelt: for some accounts only (finance,
// government), or about to close.
var rareRegions = []string{
	"cn-beijing-finance-1",
	"cn-fuzhou",
	"cn-nanjing",
	"cn-north-2-gov-1",
	"cn-shanghai-finance-1",
	"cn-shenzhen-finance-1",
}

// KnownRegion reports whether there is a region of this name, as far as this release knows: one of KnownRegions, or one that
// only some accounts have.
func KnownRegion(id string) bool {
	return slices.Contains(KnownRegions, id) || slices.Contains(rareRegions, id)
}
