package simulator

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the algorithm of signature version 1.0
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// acs3 is signature version 3 of newer SDKs, the aliyun command and Terraform. It puts the action, the version and the
// signature into headers. https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
const acs3 = "ACS3-HMAC-SHA256"

// skew is how far the Timestamp of a call may differ from the clock.
const skew = 15 * time.Minute

// checkSignature compares the signature of a call with one made with the secret of its key.
func (cl *call) checkSignature(k Key) *apiError {
	var text, want string
	switch cl.params.get("SignatureMethod") + " " + cl.params.get("SignatureVersion") {
	case "HMAC-SHA1 1.0":
		text = stringToSign(cl.message.method, cl.params)
		want = sign(text, k.Secret)
	case acs3 + " 3":
		if !cl.message.allSigned() {
			return badRequest("IncompleteSignature", "The host and every x-acs- header must be signed.")
		}
		text = cl.message.canonical()
		want = signACS3(text, k.Secret)
	default:
		return badRequest("IncompleteSignature", "The request signature does not conform to Aliyun standards.")
	}
	if !hmac.Equal([]byte(want), []byte(cl.params.get("Signature"))) {
		return badRequest("SignatureDoesNotMatch", "Specified signature is not matched with our calculation. server string to sign is:%s", text)
	}
	return nil
}

// checkTime refuses a call whose Timestamp is too far from the clock.
func (cl *call) checkTime(now time.Time) *apiError {
	at, err := time.Parse(TimeFormat, cl.params.get("Timestamp"))
	if err != nil {
		return badRequest("InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if d := now.Sub(at); d > skew || d < -skew {
		return badRequest("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	return nil
}

// stringToSign returns what signature version 1.0 signs: the method, the path, and the sorted parameters, encoded twice.
func stringToSign(method string, ps params) string {
	canonical := ps.encode(make([]byte, 0, 1024))
	text := make([]byte, 0, 2*len(canonical))
	text = append(text, method...)
	text = append(text, "&%2F&"...)
	return string(percentEncode(text, string(canonical)))
}

// encode appends the sorted and encoded parameters, except for the signature itself.
func (ps params) encode(b []byte) []byte {
	for _, p := range ps {
		if p.name == "Signature" {
			continue
		}
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = percentEncode(b, p.name)
		b = append(b, '=')
		b = percentEncode(b, p.value)
	}
	return b
}

// percentEncode encodes all but the unreserved characters of RFC 3986.
func percentEncode(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		if ch := s[i]; unreserved(ch) {
			b = append(b, ch)
		} else {
			b = append(b, '%', digits[ch>>4], digits[ch&15])
		}
	}
	return b
}

func unreserved(ch byte) bool {
	return 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || '0' <= ch && ch <= '9' ||
		ch == '-' || ch == '_' || ch == '.' || ch == '~'
}

// sign returns a signature of version 1.0: HMAC-SHA1 in base64.
func sign(text, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// acs3Headers maps the headers of version 3 to the parameters of version 1.0.
var acs3Headers = map[string]string{
	"x-acs-action":          "Action",
	"x-acs-version":         "Version",
	"x-acs-date":            "Timestamp",
	"x-acs-signature-nonce": "SignatureNonce",
	"x-acs-security-token":  "SecurityToken",
}

// acs3Params adds what the headers say to the parameters of a call. Parameters of the same names are ignored.
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

// canonical returns what signature version 3 signs: the hash of method, path, query, signed headers and the body's hash.
// The body's hash is computed here and not taken from the header, so a body that was exchanged does not pass.
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

// allSigned reports whether the signature covers the host and every x-acs- header.
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

// canonicalQuery returns the sorted and encoded query. A query that cannot be read is returned as it is and matches no
// signature.
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

// signACS3 returns a signature of version 3: HMAC-SHA256 in hexadecimal.
func signACS3(text, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
