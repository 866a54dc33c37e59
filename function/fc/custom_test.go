package fc_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method, path string
		status       int
		fcStatus     string
		body         string
	}{
		{"POST", "/invoke", 200, "200", "null"},
		{"POST", "/invoke?x=1", 200, "200", "null"},
		{"POST", "/initialize", 200, "200", ""},
		{"GET", "/pre-stop", 200, "200", ""},
		{"GET", "/invoke", 405, "404", `{"errorMessage":"method not allowed","errorType":"Unresolved"}`},
		{"PUT", "/invoke", 405, "404", `{"errorMessage":"method not allowed","errorType":"Unresolved"}`},
		{"HEAD", "/invoke", 405, "404", ""},
		{"GET", "/initialize", 405, "404", `{"errorMessage":"method not allowed","errorType":"Unresolved"}`},
		{"POST", "/pre-stop", 405, "404", `{"errorMessage":"method not allowed","errorType":"Unresolved"}`},
		{"GET", "/", 404, "404", `{"errorMessage":"no such path","errorType":"Unresolved"}`},
		{"POST", "/invoke/", 404, "404", `{"errorMessage":"no such path","errorType":"Unresolved"}`},
		{"POST", "//invoke", 404, "404", `{"errorMessage":"no such path","errorType":"Unresolved"}`},
		{"POST", "/a/../invoke", 404, "404", `{"errorMessage":"no such path","errorType":"Unresolved"}`},
	}
	s := onCustom(t, play, fc.Config{})
	for _, tc := range tests {
		r, err := http.NewRequestWithContext(within(t), tc.method, s.url+tc.path, strings.NewReader("nothing"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s %s: %v", tc.method, tc.path, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		got := fmt.Sprint(resp.StatusCode, resp.Header.Get("x-fc-status"), resp.Header.Get("Content-Type"), string(body))
		if want := fmt.Sprint(tc.status, tc.fcStatus, "application/json", tc.body); got != want {
			t.Errorf("%s %s: got %s, want %s", tc.method, tc.path, got, want)
		}
	}
	if got := strings.Count(s.lines.String(), "Start"); got != 2 {
		t.Errorf("%d invocations were started, want 2", got)
	}
	client := &platform.Custom{Addr: strings.TrimPrefix(s.url, "http://")}
	if err := client.Initialize(within(t)); err != nil {
		t.Error(err)
	}
	if err := client.PreStop(within(t)); err != nil {
		t.Error(err)
	}
}

func TestLinesAroundAnInvocation(t *testing.T) {
	t.Parallel()
	s := onCustom(t, play, fc.Config{})
	for _, id := range []string{"1-6741b2a0-00aa", "", "a\tFC Invoke End: b", "é" + strings.Repeat("x", 500)} {
		s.Do(within(t), platform.Invocation{Payload: []byte("panic"), Edit: func(h http.Header) { h.Set("x-fc-request-id", id) }})
	}
	var want strings.Builder
	for _, id := range []string{"1-6741b2a0-00aa", "", "a_FC_Invoke_End:_b", "_" + strings.Repeat("x", 126)} {
		fmt.Fprintf(&want, "FC Invoke Start RequestId: %s\nFC Invoke End RequestId: %s\n", id, id)
	}
	if diff := cmp.Diff(want.String(), s.lines.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := onCustom(t, play, fc.Config{MaxPayload: 1000})
	for size, ok := range map[int]bool{1000: true, 1001: false, 20 << 20: false} {
		r := s.Invoke(within(t), bytes.Repeat([]byte("x"), size))
		if r.OK != ok || !ok && (r.ErrorType != "InvalidEvent" || r.ErrorMessage != "reading the event: more than 1000 bytes") {
			t.Errorf("%d bytes: got %+v", size, r)
		}
	}
	conn, answers := dial(t, s)
	for size, want := range map[int]int{1000: http.StatusOK, 1001: http.StatusNotFound} { // without Content-Length
		fmt.Fprintf(conn, "POST /invoke HTTP/1.1\r\nHost: f\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, strings.Repeat("x", size))
		if status, closes := next(t, answers); status != want || closes {
			t.Errorf("%d bytes in chunks: got %d, close %v", size, status, closes)
		}
	}
	for range 2 { // on one connection, which stays in step
		fmt.Fprintf(conn, "POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 500000\r\n\r\n%s", strings.Repeat("x", 500000))
		if status, closes := next(t, answers); status != http.StatusNotFound || closes {
			t.Errorf("got %d, close %v", status, closes)
		}
	}
}

func dial(t *testing.T, s served) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := s.dial(within(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn, bufio.NewReader(conn)
}

// next reads the next answer of a connection, and whether the connection ends there.
func next(t *testing.T, answers *bufio.Reader) (status int, closes bool) {
	t.Helper()
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Close
}

// Neither a client that sends no end of headers nor one that sends no end of its event holds up anything: not
// the others, and not a stop.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := onPipes(t, play, fc.Config{Grace: 50 * time.Millisecond})
		headers, closed := dial(t, s)
		fmt.Fprint(headers, "POST /invoke HTTP/1.1\r\nHost: f\r\nX-A")
		body, answers := dial(t, s)
		fmt.Fprint(body, "POST /invoke HTTP/1.1\r\nHost: f\r\nx-fc-request-id: slow\r\nContent-Length: 10\r\n\r\nabc")

		if r := s.Invoke(within(t), nil); !r.OK {
			t.Errorf("beside slow clients: %+v", r)
		}
		if status, _ := next(t, answers); status != http.StatusNotFound {
			t.Errorf("half an event: got %d", status)
		}
		if _, err := io.Copy(io.Discard, closed); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("half a header: got %v, want a closed connection", err)
		}
		if got := s.warned.all(); len(got) != 1 || !strings.HasPrefix(got[0], "slow: reading the event: ") {
			t.Errorf("warned %q", got)
		}
		late, _ := dial(t, s)
		fmt.Fprint(late, "POST /invoke HTTP/1.1\r\nHost: f\r\nX-A")
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}

// The time that an event and its answer may take on the way is not that of the work, nor that of an idle connection.
func TestConnectionIsUsedAgainAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := onPipes(t, func(ctx context.Context, _ fc.Invocation, _ []byte) (any, error) {
			time.Sleep(75 * time.Millisecond) // longer than Grace
			return nil, ctx.Err()
		}, fc.Config{Grace: 50 * time.Millisecond})
		conn, answers := dial(t, s)
		for _, request := range []string{
			"POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n",
			"POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 2\r\n\r\n{}",
			"POST /invoke HTTP/1.1\r\nHost: f\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
			"POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\nnothing",
			"GET /pre-stop HTTP/1.1\r\nHost: f\r\n\r\n",
			"POST /initialize HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n",
		} {
			fmt.Fprint(conn, request)
			status, closes := next(t, answers)
			if status == http.StatusContinue {
				status, closes = next(t, answers)
			}
			if status != http.StatusOK || closes {
				t.Errorf("%.12s: got %d, close %v", request, status, closes)
			}
			time.Sleep(75 * time.Millisecond)
		}
	})
}

// A platform that hangs up has not taken the event back.
func TestDisconnectDoesNotCancel(t *testing.T) {
	t.Parallel()
	started, release, result := make(chan bool), make(chan bool), make(chan error, 1)
	s := onCustom(t, func(ctx context.Context, _ fc.Invocation, _ []byte) (any, error) {
		started <- true
		<-release
		result <- ctx.Err()
		return strings.Repeat("x", 1<<20), nil
	}, fc.Config{})
	ctx, hangUp := context.WithCancel(within(t))
	gone := make(chan bool)
	go func() {
		defer close(gone)
		s.Invoke(ctx, nil)
	}()
	<-started
	hangUp()
	<-gone
	time.Sleep(20 * time.Millisecond) // gives a wrong server the time to notice
	close(release)
	if err := <-result; err != nil {
		t.Errorf("the invocation was cancelled: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// A platform that stops reading costs the answer only.
func TestPlatformThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		done := make(chan bool, 1)
		s := onPipes(t, func(context.Context, fc.Invocation, []byte) (any, error) {
			done <- true
			return strings.Repeat("x", 1<<20), nil
		}, fc.Config{Grace: 100 * time.Millisecond})
		conn, _ := dial(t, s)
		fmt.Fprint(conn, "POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n")
		<-done
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestCustomRuntimeThatCannotStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := fc.Serve(t.Context(), fc.Config{Listen: l.Addr().String()}, play); err == nil {
		t.Error("served on a port that is taken")
	}
	_ = l.Close()
	if err := fc.Serve(t.Context(), fc.Config{Listener: l}, play); err == nil {
		t.Error("served on a closed listener")
	}
}
