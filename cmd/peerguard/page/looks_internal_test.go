package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSecurity: the security policy allows exactly the style and the script that are on the page, and nothing on the page needs more.
func TestSecurity(t *testing.T) {
	t.Parallel()
	for _, text := range []string{string(style), string(script)} {
		if !strings.Contains(security, "'"+digest(text)+"'") {
			t.Errorf("the security policy %q lacks the digest of %.40q…", security, text)
		}
	}
	if n := strings.Count(security, "sha256-"); n != 2 || strings.Contains(security, "unsafe") {
		t.Errorf("the security policy allows more than style and script: %s", security)
	}
	fetches := regexp.MustCompile(`(?i)https?:|//[a-z]|url\(|@import|\bsrc=|\bfetch\(|XMLHttp|innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|\bFunction\(| style="| on[a-z]+="`)
	for name, text := range map[string]string{"page.html": markup, "parts.html": parts, "evidence.html": evidenceMarkup, "style.css": string(style), "script.js": string(script)} {
		if found := fetches.FindString(text); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

// TestSigns: each outcome has a label, a sign of its own shape, and a colour.
func TestSigns(t *testing.T) {
	t.Parallel()
	shapes := map[string]string{}
	for _, k := range kinds {
		if k.Label == "" || k.Means == "" {
			t.Errorf("%s has no words", k.Outcome)
		}
		sign := regexp.MustCompile(`<symbol id="sign-` + string(k.Outcome) + `"[^>]*>(.*)</symbol>`).FindStringSubmatch(parts)
		if sign == nil {
			t.Errorf("%s has no sign", k.Outcome)
			continue
		}
		if other, taken := shapes[sign[1]]; taken {
			t.Errorf("%s has the sign of %s", k.Outcome, other)
		}
		shapes[sign[1]] = string(k.Outcome)
		if tone := "." + string(k.Outcome) + " { --tone: var(--" + string(k.Outcome) + ");"; !strings.Contains(string(style), tone) {
			t.Errorf("the style has no %q", tone)
		}
	}
}

// TestContrast: every text has a contrast of at least 4.5 to 1 on every background, in both themes
// (https://www.w3.org/TR/WCAG22/#contrast-minimum).
func TestContrast(t *testing.T) {
	t.Parallel()
	palette := regexp.MustCompile(`--(\w+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`).FindAllStringSubmatch(string(style), -1)
	if len(palette) != 15 {
		t.Fatalf("the palette has %d colours", len(palette))
	}
	colours := map[string][]string{}
	for _, c := range palette {
		colours[c[1]] = c[2:]
	}
	for _, ground := range []string{"page", "surface", "raised"} {
		for name, both := range colours {
			if name == "page" || name == "surface" || name == "raised" || name == "edge" {
				continue
			}
			for i, theme := range []string{"light", "dark"} {
				if ratio := contrast(t, both[i], colours[ground][i]); ratio < 4.5 {
					t.Errorf("%s on %s in the %s theme has a contrast of %.2f", name, ground, theme, ratio)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"vpc-a":                        "vpc-a",
		"a b":                          "a b",
		`"q" 'q' <b> &`:                `"q" 'q' <b> &`,
		"\u202egnp.exe":                `\u202egnp.exe`,
		"a\x00b\nc\td":                 `a\x00b\nc\td`,
		"\xff\xc0":                     `\xff\xc0`,
		"\ufffd":                       "\ufffd",
		"zero\u200bwidth":              `zero\u200bwidth`,
		"שלום":                         "שלום",
		"\U000e0041":                   `\U000e0041`,
		strings.Repeat("ä", maxText):   strings.Repeat("ä", maxText),
		strings.Repeat("ä", maxText+1): strings.Repeat("ä", maxText) + "…",
	} {
		if got := bounded(in); got != want {
			t.Errorf("bounded(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1_000), "1,000"}, {thousands(1_234_567), "1,234,567"},
		{count(1, "line"), "1 line"}, {count(0, "line"), "0 lines"}, {count(2_000, "line"), "2,000 lines"},
		{shorten("vpc-abcdef", 10), "vpc-abcdef"}, {shorten("vpc-abcdefg", 10), "vpc-abcde…"},
		{listed(nil, 2), ""}, {listed([]string{"a", "b"}, 2), "a, b"}, {listed([]string{"a", "b", "c", "d"}, 2), "a, b, 2 more"},
		{joined(" · ", "", "b", "", "d"), "b · d"}, {fmt.Sprint(kindOf("new")), "{unknown new }"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
