package simulator_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"

	"peerguard/simulator"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	expired := with2(sessionKey, func(k *simulator.Key) { k.ID, k.Expires = "STS.old", time.Now().Add(-time.Second) })
	cases := []struct {
		name string
		key  simulator.Key
		want string
	}{
		{"a key", accepterKey, ""},
		{"a session", sessionKey, ""},
		{"a secret with odd characters", simulator.Key{ID: "AKodd", Secret: "a+b/c =&%", Account: accepter}, ""},
		{"unknown key", simulator.Key{ID: "AKnobody", Secret: "x"}, "InvalidAccessKeyId.NotFound"},
		{"wrong secret", with2(accepterKey, func(k *simulator.Key) { k.Secret = "x" }), "SignatureDoesNotMatch"},
		{"wrong secret of a session", with2(sessionKey, func(k *simulator.Key) { k.Secret = "x" }), "SignatureDoesNotMatch"},
		{"session without its token", with2(sessionKey, func(k *simulator.Key) { k.Token = "" }), "InvalidSecurityToken.Malformed"},
		{"session with a broken token", with2(sessionKey, func(k *simulator.Key) { k.Token = "a b" }), "InvalidSecurityToken.Malformed"},
		{"session with another token", with2(sessionKey, func(k *simulator.Key) { k.Token = "other" }), "InvalidSecurityToken.MismatchWithAccessKey"},
		{"key with a token", with2(accepterKey, func(k *simulator.Key) { k.Token = "other" }), "InvalidSecurityToken.MismatchWithAccessKey"},
		{"expired session", expired, "InvalidSecurityToken.Expired"},
	}
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := newCloud(request("pcc-1"))
		c.AddKey(expired)
		c.AddKey(simulator.Key{ID: "AKodd", Secret: "a+b/c =&%", Account: accepter})
		r := start(c)
		for _, tc := range cases {
			_, err := r.as(tc.key).get("pcc-1")
			wantCode(t, tc.name, err, tc.want)
		}
		c.RemoveKey(accepterKey.ID)
		_, err := r.as(accepterKey).get("pcc-1")
		wantCode(t, "removed key", err, "InvalidAccessKeyId.NotFound")
	})
}

func with2(k simulator.Key, change func(*simulator.Key)) simulator.Key {
	change(&k)
	return k
}

func TestSignatureMismatchLeaksAsTheRealOneDoes(t *testing.T) {
	t.Parallel()
	wrong := with2(sessionKey, func(k *simulator.Key) { k.Secret = "x" })
	_, err := inProcess(newCloud()).as(wrong).get("pcc-1")
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(e.Message(), "server string to sign is:POST&%2F&") || !strings.Contains(e.Message(), "SecurityToken") {
		t.Errorf("message %q does not contain the string to sign", e.Message())
	}
	if want := "InvalidAccessKeySecret: Please check you AccessKeySecret"; e.Recommend() != want {
		t.Errorf("the string to sign differs from the SDK's: it recommends %q", e.Recommend())
	}
}

// raw is a call in which a test can choose every detail.
type raw struct {
	method string
	query  map[string]string
	form   map[string]string
	secret string
	after  func(query url.Values) // changes the query after it was signed
}

func rawGet(now time.Time) raw {
	return raw{
		method: http.MethodPost,
		query: map[string]string{
			"Action": "GetVpcPeerConnectionAttribute", "Version": "2022-01-01", "AccessKeyId": accepterKey.ID, "RegionId": home, "Format": "JSON",
			"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": "nonce-1", "Timestamp": now.UTC().Format(simulator.TimeFormat),
		},
		form:   map[string]string{"InstanceId": "pcc-1"},
		secret: accepterKey.Secret,
	}
}

func (w raw) send(t *testing.T, c *simulator.Cloud) (status int, code string) {
	t.Helper()
	q, f := url.Values{}, url.Values{}
	for k, v := range w.query {
		q.Set(k, v)
	}
	for k, v := range w.form {
		f.Set(k, v)
	}
	q.Set("Signature", w.signature())
	if w.after != nil {
		w.after(q)
	}
	return send(t, c, w.method, "https://vpcpeer.aliyuncs.com/?"+q.Encode(), f.Encode())
}

// signature implements version 1.0 from its documentation, independently of the code under test.
func (w raw) signature() string {
	all := maps.Clone(w.query)
	maps.Copy(all, w.form)
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, escape(k)+"="+escape(all[k]))
	}
	mac := hmac.New(sha1.New, []byte(w.secret+"&"))
	fmt.Fprintf(mac, "%s&%%2F&%s", w.method, escape(strings.Join(pairs, "&")))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func send(t *testing.T, rt http.RoundTripper, method, target, form string) (status int, code string) {
	t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return roundTrip(t, rt, req)
}

func roundTrip(t *testing.T, rt http.RoundTripper, req *http.Request) (status int, code string) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ RequestId, HostId, Code, Message, Recommend string }
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	if e.RequestId == "" || e.Code != "" && (e.HostId == "" || e.Message == "" || e.Recommend == "") {
		t.Errorf("answer %q is incomplete", body)
	}
	return resp.StatusCode, e.Code
}

func TestRawCalls(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*raw)
		status int
		code   string
	}{
		{"as documented", func(*raw) {}, 200, ""},
		{"by GET", func(w *raw) { w.method, w.query["InstanceId"], w.form = http.MethodGet, "pcc-1", nil }, 200, ""},
		{"all in the form", func(w *raw) { maps.Copy(w.form, w.query); clear(w.query) }, 200, ""},
		{"odd characters", func(w *raw) { w.form["Name"] = "ü *~+%/&=\x00" }, 200, ""},
		{"another method", func(w *raw) { w.method = http.MethodPut }, 404, "UnsupportedHTTPMethod"},
		{"no action", func(w *raw) { delete(w.query, "Action") }, 400, "MissingAction"},
		{"no version", func(w *raw) { delete(w.query, "Version") }, 400, "MissingVersion"},
		{"no key", func(w *raw) { delete(w.query, "AccessKeyId") }, 400, "MissingAccessKeyId"},
		{"no time", func(w *raw) { delete(w.query, "Timestamp") }, 400, "MissingTimestamp"},
		{"no nonce", func(w *raw) { delete(w.query, "SignatureNonce") }, 400, "MissingSignatureNonce"},
		{"no method of signature", func(w *raw) { delete(w.query, "SignatureMethod") }, 400, "MissingSignatureMethod"},
		{"no version of signature", func(w *raw) { delete(w.query, "SignatureVersion") }, 400, "MissingSignatureVersion"},
		{"no signature", func(w *raw) { w.after = func(q url.Values) { q.Del("Signature") } }, 400, "MissingSignature"},
		{"no instance", func(w *raw) { w.form = nil }, 400, "MissingInstanceId"},
		{"another method of signature", func(w *raw) { w.query["SignatureMethod"] = "HMAC-MD5" }, 400, "IncompleteSignature"},
		{"another version of signature", func(w *raw) { w.query["SignatureVersion"] = "2.0" }, 400, "IncompleteSignature"},
		{"an added parameter", func(w *raw) { w.after = func(q url.Values) { q.Set("DryRun", "true") } }, 400, "SignatureDoesNotMatch"},
		{"another region", func(w *raw) { w.after = func(q url.Values) { q.Set("RegionId", away) } }, 400, "SignatureDoesNotMatch"},
		{"a repeated parameter", func(w *raw) { w.after = func(q url.Values) { q.Add("RegionId", away) } }, 400, "SignatureDoesNotMatch"},
		{"another account's key", func(w *raw) { w.after = func(q url.Values) { q.Set("AccessKeyId", requesterKey.ID) } }, 400, "SignatureDoesNotMatch"},
		{"a malformed time", func(w *raw) { w.query["Timestamp"] = "yesterday" }, 400, "InvalidTimeStamp.Format"},
		{"unknown action", func(w *raw) { w.query["Action"] = "Explode" }, 404, "InvalidApi.NotFound"},
		{"unknown version", func(w *raw) { w.query["Version"] = "2014-05-26" }, 400, "InvalidVersion"},
		{"action of another product", func(w *raw) { w.query["Action"] = "AssumeRole" }, 404, "InvalidApi.NotFound"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := rawGet(time.Now())
			tc.change(&w)
			if status, code := w.send(t, newCloud(request("pcc-1"))); status != tc.status || code != tc.code {
				t.Errorf("got %d %q, want %d %q", status, code, tc.status, tc.code)
			}
		})
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		off  time.Duration
		want string
	}{
		{0, ""}, {15 * time.Minute, ""}, {-15 * time.Minute, ""},
		{15*time.Minute + time.Second, "InvalidTimeStamp.Expired"}, {-15*time.Minute - time.Second, "InvalidTimeStamp.Expired"},
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, code := rawGet(time.Now().Add(tc.off)).send(t, newCloud(request("pcc-1"))); code != tc.want {
				t.Errorf("%v off: got %q, want %q", tc.off, code, tc.want)
			}
		})
	}
}

func TestANonceWorksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(request("pcc-1"))
		w := rawGet(time.Now().Add(15 * time.Minute)) // the longest that a timestamp can be valid
		forged := w
		forged.secret = "guessed"
		if _, code := forged.send(t, c); code != "SignatureDoesNotMatch" {
			t.Fatalf("forged: %q", code)
		}
		if _, code := w.send(t, c); code != "" {
			t.Fatalf("first, after a forged call with its nonce: %q", code)
		}
		for i := range 3 {
			next := rawGet(time.Now())
			next.query["SignatureNonce"] = "later-" + strconv.Itoa(i)
			if _, code := next.send(t, c); code != "" {
				t.Errorf("a fresh nonce: %q", code)
			}
			time.Sleep(10*time.Minute - time.Second)
		}
		if _, code := w.send(t, c); code != "SignatureNonceUsed" {
			t.Errorf("replayed while its timestamp was valid: %q", code)
		}
		other := w
		other.query = maps.Clone(w.query)
		other.query["AccessKeyId"], other.secret = requesterKey.ID, requesterKey.Secret
		other.query["Timestamp"] = time.Now().UTC().Format(simulator.TimeFormat)
		if _, code := other.send(t, c); code != "" {
			t.Errorf("the same nonce of another key: %q", code)
		}
	})
}

func TestUnreadableRequests(t *testing.T) {
	t.Parallel()
	c := newCloud()
	if status, code := send(t, c, http.MethodPost, "https://h/?Action=%zz", ""); status != 400 || code != "InvalidParameter" {
		t.Errorf("broken query: %d %q", status, code)
	}
	if status, code := send(t, c, http.MethodPost, "https://h/", "%zz=1"); status != 400 || code != "InvalidParameter" {
		t.Errorf("broken form: %d %q", status, code)
	}
	req, _ := http.NewRequest(http.MethodPost, "https://h/", errReader{})
	if resp, err := c.RoundTrip(req); err == nil {
		resp.Body.Close()
		t.Error("an unreadable body was accepted")
	}
	if req, _ = http.NewRequest(http.MethodGet, "https://h/", nil); req.Body != nil {
		t.Fatal("not a request without a body")
	}
	if _, code := roundTrip(t, c, req); code != "MissingAction" {
		t.Errorf("no body: %q", code)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("unplugged") }

func TestUnknownActionsAreRecorded(t *testing.T) {
	t.Parallel()
	c := newCloud()
	q := requests.NewCommonRequest()
	q.Domain, q.Version, q.ApiName, q.Product = "vpcpeer.aliyuncs.com", "2022-01-01", "DescribeVpcPeerConnections", "VpcPeer"
	_, err := inProcess(c).as(accepterKey).peer().ProcessCommonRequest(q)
	wantCode(t, "unknown action", err, "InvalidApi.NotFound")
	if got := c.UnknownActions(); !slices.Equal(got, []string{"2022-01-01 DescribeVpcPeerConnections"}) {
		t.Errorf("recorded %q", got)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, start func(*simulator.Cloud) rig) {
		c := newCloud(request("pcc-1"))
		c.Deny(accepter, "RejectVpcPeerConnection")
		c.Deny(requester, "*")
		r := start(c)
		_, err := r.as(accepterKey).reject("pcc-1", "", false)
		var e *sdkerrors.ServerError
		if !errors.As(err, &e) || e.HttpStatus() != 403 || e.ErrorCode() != "Forbidden.RAM" {
			t.Fatalf("got %v", err)
		}
		if d := e.AccessDeniedDetail(); d["AuthAction"] != "vpc:RejectVpcPeerConnection" || d["AuthPrincipalOwnerId"] != string(accepter) {
			t.Errorf("detail %v", d)
		}
		_, err = r.as(accepterKey).get("pcc-1")
		wantCode(t, "another action", err, "")
		_, err = r.as(requesterKey).get("pcc-1")
		wantCode(t, "all actions", err, "Forbidden.RAM")
		wantStatus(t, c, "pcc-1", "Accepting")
		c.Allow(accepter, "RejectVpcPeerConnection")
		_, err = r.as(accepterKey).reject("pcc-1", "", false)
		wantCode(t, "allowed again", err, "")
	})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	got := newCloud().Secrets()
	slices.Sort(got)
	want := []string{accepterKey.Secret, requesterKey.Secret, sessionKey.Secret, strangerKey.Secret, sessionKey.Token}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
