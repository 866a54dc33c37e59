package fc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var invokeLines = regexp.MustCompile(`^FC Invoke Start RequestId: [A-Za-z0-9._:-]{0,128}\nFC Invoke End RequestId: [A-Za-z0-9._:-]{0,128}\n$`)

// Whatever comes in: one of three statuses, told twice and alike; a body that is JSON; the handler runs for POST /invoke
// and for nothing else; and the log shows two lines for it, whatever the request id.
func FuzzCustomRuntime(f *testing.F) {
	for _, path := range []string{"/invoke", "/initialize", "/pre-stop", "/", "*", "//invoke", "/invoke\n"} {
		f.Add(http.MethodPost, path, "1-6741b2a0", "1732624800000", "60", "cn-shanghai", []byte(`{"a":1}`))
		f.Add(http.MethodGet, path, "a\nFC Invoke End RequestId: b", "-1", "1e9", "../x", []byte("\xff"))
	}
	f.Add(http.MethodPost, "/invoke", strings.Repeat("é", 100), "9223372036854775807", "-9223372036854775808", "", make([]byte, 101))
	f.Fuzz(func(t *testing.T, method, path, id, until, seconds, region string, body []byte) {
		var log bytes.Buffer
		runs := 0
		front := newFront(Config{Log: &log, MaxPayload: 100}, func(_ context.Context, inv Invocation, got []byte) (any, error) {
			runs++
			if !bytes.Equal(got, body) {
				t.Errorf("the handler got %q", got)
			}
			if strings.ContainsAny(inv.Region, "/.@:#?") {
				t.Errorf("region %q", inv.Region)
			}
			return inv, nil
		})
		r := &http.Request{Method: method, URL: &url.URL{Path: path}, Body: http.NoBody, Header: http.Header{
			headerRequestID: {id}, headerDeadline: {until}, headerTimeout: {seconds}, headerRegion: {region},
			headerAccessKeySecret: {"canary"},
		}}
		if len(body) > 0 {
			r.Body = http.MaxBytesReader(nil, readCloser{bytes.NewReader(body)}, 1<<20)
		}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		checkAnswer(t, w, method == http.MethodPost && path == "/invoke", len(body) <= 100, runs)
		if invoked := method == http.MethodPost && path == "/invoke"; invoked != invokeLines.MatchString(log.String()) || !invoked && log.Len() > 0 {
			t.Errorf("logged %q", log.String())
		}
	})
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, invoked, fits bool, runs int) {
	t.Helper()
	if want := invoked && fits; (runs == 1) != want || runs > 1 {
		t.Errorf("the handler ran %d times", runs)
	}
	var e Error
	switch status := w.Header().Get("X-Fc-Status"); {
	case w.Code == http.StatusOK && status == "200":
		if invoked && !json.Valid(w.Body.Bytes()) {
			t.Errorf("answered %q", w.Body)
		}
	case (w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed) && status == "404":
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Message == "" || e.Type == "" {
			t.Errorf("answered %q: %v", w.Body, err)
		}
	default:
		t.Errorf("answered %d and x-fc-status %q", w.Code, status)
	}
	if strings.Contains(w.Body.String(), "canary") {
		t.Errorf("answered a secret: %q", w.Body)
	}
}
