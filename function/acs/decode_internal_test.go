package acs

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	VpcId Text
	List  []Text
}

type outer struct {
	Confirmation
	InstanceId Text
	Vpc        inner
	Items      []inner
	Optional   *inner
}

// TestKeysAreMatchedExactly: a key in other letters is another key, wherever it is and however it is escaped.
func TestKeysAreMatchedExactly(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]outer{
		`{"InstanceId":"a","INSTANCEID":"b"}`:                         {InstanceId: "a"},
		`{"instanceId" : "b"}`:                                        {},
		`{"requestid":"r","code":"c","CODE":"c"}`:                     {},
		`{"\u0049nstanceId":"a"}`:                                     {InstanceId: "a"},
		`{"\u0069nstanceId":"b"}`:                                     {},
		`{"Instance\u0049D":"b"}`:                                     {},
		`{"InſtanceId":"b"}`:                                          {},
		`{"Vpc":{"vpcid":"b","VpcId":"a"},"vpc":{"VpcId":"b"}}`:       {Vpc: inner{VpcId: "a"}},
		`{"Items":[{"VPCID":"b"},{"VpcId":"a"}]}`:                     {Items: []inner{{}, {VpcId: "a"}}},
		"{\"Optional\"\r\n\t:{\"VpcId\":\"a\",\"list\"\n:[\"b\"]}}":   {Optional: &inner{VpcId: "a"}},
		`{"InstanceId":"instanceid","Vpc":{"List":["list","vpcid"]}}`: {InstanceId: "instanceid", Vpc: inner{List: []Text{"list", "vpcid"}}},
		`{"InstanceId":"\",\"vpcid\":\"","Other":{"instanceid":1}}`:   {InstanceId: `","vpcid":"`},
		`{"":"b","i":"b","Unknown":{"Unknown":[]}}`:                   {},
	} {
		var got outer
		if err := decode([]byte(answer), &got); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Confirmation{}, redactor{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
	}
}

// FuzzDecode: decode refuses what encoding/json refuses, and reads an answer with the right keys as encoding/json does.
func FuzzDecode(f *testing.F) {
	for _, answer := range []string{
		``, `"`, `{"`, `{"a`, `{"a"`, `{"a":`, `"\`, `{"\`, `{"Vpc":{"VpcId":"a"}}`, `{"vpc":{"vpcid":"a"}}`, `{"VPC"  :1}`, `[{"Items":[{"List":["x"]}]}]`, `{"\u00`, `{"\u0076pc":1}`,
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var want, got outer
		folded := strings.ToLower(string(answer)) != string(answer) // an answer without capital letters has no key of ours
		wanted := json.Unmarshal(answer, &want)
		valid := json.Valid(answer)
		if err := decode(answer, &got); !valid && err == nil || wanted == nil && err != nil {
			t.Errorf("%q: got %v, want %v", answer, err, wanted)
		}
		if !folded && got.Vpc.VpcId+got.InstanceId+got.RequestId != "" {
			t.Errorf("%q: got %+v", answer, got)
		}
	})
}
