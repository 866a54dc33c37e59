package acs

import (
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"peerguard/function/peering"
	"peerguard/simulator/platform"
)

const signature = "c2lnbmF0dXJlK29m/3RoZSByZXF1ZXN0="

var canaries = platform.Credentials()

// escapes are the ways in which an answer may write what was sent to it.
var escapes = map[string]func(string) string{
	"as it is":                func(s string) string { return s },
	"for a URL":               url.QueryEscape,
	"for a path":              url.PathEscape,
	"in small letters":        func(s string) string { return everyByte(s, "%%%02x") },
	"in capitals":             func(s string) string { return everyByte(s, "%%%02X") },
	"twice":                   func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"five times":              func(s string) string { return strings.ReplaceAll(everyByte(s, "%%%02x"), "%", "%25252525") },
	"for JSON":                func(s string) string { return everyByte(s, `\u%04x`) },
	"for JSON, twice":         func(s string) string { return everyByte(s, `\\u%04X`) },
	"quoted":                  func(s string) string { return strconv.Quote(strconv.QuoteToASCII(s)) },
	"with escaped slashes":    func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
	"as Go and C write bytes": func(s string) string { return everyByte(s, `\x%02x`) },
	"as old JavaScript":       func(s string) string { return everyByte(s, "%%u%04x") },
	"for HTML":                html.EscapeString,
	"for HTML, by number":     func(s string) string { return everyByte(s, "&#%d;") },
	"for HTML, in hex":        func(s string) string { return everyByte(s, "&#x%x;") },
	"for HTML, then a URL":    func(s string) string { return url.QueryEscape(everyByte(s, "&#%d;")) },
	"for a URL, then HTML":    func(s string) string { return everyByte(url.QueryEscape(s), "&#%d;") },
}

func everyByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// shows reports whether 16 characters of a secret can be read in a text.
func shows(text, secret string) bool {
	for i := range len(secret) - pieceLength + 1 {
		if strings.Contains(text, secret[i:i+pieceLength]) {
			return true
		}
	}
	return false
}

// TestNoSecretOutlivesCleaning: neither whole nor in pieces, however it is escaped, and wherever it is in a text.
func TestNoSecretOutlivesCleaning(t *testing.T) {
	t.Parallel()
	r := newRedactor(canaries.Sealed(), signature)
	for what, secret := range map[string]string{"key id": canaries.AccessKeyID, "secret": canaries.AccessKeySecret, "token": canaries.SecurityToken, "signature": signature} {
		for piece, said := range map[string]string{"whole": secret, "beginning": secret[:16], "middle": secret[5:22], "end": secret[len(secret)-16:], "all but an end": secret[1:]} {
			for how, escape := range escapes {
				for _, around := range []string{"%s", "the key %s is unknown", "<%s&", "100%% %s", `a\%s\`, "%[1]s%[1]s"} {
					text := fmt.Sprintf(around, escape(said))
					got := r.clean(text, 10_000)
					if leaks := platform.Leaks(got); leaks != nil || shows(got, secret) || !strings.Contains(got, redacted) {
						t.Errorf("%s of the %s, %s: %q became %q", piece, what, how, text, got)
					}
				}
			}
		}
	}
}

// TestCleaningKeepsTheRest: an honest text comes back as it was, escapes included, on one line of bounded length.
func TestCleaningKeepsTheRest(t *testing.T) {
	t.Parallel()
	r := newRedactor(canaries.Sealed(), signature)
	for text, want := range map[string]string{
		"":                               "",
		"100%25 of &lt;it&gt; \\u0041":   "100%25 of &lt;it&gt; \\u0041",
		"canaryThat" + "Secret":          "canaryThatSecret", // too short to tell anything
		canaries.SecurityToken[:15]:      canaries.SecurityToken[:15],
		"a\nb\x00c\u009b31m":             "a b c 31m",
		"\u202eevil\u2066\u200b\u2028":   " evil   ",
		"bad \xff\xfe bytes":             "bad  bytes",
		strings.Repeat("é", 100):         strings.Repeat("é", 62) + "…",
		strings.Repeat("x", 10_000):      strings.Repeat("x", 125) + "…",
		"%" + strings.Repeat("25", 20):   redacted, // nobody escapes that often with good intent
		"a" + canaries.AccessKeyID + "b": "a" + redacted + "b",
		"a=%26&b=" + url.QueryEscape(canaries.SecurityToken) + "&c=%20": "a=&&b=" + redacted + "~==&c= ",
	} {
		got := r.clean(text, 128)
		if got != want || !utf8.ValidString(got) || len(got) > 128 {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestShortSecretsHideNoWords: what is no key must not eat into every message.
func TestShortSecretsHideNoWords(t *testing.T) {
	t.Parallel()
	r := newRedactor(peering.NewCredentials("id", "secret-of-mine", ""), "")
	if got := r.clean("an invalid id, or secret-of-mine", 128); got != "an invalid id, or "+redacted {
		t.Errorf("got %q", got)
	}
}

// FuzzClean: whatever an answer says, no secret can be read in what is shown of it, with any number of escapes undone.
func FuzzClean(f *testing.F) {
	for _, escape := range escapes {
		f.Add("x" + escape("$T") + "$K%2" + escape("$S"))
	}
	f.Add("$T%$T&$T;\\$T")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.NewReplacer("$K", canaries.AccessKeyID, "$S", canaries.AccessKeySecret, "$T", canaries.SecurityToken, "$P", canaries.SecurityToken[4:21],
			"$U", url.QueryEscape(canaries.SecurityToken), "$L", strings.ToLower(url.QueryEscape("+/=&"))).Replace(text)
		got := newRedactor(canaries.Sealed(), signature).clean(text, 200)
		if leaks := platform.Leaks(got); leaks != nil || len(got) > 200 || strings.ContainsAny(got, "\n\r\x00") || !utf8.ValidString(got) {
			t.Errorf("%q became %q, which shows %v", text, got, leaks)
		}
	})
}

func BenchmarkClean(b *testing.B) {
	token := strings.Repeat("CAISrandomToken0123456789abcdef/+", 30)
	r := newRedactor(peering.NewCredentials(canaries.AccessKeyID, canaries.AccessKeySecret, token), signature)
	for b.Loop() {
		for _, text := range []string{"pcc-lnk0m24khwvtkm0000", "cn-hangzhou", "vpc-bp1xxxxxxxxxxxxxxxxxx", "cn-shanghai", "vpc-uf6xxxxxxxxxxxxxxxxxx", "10.1.0.0/16", "2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z", "Accepting", "to production"} {
			r.clean(text, 128)
		}
	}
}
