package simulator_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"peerguard/simulator"
)

func TestQuotaIsExact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.Quota = simulator.DocumentedQuota
		r := inProcess(c).as(accepterKey)
		get := func(n int, want string) {
			t.Helper()
			for range n {
				if _, err := r.get("pcc-1"); code(err) != want {
					t.Fatalf("got %q, want %q", code(err), want)
				}
			}
		}
		get(100, "")
		time.Sleep(10 * time.Second)
		get(260, "")
		get(5, "Throttling.User")
		time.Sleep(50*time.Second - time.Nanosecond)
		get(1, "Throttling.User")
		time.Sleep(time.Nanosecond) // the first hundred are 60 s old
		get(100, "")
		get(1, "Throttling.User")
		time.Sleep(10 * time.Second)
		get(260, "")
		get(1, "Throttling.User")
		if s := c.Stats(); s.Throttled != 8 || s.Calls != 728 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestQuotaIsPerAccountActionAndRegion(t *testing.T) {
	t.Parallel()
	c := newCloud(request("pcc-1"))
	c.Quota = simulator.Quota{Calls: 1, Window: time.Hour}
	r := inProcess(c).as(accepterKey)
	other := inProcess(c).as(requesterKey)
	calls := []struct {
		name string
		call func() error
		want string
	}{
		{"first", func() error { _, err := r.get("pcc-1"); return err }, ""},
		{"second", func() error { _, err := r.get("pcc-1"); return err }, "Throttling.User"},
		{"another identity", func() error { _, err := inProcess(c).as(sessionKey).get("pcc-1"); return err }, "Throttling.User"},
		{"another region", func() error { _, err := r.in(away).get("pcc-1"); return err }, ""},
		{"another action", func() error { _, err := r.list("", 0); return err }, ""},
		{"another account", func() error { _, err := other.get("pcc-1"); return err }, ""},
		{"STS", func() error { _, err := r.assume(nil); return err }, "EntityNotExist.Role"},
		{"STS again", func() error { _, err := r.assume(nil); return err }, "EntityNotExist.Role"},
	}
	for _, tc := range calls {
		wantCode(t, tc.name, tc.call(), tc.want)
	}
}

// timeLeft returns how long the header of a throttle says to wait. It reads the header as newer SDKs do.
func timeLeft(t *testing.T, err error) time.Duration {
	t.Helper()
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) || len(e.RespHeaders["X-Ratelimit-User-Api"]) != 1 {
		t.Fatalf("no rate limit header in %v", err)
	}
	fields := map[string]int64{}
	for part := range strings.SplitSeq(e.RespHeaders["X-Ratelimit-User-Api"][0], ",") {
		name, value, _ := strings.Cut(part, ":")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		fields[name] = n
	}
	if fields["Limit"] == 0 || fields["Remain"] != 0 || fields["Reset"] != time.Now().UnixMilli()+fields["TimeLeft"] {
		t.Errorf("header %v", fields)
	}
	return time.Duration(fields["TimeLeft"]) * time.Millisecond
}

func TestThrottleSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		c.Quota = simulator.Quota{Calls: 1, Window: time.Minute}
		r := inProcess(c).as(accepterKey)
		_, err := r.get("pcc-1")
		wantCode(t, "first", err, "")
		time.Sleep(15*time.Second + time.Microsecond)
		_, err = r.get("pcc-1")
		left := timeLeft(t, err)
		if left != 45*time.Second {
			t.Errorf("told to wait %v", left)
		}
		time.Sleep(left)
		_, err = r.get("pcc-1")
		wantCode(t, "after the wait", err, "")
	})
}
