package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"peerguard/function/peering"
)

const (
	maxTags      = 20 // of a connection, and of a call
	maxTagText   = 128
	maxResources = 20 // of a call
)

// tags returns the tags name.1, name.2, … of a call. It stops at one with neither a key nor a value.
func (ps params) tags(name string) (tags []Tag) {
	for i := 1; ; i++ {
		t := Tag{ps.get(fmt.Sprintf("%s.%d.Key", name, i)), ps.get(fmt.Sprintf("%s.%d.Value", name, i))}
		if t == (Tag{}) {
			return tags
		}
		tags = append(tags, t)
	}
}

// on reports whether the item has the tag. An empty value matches any.
func (t Tag) on(it *Item) bool {
	return slices.ContainsFunc(it.Tags, func(have Tag) bool {
		return have.Key == t.Key && (t.Value == "" || have.Value == t.Value)
	})
}

// tag sets the tags of the call, whose keys may be there already.
func (c *Cloud) tag(cl *call) answer {
	added := cl.params.tags("Tag")
	return c.retag(cl, func(have []Tag) []Tag {
		return append(slices.DeleteFunc(have, func(t Tag) bool {
			return slices.ContainsFunc(added, func(a Tag) bool { return a.Key == t.Key })
		}), added...)
	})
}

// untag removes the tags with the keys of the call, or all tags if it has no key and All is true.
func (c *Cloud) untag(cl *call) answer {
	keys := cl.params.list("TagKey")
	all := keys == nil && cl.params.get("All") == "true"
	return c.retag(cl, func(have []Tag) []Tag {
		return slices.DeleteFunc(have, func(t Tag) bool { return all || slices.Contains(keys, t.Key) })
	})
}

// retag edits the tags of all connections that the call names, or of none.
func (c *Cloud) retag(cl *call, edit func(have []Tag) []Tag) answer {
	return c.once(cl, func() answer {
		now := time.Now()
		edited := map[*conn][]Tag{}
		for _, id := range cl.params.list("ResourceId") {
			n := c.find(id, now)
			if n == nil || !n.visible(cl.Account) {
				return badRequest("InvalidInstanceIds.NotFound", "The instance IDs are not found.").answer(cl)
			}
			if edited[n] = edit(slices.Clone(n.Tags)); len(edited[n]) > maxTags {
				return tooManyTags().answer(cl)
			}
		}
		for n, tags := range edited {
			if !cl.lost {
				n.change(now, func(f *facts) { f.Tags = tags })
				cl.Effect = true
			}
		}
		return done(succeeded{cl.RequestID, true})
	})
}

// tagPage is the answer of ListTagResources.
type tagPage struct {
	RequestID    string      `json:"RequestId"`
	NextToken    string      `json:"NextToken"`
	MaxResults   int         `json:"MaxResults"`
	TagResources []tagRecord `json:"TagResources"`
}

// tagRecord is one tag of one connection.
type tagRecord struct {
	RegionNo     string `json:"RegionNo"` // the requester's
	ResourceID   string `json:"ResourceId"`
	ResourceType string `json:"ResourceType"`
	TagKey       string `json:"TagKey"`
	TagValue     string `json:"TagValue"`
}

func (c *Cloud) listTags(cl *call) answer {
	where := peering.Partition{Account: cl.Account, Region: cl.Region}
	after, err := afterToken(where, cl.params.get("NextToken"))
	if err != nil {
		return err.answer(cl)
	}
	cl.wait(c.Latency)
	records := c.tagRecords(cl, where)
	p := tagPage{RequestID: cl.RequestID, MaxResults: cl.params.number("MaxResults", 50)}
	after = min(after, uint64(len(records)))
	if p.TagResources = records[after:]; len(p.TagResources) > p.MaxResults {
		p.TagResources = p.TagResources[:p.MaxResults]
		p.NextToken = c.nextToken(where, after+uint64(p.MaxResults))
	}
	return done(p)
}

// tagRecords returns the tags of the connections in a partition that a call asks for.
func (c *Cloud) tagRecords(cl *call, where peering.Partition) []tagRecord {
	ids, tags := cl.params.list("ResourceId"), cl.params.tags("Tag")
	records := []tagRecord{}
	c.mu.Lock()
	defer c.mu.Unlock()
	x, now := c.partitions[where], time.Now()
	if x == nil {
		return records
	}
	for _, n := range x.items {
		it, exists := cl.seen(n, now)
		if !exists || ids != nil && !slices.Contains(ids, it.InstanceID) ||
			slices.ContainsFunc(tags, func(t Tag) bool { return !t.on(&it) }) {
			continue
		}
		for _, t := range it.Tags {
			records = append(records, tagRecord{it.RegionID, it.InstanceID, peerConnectionType, t.Key, t.Value})
		}
	}
	return records
}

// peerConnectionType is the only ResourceType of the VpcPeer API.
const peerConnectionType = "PeerConnection"

func peerConnection(_ *Cloud, ps params) *apiError {
	switch ps.get("ResourceType") {
	case peerConnectionType:
		return nil
	case "":
		return missing("ResourceType")
	}
	return badRequest("InvalidInstanceType.NotFound", "The instance type is not found.")
}

func resources(c *Cloud, ps params) *apiError {
	if err := peerConnection(c, ps); err != nil {
		return err
	}
	if len(ps.list("ResourceId")) > maxResources {
		return badRequest("NumberExceed.ResourceIds", "The maximum number of resource IDs is exceeded.")
	}
	return nil
}

func someResource(_ *Cloud, ps params) *apiError {
	if ps.list("ResourceId") == nil {
		return missing("ResourceId")
	}
	return nil
}

func tagsOrResources(c *Cloud, ps params) *apiError {
	if ps.list("ResourceId") == nil && ps.tags("Tag") == nil {
		return badRequest("BothEmpty.TagsAndResources", "The specified Tags and ResourcesIds are not allow to both empty.")
	}
	return tagForm(c, ps)
}

// tagForm checks the tags of a call.
func tagForm(_ *Cloud, ps params) *apiError {
	tags := ps.tags("Tag")
	if len(tags) > maxTags {
		return tooManyTags()
	}
	for i, t := range tags {
		switch {
		case reserved(t.Key):
			return badRequest("Forbidden.TagKeys", "The tag key cannot be operated by the request.")
		case t.Key == "" || !tagText(t.Key):
			return badRequest("IllegalParam.TagKey", "The param of Tag.Key is illegal.")
		case reserved(t.Value) || !tagText(t.Value):
			return badRequest("IllegalParam.TagValue", "The param of Tag.Value is illegal.")
		case slices.ContainsFunc(tags[:i], func(before Tag) bool { return before.Key == t.Key }):
			return badRequest("Forbidden.TagKey.Duplicated", "The specified tag key already exists.")
		}
	}
	return nil
}

func reserved(text string) bool {
	return strings.HasPrefix(text, "aliyun") || strings.HasPrefix(text, "acs:")
}

func tagText(text string) bool {
	return utf8.RuneCountInString(text) <= maxTagText && !strings.Contains(text, "http://") && !strings.Contains(text, "https://")
}

func tooManyTags() *apiError {
	return badRequest("NumberExceed.Tags", "The maximum number of tags is exceeded.")
}
