package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

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

// regions returns the valid elements of a list of regions, and warns about those that are not known. Alibaba Cloud adds
// regions, so that is not an error.
func (d *decoder) regions(n *yaml.Node, key string) []string {
	regions := d.words(n, key, checkRegion)
	for _, e := range n.Content {
		if doubt := DoubtRegion(e.Value); doubt != "" {
			d.warn(d.position(e), RegionUnknown, "%s", doubt)
		}
	}
	return regions
}

// DoubtRegion returns a warning about a region that this release does not know, with the one that was probably meant. It
// returns "" for a region that it knows, and for what is not a region id at all.
func DoubtRegion(id string) string {
	if KnownRegion(id) || !peering.ValidRegion(id) {
		return ""
	}
	return fmt.Sprintf("unknown region %q%s", id, likelyRegion(id))
}

// likelyRegion suggests the region that was meant instead of an unknown one; "" if there is none. People write the name of
// the city alone, and zones: cn-hangzhou-h is one of cn-hangzhou, us-east-1a one of us-east-1.
func likelyRegion(id string) string {
	if zoned := strings.TrimRight(id[:len(id)-1], "-"); KnownRegion(zoned) && (len(zoned) == len(id)-2 || strings.ContainsAny(zoned[len(zoned)-1:], peering.Digits)) {
		return fmt.Sprintf(": it looks like a zone of region %q", zoned)
	}
	for _, known := range KnownRegions {
		if _, city, _ := strings.Cut(known, "-"); city == id {
			return fmt.Sprintf(", did you mean %q?", known)
		}
	}
	return suggestion(id, KnownRegions...)
}

func checkRegion(text string) string {
	if text == "all" {
		return `"all" is not a region id: list the regions`
	}
	if peering.ValidRegion(text) {
		return ""
	}
	if lower := strings.ToLower(text); peering.ValidRegion(lower) {
		meant := fmt.Sprintf(", did you mean %q?", lower)
		if !KnownRegion(lower) {
			meant = cmp.Or(likelyRegion(lower), meant)
		}
		return fmt.Sprintf("bad region %q%s", text, meant)
	}
	return fmt.Sprintf("bad region %q: a region looks like cn-hangzhou", text)
}
