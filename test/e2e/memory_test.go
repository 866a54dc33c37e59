package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"peerguard/simulator/platform"
)

const mebibyte = 1 << 20

// ceiling is what a process may have in memory, whatever comes in.
const ceiling = 128 * mebibyte

// heavy are events that take much more memory than their size, if they are read carelessly.
var heavy = map[string]struct {
	event func(size int) string // of at most that many bytes
	want  string                // type of the error, "" for a success
}{
	"short keys": {func(size int) string {
		var b strings.Builder
		b.WriteString(`{"specversion":"1.0","id":"e-1","data":{"eventName":"DeleteVpc"`)
		for i := 0; b.Len() < size-20; i++ {
			fmt.Fprintf(&b, `,"%x":%d`, i, i%10)
		}
		return b.String() + "}}"
	}, ""},
	"short keys of a timer": {func(size int) string {
		return `{"triggerTime":"T","payload":{"regions":["cn-shanghai"]` + strings.Repeat(`,"a":1`, size/6-20) + "}}"
	}, "InvalidEvent"},
	"accounts of a timer": {func(size int) string {
		return `{"triggerTime":"T","payload":{"accounts":[` + numbers(size-100) + "]}}"
	}, "InvalidEvent"},
	"nesting": {func(size int) string {
		deep := strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000)
		return `{"specversion":"1.0","id":"e-1","data":{"x":[` + strings.Repeat(deep+",", size/len(deep)-2) + "1]}}"
	}, ""},
	"long array": {func(size int) string { return "[" + strings.Repeat("1,", size/2-2) + "1]" }, "InvalidEvent"},
	"escapes": {func(size int) string {
		return `{"specversion":"1.0","id":"e-1","data":"` + strings.Repeat(`\u00e9`, size/6-20) + `"}`
	}, ""},
	"wrapped keys": {func(size int) string {
		return wrapped(`{"specversion":"1.0","data":{` + strings.Repeat(`"":1,`, size/20) + `"":1}}`)
	}, ""},
	"wrapped record": {func(size int) string {
		return wrapped(`{"id":"e-1","data":{"eventName":"DeleteVpc","requestParameters":{"x":[` + numbers(size-500) + `]}}}`)
	}, ""},
	"wrapped text": {func(size int) string {
		return wrapped(`{"specversion":"1.0","data":"` + strings.Repeat("x", size-500) + `"}`)
	}, ""},
	"10,000 connections": {func(size int) string {
		events := make([]string, min(size/310, 10_000))
		for i := range events {
			events[i] = fmt.Sprintf(`{"id":"%0200d","data":{"eventName":"CreateVpcPeerConnection","responseElements":{"InstanceId":"pcc-%d"}}}`, i, i)
		}
		return "[" + strings.Join(events, ",") + "]"
	}, "Unresolved"},
}

// numbers returns the elements of a list, at most size bytes.
func numbers(size int) string { return strings.Repeat("1234567,", size/8-1) + "1" }

// wrapped puts JSON as text into an envelope, three times.
func wrapped(payload string) string {
	for range 3 {
		text, err := json.Marshal(payload)
		if err != nil {
			panic(err) // it is a string
		}
		payload = `{"specversion":"1.0","id":"w-1","data":{"messageBody":` + string(text) + "}}"
	}
	return payload
}

// TestMemory sends ten heavy events at once: of 3 MiB each, which are all held at the same time, and of 6 MiB each, of which
// some must wait. All are served, and the process stays small.
func TestMemory(t *testing.T) {
	t.Parallel()
	onBoth(t, partnerOnly, func(t *testing.T, d *deployment) {
		for name, kind := range heavy {
			for _, size := range []int{3 * mebibyte, 6 * mebibyte} {
				event := kind.event(size)
				if len(event) > size {
					t.Fatalf("%s: an event of %d bytes, want %d at most", name, len(event), size)
				}
				start := time.Now()
				d.flood(t, event, kind.want)
				peak := d.peak(t)
				t.Logf("%s: ten of %d KiB: %d MiB in %v", name, len(event)>>10, peak/mebibyte, time.Since(start).Round(time.Millisecond))
				if peak >= ceiling {
					t.Errorf("%s: ten events of %d bytes took %d MiB", name, len(event), peak/mebibyte)
				}
			}
		}
	})
}

// flood sends ten equal events at once.
func (d *deployment) flood(t *testing.T, event, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	left := time.Minute
	if want == "Unresolved" { // there is more to do than the API's quota lets through
		left = 10 * time.Second
	}
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			r := d.invoke(ctx, platform.Invocation{Payload: []byte(event), Deadline: time.Now().Add(left)})
			if r.Err != nil || r.ErrorType != want || r.OK != (want == "") {
				t.Errorf("got %t, %v, %s: %s, want %q", r.OK, r.Err, r.ErrorType, r.ErrorMessage, want)
			}
		})
	}
	wait.Wait()
}

// peak returns the most bytes that the process has had in memory since the last call.
func (d *deployment) peak(t *testing.T) int {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/", d.process.Pid())
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 0 { // see proc_pid_status(5)
			continue
		}
		if err := os.WriteFile(folder+"clear_refs", []byte("5"), 0o600); err != nil { // resets it, see proc_pid_clear_refs(5)
			t.Fatal(err)
		}
		return kib << 10
	}
	t.Fatal("the process has no VmHWM")
	return 0
}
