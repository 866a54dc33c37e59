package peering_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/rs/zerolog"

	"peerguard/function/peering"
)

var canary = peering.NewCredentials("canary-id", "canary-secret", "canary-token")

// What holds credentials in peerguard and could be printed by mistake: an exported field, an unexported one, which fmt
// prints without calling any method, and both deeper down.
type (
	open   struct{ Credentials peering.Credentials }
	closed struct{ credentials peering.Credentials }
	deep   struct {
		slots map[string]*closed
		list  []closed
		any   any
		open  open
	}
)

func holders() map[string]any {
	inner := closed{canary}
	return map[string]any{
		"itself": canary, "pointer": &canary, "open": open{canary}, "pointer to open": &open{canary}, "list": []peering.Credentials{canary},
		"map": map[string]any{"a": canary}, "closed": inner, "pointer to closed": &inner, "list of closed": []closed{inner},
		"deep": deep{map[string]*closed{"a": &inner}, []closed{inner}, canary, open{canary}}, "reflected": reflect.ValueOf(inner).Field(0),
		"error": errors.Join(fmt.Errorf("calling with %v and %+v", canary, inner)),
	}
}

// forms are the shapes in which fmt writes the first letters of every secret.
var forms = []string{"canary", "63616e617279", "63 61 6e 61 72 79", "99 97 110 97 114 121", "143 141 156 141 162 171"}

func leakFree(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range forms {
		if strings.Contains(strings.ToLower(text), form) {
			t.Errorf("%s shows a secret: %s", how, text)
		}
	}
}

// TestCredentialsDoNotPrint: no verb and no flag shows a secret, wherever the credentials are.
func TestCredentialsDoNotPrint(t *testing.T) {
	t.Parallel()
	for name, v := range holders() {
		for _, flags := range []string{"", "+", "#", " ", "-20", "020", "+#", "# ", "10.3"} {
			for _, verb := range "bcdeEfFgGoOpqstTUvwxXz" {
				format := "%" + flags + string(verb)
				leakFree(t, name+" with "+format, fmt.Sprintf(format, v))
			}
		}
		leakFree(t, name+" with Print", fmt.Sprint(v)+fmt.Sprintln(v))
	}
	for _, text := range []string{fmt.Sprintf("%x", canary), fmt.Sprintf("%#v", &canary), canary.String(), canary.GoString()} {
		if text != "[credentials]" {
			t.Errorf("got %q", text)
		}
	}
}

// TestCredentialsDoNotMarshal: encoders and loggers write the placeholder, or refuse.
func TestCredentialsDoNotMarshal(t *testing.T) {
	t.Parallel()
	all := holders()
	delete(all, "reflected") // is for fmt alone
	for name, v := range all {
		var out bytes.Buffer
		text, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		leakFree(t, name+" in JSON", string(text))
		log := zerolog.New(&out)
		log.Info().Interface("c", v).Any("any", v).Fields(map[string]any{"f": v}).Msgf("%v", v)
		leakFree(t, name+" in zerolog", out.String())
		out.Reset()
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "c", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", slog.Any("c", v), slog.Group("g", "c", v))
		leakFree(t, name+" in slog", out.String())
		out.Reset()
		if err := errors.Join(xml.NewEncoder(&out).Encode(v), gob.NewEncoder(&out).Encode(v), template.Must(template.New("").Parse("{{.}}")).Execute(&out, v)); err != nil {
			leakFree(t, name+" in an encoder's error", err.Error())
		}
		leakFree(t, name+" in XML, gob or a template", out.String())
	}
	if text, err := json.Marshal(open{canary}); err != nil || string(text) != `{"Credentials":"[credentials]"}` {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestTheLeakCheckCanFail: each form is what fmt makes of a secret that is not kept.
func TestTheLeakCheckCanFail(t *testing.T) {
	t.Parallel()
	for i, format := range []string{"%s", "%x", "% x", "%d", "%o"} {
		if text := fmt.Sprintf(format, []byte("canary")); !strings.Contains(text, forms[i]) {
			t.Errorf("%s writes %s, which %s is not in", format, text, forms[i])
		}
	}
}

// TestCredentialsGiveWhatTheyHold: the secrets come back as they were, and zero credentials have none.
func TestCredentialsGiveWhatTheyHold(t *testing.T) {
	t.Parallel()
	got := [...]string{canary.AccessKeyID(), canary.AccessKeySecret(), canary.SecurityToken()}
	if got != [...]string{"canary-id", "canary-secret", "canary-token"} {
		t.Errorf("got %q", got)
	}
	none := peering.Credentials{}
	if none.AccessKeyID()+none.AccessKeySecret()+none.SecurityToken() != "" || fmt.Sprint(none) != "[credentials]" {
		t.Errorf("zero credentials hold %q", none.AccessKeyID())
	}
	if kept := canary; kept != canary || canary == peering.NewCredentials("canary-id", "canary-secret", "canary-token") {
		t.Error("credentials are equal if and only if they come from one NewCredentials")
	}
}
