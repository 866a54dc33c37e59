package acs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"peerguard/function/acs"
)

// TestHostileAnswers: an answer that repeats the whole request reveals no secret.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"message":      `{"Code":"InvalidParameter","Message":"%s","RequestId":"r"}`,
		"request id":   `{"Code":"InvalidParameter","Message":"m","RequestId":"%s"}`,
		"code":         `{"Code":"%s","Message":"m","RequestId":"r"}`,
		"signature":    `{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:%s","RequestId":"r"}`,
		"no JSON":      `%s`,
		"long message": `{"Code":"InvalidParameter","Message":"` + strings.Repeat("x", 500) + `%s","RequestId":"r"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.WriteHeader(http.StatusBadRequest)
				q := r.URL.Query()
				said := q.Get("AccessKeyId") + " " + q.Get("SecurityToken") + " " + q.Get("Signature") + " " + r.URL.RawQuery
				_, _ = rw.Write([]byte(strings.Replace(answer, "%s", said, 1)))
			}))
			t.Cleanup(server.Close)
			s := newClient(acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: parsed(t, server.URL)}})
			err := s.get(within(t, 3*time.Second), home, "pcc-one")
			f := failed(t, err)
			leakFree(t, f.Error()+f.RequestID)
		})
	}
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
	err := s.get(within(t, 2*time.Second), home, "pcc-one")
	if f := failed(t, err); f.Code != "NetworkError" || !strings.Contains(f.Message, "redirects") {
		t.Errorf("got %v", err)
	}
}
