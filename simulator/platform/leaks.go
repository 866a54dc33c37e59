package platform

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"peerguard/function/peering"
)

// Secrets are credentials that look like real ones and are easy to recognise. No two of them share 16 characters.
type Secrets struct{ AccessKeyID, AccessKeySecret, SecurityToken string }

// Sealed returns the secrets as an invocation holds them.
func (s Secrets) Sealed() peering.Credentials {
	return peering.NewCredentials(s.AccessKeyID, s.AccessKeySecret, s.SecurityToken)
}

// Credentials returns the credentials that come with every invocation.
func Credentials() Secrets {
	return Secrets{
		AccessKeyID:     "STS.NTcanaryThatComesWithInvocations",
		AccessKeySecret: "canarySecretOfTheInvocation44c9",
		SecurityToken:   "CAIScanary+Security/Token=Of&TheInvocation%7e==",
	}
}

// processCredentials returns the credentials in the environment of a process, which the function has no reason to use.
func processCredentials() Secrets {
	return Secrets{
		AccessKeyID:     "STS.NTcanaryOfTheProcessEnvironment",
		AccessKeySecret: "canarySecretInTheProcess1f0b",
		SecurityToken:   "CAIScanary-Unneeded/Token=In&TheProcess%7e==",
	}
}

// pieceSize is the number of characters from which a part of a secret counts as a leak.
const pieceSize = 16

// pieces returns every piece of every secret, as it is and with its escapes resolved, with the name of the secret.
var pieces = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for of, s := range map[string]Secrets{"the invocation": Credentials(), "the process": processCredentials()} {
		for field, secret := range map[string]string{
			"AccessKeyId": s.AccessKeyID, "AccessKeySecret": s.AccessKeySecret, "SecurityToken": s.SecurityToken,
		} {
			for _, text := range []string{secret, unescape(secret)} {
				for i := range len(text) - pieceSize + 1 {
					all[text[i:i+pieceSize]] = field + " of " + of
				}
			}
		}
	}
	return all
})

// Leaks returns the name of every secret of an invocation or a process of which output contains 16 characters in a row:
// plain, escaped for a URL, for JSON or for HTML (also more than once), in hexadecimal, or inside a base64 text.
func Leaks(output string) []string {
	found := map[string]bool{}
	for range 4 {
		search(output, found)
		for decoded := range decodings(output) {
			search(decoded, found)
			search(unescape(decoded), found)
		}
		plain := unescape(output)
		if plain == output {
			break
		}
		output = plain
	}
	return slices.Sorted(maps.Keys(found))
}

// search adds the name of each secret of which text contains a piece.
func search(text string, found map[string]bool) {
	all, beginnings := pieces(), beginnings()
	for i := range len(text) - pieceSize + 1 {
		if !beginnings[text[i]][text[i+1]] {
			continue
		}
		if secret, leaked := all[text[i:i+pieceSize]]; leaked {
			found[secret] = true
		}
	}
}

// beginnings says with which two bytes a piece can begin. It makes search ten times as fast.
var beginnings = sync.OnceValue(func() *[256][256]bool {
	var can [256][256]bool
	for piece := range pieces() {
		can[piece[0]][piece[1]] = true
	}
	return &can
})

// unescape resolves one level of the escapes of URLs (%26), JSON (\u0026, \/), Go (\x26) and HTML (&amp;).
func unescape(text string) string {
	var b strings.Builder
	for {
		next := strings.IndexAny(text, `%\`)
		if next < 0 {
			b.WriteString(text)
			return html.UnescapeString(b.String())
		}
		char, size := unescapeOne(text[next:])
		b.WriteString(text[:next])
		b.WriteByte(char)
		text = text[next+size:]
	}
}

// unescapeOne returns the first character of a text, and how many bytes of the text it takes.
func unescapeOne(text string) (char byte, size int) {
	for _, prefix := range []string{"%", `\u00`, `\x`} {
		if digits, ok := strings.CutPrefix(text, prefix); ok && len(digits) >= 2 {
			if code, err := hex.DecodeString(digits[:2]); err == nil {
				return code[0], len(prefix) + 2
			}
		}
	}
	if strings.HasPrefix(text, `\/`) {
		return '/', 2
	}
	return text[0], 1
}

// decodings yields what the hexadecimal and base64 texts in a text may stand for, from each of their first characters
// with which a byte or a group can begin.
func decodings(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		standard := strings.NewReplacer("-", "+", "_", "/")
		for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !inBase64(r) }) {
			if len(run) < pieceSize*8/6 {
				continue
			}
			for start := range 4 {
				part := standard.Replace(run[start:])
				decoded, err := base64.RawStdEncoding.DecodeString(part[:len(part)/4*4])
				if err == nil && !yield(string(decoded)) {
					return
				}
			}
		}
		for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !inHex(r) }) {
			if len(run) < pieceSize*2 {
				continue
			}
			for start := range 2 {
				part := run[start:]
				decoded, err := hex.DecodeString(part[:len(part)/2*2])
				if err == nil && !yield(string(decoded)) {
					return
				}
			}
		}
	}
}

func inHex(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F'
}

func inBase64(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '+' || r == '/' || r == '-' || r == '_'
}
