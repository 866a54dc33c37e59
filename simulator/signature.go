package simulator

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the algorithm of signature version 1.0
	"encoding/base64"
	"hash/maphash"
	"time"
)

// skew is how far the Timestamp of a call may be off.
const skew = 15 * time.Minute

// stringToSign builds what signature version 1.0 signs: the method, the path, and the sorted parameters, encoded twice.
func stringToSign(method string, ps params) string {
	canonical := ps.encode(make([]byte, 0, 1024))
	text := make([]byte, 0, 2*len(canonical))
	text = append(text, method...)
	text = append(text, "&%2F&"...)
	return string(percentEncode(text, string(canonical)))
}

// encode appends the parameters, sorted and encoded, without the signature itself.
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

// percentEncode encodes everything but the unreserved characters of RFC 3986.
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

// sign is signature version 1.0 with HMAC-SHA1.
func sign(text, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// checkSignature verifies a call against the secret of its key.
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

// nonces remembers which nonces were used, at least for as long as their timestamps are good, within bounds:
// two generations of hashes, the older one dropped when the younger one is full or old.
type nonces struct {
	seed         maphash.Seed
	young, older map[uint64]struct{}
	since        time.Time
}

const maxNonces = 1 << 19 // of a generation

// used records a nonce of a key and reports whether it had been used before.
func (n *nonces) used(key, nonce string, now time.Time) bool {
	if n.young == nil {
		n.seed = maphash.MakeSeed()
	}
	if n.young == nil || len(n.young) >= maxNonces || now.Sub(n.since) > 2*skew {
		n.older, n.young, n.since = n.young, map[uint64]struct{}{}, now
	}
	h := maphash.String(n.seed, key+"\x00"+nonce)
	_, old := n.older[h]
	_, young := n.young[h]
	n.young[h] = struct{}{}
	return old || young
}
