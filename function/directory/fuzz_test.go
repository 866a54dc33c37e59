package directory_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerguard/function/acs"
	"peerguard/function/directory"
	"peerguard/function/peering"
)

// script answers each action with a text of its own.
type script map[string]struct {
	status int
	body   string
}

func (s script) RoundTrip(r *http.Request) (*http.Response, error) {
	said := s[r.URL.Query().Get("Action")]
	return &http.Response{
		StatusCode: said.status, Status: http.StatusText(said.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte(said.body))), Request: r,
	}, nil
}

const (
	saidDirectory = `{"RequestId":"r","ResourceDirectory":{"ResourceDirectoryId":"rd-3G0000","RootFolderId":"r-AAAAAA","MasterAccountId":"9999999999999999"}}`
	saidNobody    = `{"RequestId":"r","TotalCount":0,"PageNumber":1,"PageSize":100,"Accounts":{"Account":[]}}`
	saidMember    = `{"RequestId":"r","TotalCount":1,"Accounts":{"Account":[{"AccountId":"6666666666666666","ResourceDirectoryPath":"rd-3G0000/r-AAAAAA/fd-A/6666666666666666"}]}}`
	saidAccount   = `{"RequestId":"r","Account":{"AccountId":6666666666666666,"ResourceDirectoryPath":"rd-3G0000/r-AAAAAA/6666666666666666"}}`
	saidStranger  = `{"RequestId":"r","Code":"EntityNotExists.Account","Message":"m"}`
	saidRegions   = `{"RequestId":"r","Regions":{"Region":[{"RegionId":"cn-hangzhou"},{"RegionId":"cn-shanghai"}]}}`
)

var codes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,127}$`)

// FuzzAnswers: whatever the four calls answer, an account is a member only if a path of the directory that ends in its id
// was said, it is a stranger only if EntityNotExists.Account was, and everything else is a failure that can be reported.
func FuzzAnswers(f *testing.F) {
	texts := []string{
		saidDirectory, saidNobody, saidMember, saidAccount, saidStranger, saidRegions, ``, `null`, `[]`, `<html>`, `{"RequestId":"r"}`, `{"RequestId":null}`,
		`{"RequestId":"r","TotalCount":"1","Accounts":[]}`, `{"RequestId":"r","TotalCount":-1,"Accounts":{"Account":null}}`, `{"RequestId":"r","TotalCount":2147483648}`,
		`{"Code":"EntityNotExists.Account","Message":"m"}`, `{"RequestId":"r","Code":"ResourceDirectoryNotInUse"}`, `{"RequestId":"r","Code":"EntityNotExists.ResourceDirectory"}`,
		`{"RequestId":"r","Account":{"AccountId":"6666666666666666","ResourceDirectoryPath":"rd-3G0000/r-other/6666666666666666"}}`,
		`{"RequestId":"r","Account":{"AccountId":"7","ResourceDirectoryPath":"rd-3G0000/r-AAAAAA/7"}}`,
		`{"RequestId":"r","Regions":[{"RegionId":"cn-hangzhou"}]}`, `{"RequestId":"r","Regions":{"Region":[{"RegionId":"../x"}]}}`,
	}
	for _, text := range texts {
		for _, status := range []int{200, 302, 404, 429, 500} {
			f.Add(status, saidDirectory, saidNobody, text)
		}
		f.Add(404, text, saidNobody, saidStranger)
		f.Add(404, saidDirectory, text, saidStranger)
	}
	f.Fuzz(func(t *testing.T, status int, whole, list, one string) {
		if status < 100 || status > 599 {
			return
		}
		said := script{"GetResourceDirectory": {200, whole}, "ListAccounts": {200, list}, "GetAccount": {status, one}, "DescribeRegions": {status, one}}
		synctest.Test(t, func(t *testing.T) { judge(t, said) })
	})
}

func judge(t *testing.T, said script) {
	t.Helper()
	client := directory.NewMemory(acs.New(acs.Config{Transport: said})).Client(caller(), directory.Access{})
	ctx, cancel := context.WithTimeout(t.Context(), 1010*time.Millisecond) // one attempt, or two
	defer cancel()
	one := said["GetAccount"]
	path, err := client.Path(ctx, stranger)
	switch {
	case err != nil:
		reportable(t, err)
	case path == peering.Outside && (one.status/100 == 2 || !strings.Contains(one.body, "EntityNotExists.Account") && !strings.Contains(one.body, `\u`)):
		t.Errorf("%+v made a stranger", one)
	case path != peering.Outside && (!peering.ValidPath(string(path)) || said["GetResourceDirectory"].body == saidDirectory && !path.In("r-AAAAAA")):
		t.Errorf("got the path %q", path)
	}
	if ids, err := client.Regions(ctx); err != nil {
		reportable(t, err)
	} else if len(ids) == 0 || !peering.ValidRegion(ids[0]) {
		t.Errorf("got the regions %q", ids)
	}
}

func reportable(t *testing.T, err error) {
	t.Helper()
	f := failed(t, err)
	if !codes.MatchString(f.Code) || strings.ContainsAny(f.Error()+f.RequestID, "\n\r\x00") || len(f.Error()) > 1_000 {
		t.Errorf("got %+v, want a code and one line", f)
	}
}
