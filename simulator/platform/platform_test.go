package platform_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/simulator/platform"
)

// TestMain lets the test binary play a process that a test starts.
func TestMain(m *testing.M) {
	switch os.Getenv("PLATFORM_TEST_PROCESS") {
	case "term":
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		fmt.Println("ready")
		fmt.Fprintln(os.Stderr, "region", os.Getenv("FC_REGION"), os.Getenv("ALIBABA_CLOUD_SECURITY_TOKEN"), os.Getenv("USER"))
		<-term
		os.Exit(3)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	}
	os.Exit(m.Run())
}

func TestLeaks(t *testing.T) {
	t.Parallel()
	token := platform.Credentials().SecurityToken
	holds := map[string]string{
		"as it is":          "x" + token + "y",
		"query":             "?SecurityToken=" + url.QueryEscape(token) + "&",
		"query twice":       url.QueryEscape(url.QueryEscape(token)),
		"path":              url.PathEscape(token),
		"hex":               fmt.Sprintf("%x", token),
		"base64":            base64.StdEncoding.EncodeToString([]byte(token)),
		"base64 after 1":    base64.StdEncoding.EncodeToString([]byte("a" + token + "b")),
		"base64 after 2":    base64.RawStdEncoding.EncodeToString([]byte("ab" + token + "cde")),
		"base64 for a URL":  base64.URLEncoding.EncodeToString([]byte("abcde" + token)),
		"basic":             base64.StdEncoding.EncodeToString([]byte("user:name:" + token)),
		"JSON":              string(marshal(t, map[string]string{"token": token})),
		"JSON in JSON":      string(marshal(t, string(marshal(t, token)))),
		"JSON of JSON":      strings.ReplaceAll(string(marshal(t, token)), `\u0026`, `\\u0026`),
		"small escapes":     smallEscapes(token),
		"all escaped":       everyByte(token, "%%%02x"),
		"all as JSON":       everyByte(token, `\u%04X`),
		"as Go writes it":   everyByte(token, `\x%02x`),
		"HTML":              html.EscapeString(token),
		"HTML, by number":   everyByte(token, "&#%d;"),
		"capital hex":       fmt.Sprintf("%X", token),
		"hex after a":       "a" + fmt.Sprintf("%x", token),
		"its beginning":     token[:16],
		"its end":           token[len(token)-16:],
		"a piece":           "x" + token[7:23] + "y",
		"an escaped piece":  url.QueryEscape(token[7:23]),
		"a piece in hex":    fmt.Sprintf("%x", token[7:23]),
		"a piece in base64": base64.StdEncoding.EncodeToString([]byte("a" + token[7:23] + "b")),
		"an escaped base64": url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("?" + token))),
	}
	for name, output := range holds {
		if got := platform.Leaks(output); len(got) != 1 || got[0] != "SecurityToken of the invocation" {
			t.Errorf("%s: found %q in %s", name, got, output)
		}
	}
	for _, output := range []string{"", "CAIScanary", "FC Invoke Start RequestId: 1", token[:15], token[3:18], token[len(token)-15:], fmt.Sprintf("%x", token[:15])} {
		if got := platform.Leaks(output); got != nil {
			t.Errorf("found %q in %q", got, output)
		}
	}
	c := platform.Credentials()
	if got := platform.Leaks(c.AccessKeyID + c.AccessKeySecret); len(got) != 2 {
		t.Errorf("found %q, want two", got)
	}
}

func smallEscapes(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
}

// everyByte writes each byte of a text in a format.
func everyByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// function is a minimal function on the Go runtime: it polls and posts a result.
type function struct {
	t   *testing.T
	url string
}

func (f function) poll() (id string, header http.Header, payload string) {
	f.t.Helper()
	resp, err := http.Get(f.url + "/2020-11-11/runtime/invocation/next")
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.Header.Get("x-fc-request-id"), resp.Header, string(body)
}

func (f function) post(id, verb, body string) (status int) {
	f.t.Helper()
	resp, err := http.Post(f.url+"/2020-11-11/runtime/invocation/"+id+"/"+verb, "application/json", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func newRuntime(t *testing.T, p *platform.Runtime) function {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return function{t, server.URL}
}

func TestAsynchronousInvocation(t *testing.T) {
	t.Parallel()
	p := &platform.Runtime{Retries: 2}
	f := newRuntime(t, p)
	id := p.Send(platform.Invocation{Payload: []byte("event")})
	for retry := range 3 {
		got, header, payload := f.poll()
		if got != id || payload != "event" || header.Get("x-fc-retry-count") != fmt.Sprint(retry) {
			t.Fatalf("delivery %d: got %s %q, retry %s", retry, got, payload, header.Get("x-fc-retry-count"))
		}
		if retry == 1 {
			p.Died()
			continue
		}
		if status := f.post(got, "error", `{"errorMessage":"m","errorType":"t"}`); status != http.StatusOK {
			t.Errorf("answered %d", status)
		}
	}
	want := []platform.Dead{{RequestID: id, Payload: []byte("event"), Attempts: 3, Last: platform.Result{
		RequestID: id, Body: []byte(`{"errorMessage":"m","errorType":"t"}`), ErrorType: "t", ErrorMessage: "m",
	}}}
	if diff := cmp.Diff(want, p.Destination()); diff != "" {
		t.Errorf("destination (-want +got):\n%s", diff)
	}
	if n := p.Pending(); n != 0 || len(p.Results()) != 3 || p.Polls() != 3 {
		t.Errorf("%d pending, %d results, %d polls", n, len(p.Results()), p.Polls())
	}
}

func TestSynchronousInvocation(t *testing.T) {
	t.Parallel()
	p := &platform.Runtime{Retries: 2}
	f := newRuntime(t, p)
	tests := []struct {
		verb, body string
		want       platform.Result
	}{
		{"response", `"x"`, platform.Result{OK: true, Body: []byte(`"x"`)}},
		{"error", `{"errorMessage":"m","errorType":"t"}`, platform.Result{ErrorMessage: "m", ErrorType: "t", Body: []byte(`{"errorMessage":"m","errorType":"t"}`)}},
	}
	for _, tc := range tests {
		result := make(chan platform.Result, 1)
		go func() { result <- p.Invoke(t.Context(), nil) }()
		id, _, _ := f.poll()
		f.post(id, tc.verb, tc.body)
		tc.want.RequestID = id
		if diff := cmp.Diff(tc.want, <-result); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.body, diff)
		}
	}
	for _, body := range []string{"", "null", `{"errorMessage":"m"}`, `{"errorMessage":1,"errorType":"t"}`} {
		result := make(chan platform.Result, 1)
		go func() { result <- p.Invoke(t.Context(), nil) }()
		id, _, _ := f.poll()
		f.post(id, "error", body)
		if r := <-result; r.Err == nil || r.OK {
			t.Errorf("%q was accepted as the answer of a failed invocation: %+v", body, r)
		}
	}
	if got := p.Destination(); got != nil {
		t.Errorf("synchronous invocations went to the destination: %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := p.Invoke(ctx, nil); !errors.Is(r.Err, context.Canceled) {
		t.Errorf("nobody answered, but got %+v", r)
	}
}

func TestStrays(t *testing.T) {
	t.Parallel()
	p := &platform.Runtime{}
	f := newRuntime(t, p)
	p.Send(platform.Invocation{RequestID: "known"})
	f.poll()
	f.post("known", "response", "1")
	for _, call := range [][2]string{{"known", "response"}, {"unknown", "error"}, {"known", "shrug"}, {"init", "error/x"}} {
		if status := f.post(call[0], call[1], "2"); status != http.StatusNotFound {
			t.Errorf("%v: answered %d", call, status)
		}
	}
	if got := p.Strays(); len(got) != 4 {
		t.Errorf("strays: %q", got)
	}
	if got := p.Results(); len(got) != 1 || string(got[0].Body) != "1" {
		t.Errorf("results: %+v", got)
	}
}

func TestCustomResults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status   int
		fcStatus string
		body     string
		ok, err  bool
	}{
		{200, "200", "{}", true, false},
		{404, "404", `{"errorMessage":"m","errorType":"t"}`, false, false},
		{404, "404", `not found`, false, true},
		{200, "404", `{"errorMessage":"m","errorType":"t"}`, false, true},
		{200, "", "{}", false, true},
		{500, "500", "{}", false, true},
	}
	for _, tc := range tests {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-fc-status", tc.fcStatus)
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}))
		c := &platform.Custom{Addr: strings.TrimPrefix(server.URL, "http://")}
		if r := c.Invoke(t.Context(), nil); r.OK != tc.ok || (r.Err != nil) != tc.err {
			t.Errorf("%d %s: got %+v", tc.status, tc.fcStatus, r)
		}
		server.Close()
		if r := c.Invoke(t.Context(), nil); r.Err == nil {
			t.Errorf("nobody listens, but got %+v", r)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	port, err := platform.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if err := (&platform.Custom{Addr: "127.0.0.1:" + port}).Ready(ctx); err == nil {
		t.Error("nobody listens, but the function is ready")
	}
}

func start(t *testing.T, mode string) *platform.Process {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := platform.Start(platform.Command{Path: path, Env: []string{"PLATFORM_TEST_PROCESS=" + mode, "FC_REGION=cn-beijing", "GOCOVERDIR=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	for !strings.Contains(p.Stdout(), "ready") {
		time.Sleep(time.Millisecond)
	}
	return p
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p := start(t, "term")
	if code, err := p.Stop(30 * time.Second); code != 3 || err != nil {
		t.Errorf("exit %d, %v", code, err)
	}
	if got := p.Output(); !strings.Contains(got, "region cn-beijing ") || strings.Contains(p.Stdout(), "region") {
		t.Errorf("printed %q, on stdout %q", got, p.Stdout())
	}
	if got := platform.Leaks(p.Output()); len(got) != 1 || got[0] != "SecurityToken of the process" {
		t.Errorf("found %q", got)
	}

	p = start(t, "stubborn")
	if code, err := p.Stop(time.Millisecond); code != -1 || err == nil {
		t.Errorf("stubborn: exit %d, %v", code, err)
	}
	select {
	case <-p.Ended():
	default:
		t.Errorf("process %d is still running", p.Pid())
	}
	if _, err := platform.Start(platform.Command{Path: "./nothing-here"}); err == nil {
		t.Error("started a binary that does not exist")
	}
}
