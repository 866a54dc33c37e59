package simulator

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The example of the documentation with its values:
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func documented() message {
	h := http.Header{}
	for name, value := range map[string]string{
		"Authorization": acs3 + " Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
			"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
		"x-acs-action":          "RunInstances",
		"x-acs-version":         "2014-05-26",
		"x-acs-date":            "2023-10-26T10:22:32Z",
		"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
		"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	} {
		h.Set(name, value)
	}
	return message{
		method: http.MethodPost, path: "/", host: "ecs.cn-shanghai.aliyuncs.com", header: h,
		query: "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
	}
}

func TestACS3DocumentedExample(t *testing.T) {
	t.Parallel()
	got := signACS3(documented().canonical(), "YourAccessKeySecret")
	if want := "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// acs3Message is a signed List with a form body, as the newer SDKs send it.
func acs3Message(k Key, nonce string) message {
	m := message{method: http.MethodPost, path: "/", host: "localhost", query: "RegionId=cn-shanghai&MaxResults=20", header: http.Header{}, body: []byte("Name=a%20b")}
	headers := map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "X-Acs-Action": "ListVpcPeerConnections", "X-Acs-Version": peerVersion,
		"X-Acs-Date": time.Now().UTC().Format(TimeFormat), "X-Acs-Signature-Nonce": nonce, "X-Acs-Content-Sha256": hash("Name=a%20b"),
	}
	signed := "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
	if k.Token != "" {
		headers["X-Acs-Security-Token"] = k.Token
		signed = strings.Replace(signed, "x-acs-signature-nonce", "x-acs-security-token;x-acs-signature-nonce", 1)
	}
	for name, value := range headers {
		m.header.Set(name, value)
	}
	m.header.Set("Authorization", acs3+" Credential="+k.ID+",SignedHeaders="+signed+",Signature=")
	m.header.Set("Authorization", m.header.Get("Authorization")+signACS3(m.canonical(), k.Secret))
	return m
}

func TestACS3Calls(t *testing.T) {
	t.Parallel()
	session := Key{ID: "STS.1", Secret: "s", Token: "t", Account: "1111111111111111"}
	plain := Key{ID: "AK1", Secret: "s", Account: "1111111111111111"}
	cases := []struct {
		name   string
		key    Key
		change func(*message)
		want   string
	}{
		{"a key", plain, func(*message) {}, ""},
		{"a session", session, func(*message) {}, ""},
		{"no path", plain, func(m *message) { m.path = "" }, ""},
		{"another query", plain, func(m *message) { m.query = "RegionId=cn-hangzhou" }, "SignatureDoesNotMatch"},
		{"another body", plain, func(m *message) { m.body = []byte("Name=c") }, "SignatureDoesNotMatch"},
		{"another host", plain, func(m *message) { m.host = "example.com" }, "SignatureDoesNotMatch"},
		{"another action", plain, func(m *message) { m.header.Set("x-acs-action", "RejectVpcPeerConnection") }, "SignatureDoesNotMatch"},
		{"another secret", Key{ID: "AK1", Secret: "x"}, func(*message) {}, "SignatureDoesNotMatch"},
		{"a token that the key does not have", plain, func(m *message) { m.header.Set("x-acs-security-token", "t") }, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"an unsigned header", plain, func(m *message) { m.header.Set("x-acs-more", "1") }, "IncompleteSignature"},
		{"no nonce", plain, func(m *message) { m.header.Del("x-acs-signature-nonce") }, "MissingSignatureNonce"},
		{"an action as parameter", plain, func(m *message) { m.query += "&Action=Explode" }, "SignatureDoesNotMatch"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := &Cloud{}
			c.AddKey(plain)
			c.AddKey(session)
			m := acs3Message(tc.key, "n")
			tc.change(&m)
			if a := c.exchange(context.Background(), m); a.code != tc.want {
				t.Errorf("got %q, want %q", a.code, tc.want)
			}
		})
	}
}

func TestACS3QueryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	if got := canonicalQuery("a=%zz"); got != "a=%zz" {
		t.Errorf("got %q", got)
	}
}
