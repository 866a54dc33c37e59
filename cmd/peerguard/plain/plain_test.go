package plain_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"peerguard/cmd/peerguard/plain"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                    "",
		"vpc-a":               "vpc-a",
		`"q" 'q' <b> & \n`:    `"q" 'q' <b> & \n`,
		"שלום 网络 e\u0301":     "שלום 网络 e\u0301",
		"\x1b[2Ja":            `\x1b[2Ja`,
		"a\x00b\nc\td\re\x7f": `a\x00b\nc\td\re\x7f`,
		"\u0085\u009b31m":     `\u0085\u009b31m`,
		"\u202egnp.exe":       `\u202egnp.exe`,
		"zero\u200bwidth":     `zero\u200bwidth`,
		"\ufeff\u2028\u00a0":  `\ufeff\u2028\u00a0`,
		"\xff\xc0":            `\xff\xc0`,
		"\ufffd":              "\ufffd",
		"\U000e0041":          `\U000e0041`,
	} {
		if got := plain.Text(in); got != want {
			t.Errorf("Text(%q) is %q, want %q", in, got, want)
		}
	}
}

// FuzzText: what comes out is printable, and plain already.
func FuzzText(f *testing.F) {
	f.Add("\x1b]0;title\x07 \u202e \xff \u009b")
	f.Fuzz(func(t *testing.T, text string) {
		shown := plain.Text(text)
		for _, r := range shown {
			if !unicode.IsPrint(r) {
				t.Errorf("Text(%q) holds %q", text, r)
			}
		}
		if !utf8.ValidString(shown) || plain.Text(shown) != shown {
			t.Errorf("Text(%q) is %q, which is not plain", text, shown)
		}
	})
}
