package deploy_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDrillRequesterIsWhatTheDrillCalls: the policy of the second account has the calls that a drill makes as that account, and
// no others. It must not permit a rejection, or the drill could not tell whether the API checks permission first.
func TestDrillRequesterIsWhatTheDrillCalls(t *testing.T) {
	t.Parallel()
	var p policyDocument
	if err := decode(read(t, filepath.Join("ram", "drill-requester.json")), &p); err != nil || p.Version != "1" {
		t.Fatalf("version %q, %v", p.Version, err)
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" || !slices.Equal(s.Resource, []string{"*"}) || s.Principal != nil || s.Condition != nil {
			t.Errorf("statement %+v", s)
		}
	}
	want := []string{"vpc:GetVpcPeerConnectionAttribute", "vpc:ListVpcPeerConnections"} // through function/vpcpeer
	sources, err := filepath.Glob("../cmd/peerguard/drill/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range sources {
		for _, m := range regexp.MustCompile(`\bvpcpeer\.Create([A-Z]\w+)Request\(`).FindAllStringSubmatch(read(t, file), -1) {
			want = append(want, "vpc:"+m[1])
		}
	}
	slices.Sort(want)
	if got := p.actions(); !slices.Equal(got, want) || len(want) != 4 {
		t.Errorf("drill-requester.json has %v, the drill calls %v", got, want)
	}
	readme := read(t, filepath.Join("ram", "README.md"))
	for _, action := range want {
		if !strings.Contains(readme, "`"+action+"`") {
			t.Errorf("ram/README.md gives no reason for %s", action)
		}
	}
}
