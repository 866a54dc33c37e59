package peering

import (
	"strings"
	"testing"
)

// TestTokens: these values are promised to the outside. An update that changed them would make a repeated delivery a
// second effect.
func TestTokens(t *testing.T) {
	t.Parallel()
	id := "45ef4dew-7c35-447a-bd93-fab000000000"
	for _, tt := range []struct{ what, got, want string }{
		{"an event's id", EventToken(id), id},
		{"an id of 64 characters", EventToken(strings.Repeat("a:", 32)), strings.Repeat("a:", 32)},
		// printf '%s' TEXT | sha256sum
		{"an id of 65 characters", EventToken(strings.Repeat("a", 65)), "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
		{"an id of 64 hex digits", EventToken(strings.Repeat("0aB", 21) + "f"), "82bd7e35bfa64cd3fc42cabb2a451ce463b8ccfb35cbea9491d10e923590b9a3"},
		{"an id of 64 digits", EventToken(strings.Repeat("1", 64)), "3138bb9bc78df27c473ecfd1410f7bd45ebac1f59cf3ff9cfe4db77aab7aedd3"},
		{"an id of 63 hex digits", EventToken(strings.Repeat("0aB", 21)), strings.Repeat("0aB", 21)},
		{"an id of 64, nearly hex", EventToken(strings.Repeat("0aB", 21) + "g"), strings.Repeat("0aB", 21) + "g"},
		{"an id with a blank", EventToken("a b"), "c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65"},
		{"no id", EventToken(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"a sweep", SweepToken("2026-11-20T06:00:00Z", "pcc-a"), "41b52f625cfd452e8df39c842aed61ed59e0f018612599af78ccf9901c440ab9"},
		{"a dry run", DryRunToken(id), "a467778ff5f02778b615d2631263b991eceaa38c374706f8396e3876cd8d3e55"},
		{"a token that is taken", SubstituteToken(id, "pcc-a"), "aa45486d927417b69cf574aef1b17a0c6a97f750676465a7d436b7d01f6d4b44"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}
