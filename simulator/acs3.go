package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// acs3 is signature version 3, which newer SDKs, the aliyun command and Terraform use: action, version and proof
// travel in headers. https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
const acs3 = "ACS3-HMAC-SHA256"

// acs3Headers are the headers that hold what version 1.0 has as parameters.
var acs3Headers = map[string]string{
	"x-acs-action":          "Action",
	"x-acs-version":         "Version",
	"x-acs-date":            "Timestamp",
	"x-acs-signature-nonce": "SignatureNonce",
	"x-acs-security-token":  "SecurityToken",
}

// acs3Params adds to the parameters of a call what its headers say. A parameter of such a name counts for nothing.
func (m message) acs3Params(ps params, authorization string) params {
	auth := acs3Fields(authorization)
	taken := map[string]string{
		"SignatureMethod": acs3, "SignatureVersion": "3", "AccessKeyId": auth["Credential"], "Signature": auth["Signature"],
	}
	for header, name := range acs3Headers {
		taken[name] = m.header.Get(header)
	}
	ps = slices.DeleteFunc(ps, func(p param) bool { _, is := taken[p.name]; return is })
	for name, value := range taken {
		ps = append(ps, param{name, value})
	}
	return ps
}

// acs3Fields splits Credential=…,SignedHeaders=…,Signature=….
func acs3Fields(authorization string) map[string]string {
	fields := map[string]string{}
	for part := range strings.SplitSeq(authorization, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	return fields
}

// canonical builds what signature version 3 signs: the hash of method, path, query, signed headers and the body's hash.
// That the body is the one that was hashed is part of it: the hash is computed here, not taken from the header.
func (m message) canonical() string {
	signed := m.signedHeaders()
	var headers strings.Builder
	for name := range strings.SplitSeq(signed, ";") {
		headers.WriteString(name + ":" + m.signedHeader(name) + "\n")
	}
	path := m.path
	if path == "" {
		path = "/"
	}
	text := strings.Join([]string{m.method, path, canonicalQuery(m.query), headers.String(), signed, hash(string(m.body))}, "\n")
	return acs3 + "\n" + hash(text)
}

func (m message) signedHeaders() string {
	return acs3Fields(strings.TrimPrefix(m.header.Get("Authorization"), acs3+" "))["SignedHeaders"]
}

// allSigned reports whether the signature covers what it has to.
func (m message) allSigned() bool {
	signed := strings.Split(m.signedHeaders(), ";")
	for name := range m.header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-acs-") && !slices.Contains(signed, name) {
			return false
		}
	}
	return slices.Contains(signed, "host")
}

func (m message) signedHeader(name string) string {
	if name == "host" {
		return m.host
	}
	return strings.TrimSpace(m.header.Get(name))
}

// canonicalQuery sorts and encodes the query; what cannot be read stands for itself and matches no signature.
func canonicalQuery(query string) string {
	ps, err := parseParams(query, "")
	if err != nil {
		return query
	}
	return string(ps.encode(nil))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func signACS3(text, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
