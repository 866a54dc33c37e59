package acs_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
)

// TestHostileAnswers: an answer that repeats the whole request, in whatever way, reveals no secret.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"message":      `{"Code":"InvalidParameter","Message":"%s","RequestId":"r"}`,
		"request id":   `{"Code":"InvalidParameter","Message":"m","RequestId":"%s"}`,
		"code":         `{"Code":"%s","Message":"m","RequestId":"r"}`,
		"dotted code":  `{"Code":"Invalid.%s","Message":"m","RequestId":"r"}`,
		"signature":    `{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:%s","RequestId":"r"}`,
		"no JSON":      `%s`,
		"long message": `{"Code":"InvalidParameter","Message":"` + strings.Repeat("x", 500) + `%s","RequestId":"r"}`,
	} {
		for _, what := range echoes {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				signatures := make(chan string, 100)
				server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					signatures <- r.URL.Query().Get("Signature")
					rw.WriteHeader(http.StatusBadRequest)
					_, _ = rw.Write([]byte(strings.Replace(answer, "%s", echo(what, r.URL), 1)))
				}))
				t.Cleanup(server.Close)
				s := newClient(acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: parsed(t, server.URL)}})
				f := failed(t, s.get(within(t, 3*time.Second), home))
				text := f.Code + f.Error() + f.RequestID
				leakFree(t, text)
				close(signatures)
				for signed := range signatures {
					if strings.Contains(text, signed[:16]) || strings.Contains(text, signed[len(signed)-16:]) {
						t.Errorf("a piece of the signature is in %s", text)
					}
				}
			})
		}
	}
}

// echoes are what a hostile answer repeats.
var echoes = []string{"everything", "AccessKeyId", "SecurityToken", "Signature", "a piece", "small escapes", "HTML"}

func echo(what string, request *url.URL) string {
	q := request.Query()
	token := q.Get("SecurityToken")
	switch what {
	case "everything":
		return q.Get("AccessKeyId") + " " + token + " " + q.Get("Signature") + " " + request.RawQuery
	case "a piece":
		return token[7:23]
	case "small escapes":
		return strings.ToLower(url.QueryEscape("+/=&")) + strings.ReplaceAll(url.QueryEscape(token), "%2B", "%2b")
	case "HTML":
		return html.EscapeString(token)
	}
	return q.Get(what)
}

// TestRedirectIsNotFollowed: the signed request stays where it was sent.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed: %s", r.URL.Path)
	}))
	t.Cleanup(elsewhere.Close)
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	s := newClient(acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: parsed(t, server.URL)}})
	err := s.get(within(t, 2*time.Second), home)
	if f := failed(t, err); f.Code != "NetworkError" || !strings.Contains(f.Message, "redirects") {
		t.Errorf("got %v", err)
	}
}
