package simulator_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"peerguard/simulator"
)

// tagCall makes a call about the tags of pcc-1, unless the parameters say otherwise.
func (r caller) tagCall(action string, params form) (map[string]any, error) {
	all := form{"ResourceType": "PeerConnection", "ResourceId.1": "pcc-1"}
	maps.Copy(all, params)
	return r.call(action, all)
}

// listed returns the tags that ListTagResources shows, as id:key=value, and its NextToken.
func (r caller) listed(t *testing.T, params form) (tags, next string) {
	t.Helper()
	answer, err := r.tagCall("ListTagResources", params)
	if err != nil {
		return code(err), ""
	}
	var all []string
	for _, entry := range answer["TagResources"].([]any) {
		e := entry.(map[string]any)
		if e["ResourceType"] != "PeerConnection" || e["RegionNo"] != away {
			t.Errorf("got %v", e)
		}
		all = append(all, fmt.Sprintf("%v:%v=%v", e["ResourceId"], e["TagKey"], e["TagValue"]))
	}
	return strings.Join(all, " "), answer["NextToken"].(string)
}

func tagged(id string, tags ...simulator.Tag) simulator.Item {
	return with(request(id), func(it *simulator.Item) { it.Tags = tags })
}

func TestTagAndUntag(t *testing.T) {
	t.Parallel()
	twenty, twentyOne := form{}, form{}
	for i := range 21 {
		twentyOne[fmt.Sprintf("Tag.%d.Key", i+1)] = fmt.Sprintf("k%d", i)
	}
	maps.Copy(twenty, twentyOne)
	delete(twenty, "Tag.21.Key")
	for name, tc := range map[string]struct {
		action string
		key    simulator.Key
		params form
		code   string
		want   string // of pcc-1, which has a=1, and pcc-2, which has a=2 and b=
	}{
		"a new key":              {"TagResources", requesterKey, form{"Tag.1.Key": "c", "Tag.1.Value": "3"}, "", "a=1 c=3; a=2 b="},
		"a known key":            {"TagResources", accepterKey, form{"Tag.1.Key": "a", "Tag.1.Value": "9"}, "", "a=9; a=2 b="},
		"two connections":        {"TagResources", accepterKey, form{"ResourceId.2": "pcc-2", "Tag.1.Key": "c", "Tag.2.Key": "d"}, "", "a=1 c= d=; a=2 b= c= d="},
		"one of two is unknown":  {"TagResources", accepterKey, form{"ResourceId.2": "pcc-3", "Tag.1.Key": "c"}, "InvalidInstanceIds.NotFound", "a=1; a=2 b="},
		"by a stranger":          {"TagResources", strangerKey, form{"Tag.1.Key": "c"}, "InvalidInstanceIds.NotFound", "a=1; a=2 b="},
		"another type":           {"TagResources", accepterKey, form{"ResourceType": "VPC", "Tag.1.Key": "c"}, "InvalidInstanceType.NotFound", "a=1; a=2 b="},
		"no type":                {"TagResources", accepterKey, form{"ResourceType": "", "Tag.1.Key": "c"}, "MissingResourceType", "a=1; a=2 b="},
		"no connection":          {"TagResources", accepterKey, form{"ResourceId.1": "", "Tag.1.Key": "c"}, "MissingResourceId", "a=1; a=2 b="},
		"no tag":                 {"TagResources", accepterKey, form{}, "MissingTag.1.Key", "a=1; a=2 b="},
		"a value without a key":  {"TagResources", accepterKey, form{"Tag.1.Key": "c", "Tag.2.Value": "v"}, "IllegalParam.TagKey", "a=1; a=2 b="},
		"a long key":             {"TagResources", accepterKey, form{"Tag.1.Key": strings.Repeat("k", 129)}, "IllegalParam.TagKey", "a=1; a=2 b="},
		"an address as value":    {"TagResources", accepterKey, form{"Tag.1.Key": "c", "Tag.1.Value": "https://x"}, "IllegalParam.TagValue", "a=1; a=2 b="},
		"a reserved key":         {"TagResources", accepterKey, form{"Tag.1.Key": "aliyun.x"}, "Forbidden.TagKeys", "a=1; a=2 b="},
		"a key twice":            {"TagResources", accepterKey, form{"Tag.1.Key": "c", "Tag.2.Key": "c"}, "Forbidden.TagKey.Duplicated", "a=1; a=2 b="},
		"21 tags":                {"TagResources", accepterKey, twentyOne, "NumberExceed.Tags", "a=1; a=2 b="},
		"20 tags beside another": {"TagResources", accepterKey, twenty, "NumberExceed.Tags", "a=1; a=2 b="},
		"remove one":             {"UnTagResources", accepterKey, form{"ResourceId.2": "pcc-2", "TagKey.1": "a"}, "", "; b="},
		"remove an unknown one":  {"UnTagResources", accepterKey, form{"TagKey.1": "z"}, "", "a=1; a=2 b="},
		"remove all":             {"UnTagResources", accepterKey, form{"ResourceId.2": "pcc-2", "All": "true"}, "", "; "},
		"All beside a key":       {"UnTagResources", accepterKey, form{"ResourceId.1": "pcc-2", "TagKey.1": "b", "All": "true"}, "", "a=1; a=2"},
		"All not a boolean":      {"UnTagResources", accepterKey, form{"All": "1"}, "InvalidParameter", "a=1; a=2 b="},
		"remove by a stranger":   {"UnTagResources", strangerKey, form{"All": "true"}, "InvalidInstanceIds.NotFound", "a=1; a=2 b="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(tagged("pcc-1", simulator.Tag{Key: "a", Value: "1"}), tagged("pcc-2", simulator.Tag{Key: "a", Value: "2"}, simulator.Tag{Key: "b"}))
			answer, err := inProcess(c).as(tc.key).tagCall(tc.action, tc.params)
			wantCode(t, tc.action, err, tc.code)
			if err == nil && answer["Success"] != true {
				t.Errorf("answered %v", answer)
			}
			var got []string
			for _, it := range c.Items() {
				var tags []string
				for _, tag := range it.Tags {
					tags = append(tags, tag.Key+"="+tag.Value)
				}
				got = append(got, strings.Join(tags, " "))
			}
			if have := strings.Join(got, "; "); have != tc.want {
				t.Errorf("got %q, want %q", have, tc.want)
			}
			if call := c.Calls()[0]; call.Effect != (tc.code == "") {
				t.Errorf("recorded %+v", call)
			}
		})
	}
}

func TestTagIsIdempotent(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	r := inProcess(c).as(accepterKey)
	for range 2 {
		_, err := r.tagCall("TagResources", form{"Tag.1.Key": "a", "ClientToken": "t"})
		wantCode(t, "tag", err, "")
	}
	_, err := r.tagCall("TagResources", form{"Tag.1.Key": "b", "ClientToken": "t"})
	wantCode(t, "other tags", err, "IdempotentParameterMismatch")
	if n := c.Stats().Effects; n != 1 {
		t.Errorf("%d effects", n)
	}
}

func TestListTags(t *testing.T) {
	t.Parallel()
	c := newCloud(
		tagged("pcc-1", simulator.Tag{Key: "a", Value: "1"}, simulator.Tag{Key: "b", Value: "1"}),
		tagged("pcc-2", simulator.Tag{Key: "a", Value: "2"}),
		request("pcc-3"),
		with(tagged("pcc-4", simulator.Tag{Key: "a", Value: "1"}), func(it *simulator.Item) { it.AcceptingRegionID = "cn-beijing" }),
	)
	r := inProcess(c).as(accepterKey)
	for name, tc := range map[string]struct {
		params form
		want   string
	}{
		"by id":                  {form{}, "pcc-1:a=1 pcc-1:b=1"},
		"by ids":                 {form{"ResourceId.2": "pcc-2", "ResourceId.3": "pcc-3", "ResourceId.4": "pcc-9"}, "pcc-1:a=1 pcc-1:b=1 pcc-2:a=2"},
		"by key":                 {form{"ResourceId.1": "", "Tag.1.Key": "a"}, "pcc-1:a=1 pcc-1:b=1 pcc-2:a=2"},
		"by key and value":       {form{"ResourceId.1": "", "Tag.1.Key": "a", "Tag.1.Value": "2"}, "pcc-2:a=2"},
		"by two keys":            {form{"ResourceId.1": "", "Tag.1.Key": "a", "Tag.2.Key": "b"}, "pcc-1:a=1 pcc-1:b=1"},
		"by id and key":          {form{"ResourceId.1": "pcc-2", "Tag.1.Key": "b"}, ""},
		"in another region":      {form{"ResourceId.1": "pcc-4"}, ""},
		"by nothing":             {form{"ResourceId.1": ""}, "BothEmpty.TagsAndResources"},
		"by value":               {form{"Tag.1.Value": "1"}, "IllegalParam.TagKey"},
		"MaxResults too high":    {form{"MaxResults": "51"}, "InvalidParameter.MaxResults"},
		"a made-up token":        {form{"NextToken": "next"}, "InvalidParameter.NextToken"},
		"another type":           {form{"ResourceType": "VPC"}, "InvalidInstanceType.NotFound"},
		"more than 20 resources": {manyResources(), "NumberExceed.ResourceIds"},
	} {
		if got, _ := r.listed(t, tc.params); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
	if got, _ := r.in("").listed(t, form{}); got != "MissingRegionId" {
		t.Errorf("no region: got %q", got)
	}
	first, next := r.listed(t, form{"ResourceId.2": "pcc-2", "MaxResults": "2"})
	second, end := r.listed(t, form{"ResourceId.2": "pcc-2", "MaxResults": "2", "NextToken": next})
	if first != "pcc-1:a=1 pcc-1:b=1" || second != "pcc-2:a=2" || end != "" {
		t.Errorf("pages: %q, then %q, then %q", first, second, end)
	}
}

func manyResources() form {
	params := form{}
	for i := range 21 {
		params[fmt.Sprintf("ResourceId.%d", i+1)] = fmt.Sprintf("pcc-%d", i)
	}
	return params
}
