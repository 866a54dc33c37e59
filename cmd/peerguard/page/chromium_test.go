//go:build chromium

package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shots is an existing directory for screenshots; none are taken if it is empty.
var shots = os.Getenv("PEERGUARD_SCREENSHOTS")

// patience is how long a browser may take for one test, on a busy machine.
const patience = 5 * time.Minute

// tab is a page in a headless Chromium of its own, driven through a pipe by the DevTools protocol
// (https://chromedevtools.github.io/devtools-protocol/). It sends real keys and clicks, and records everything that goes wrong.
type tab struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	id      int

	complaints bytes.Buffer // the stderr of the browser; read it after the browser has ended

	requests []string // URLs that the page requested
	faults   []string // exceptions, and errors on the console
	dialogs  int
	loaded   bool
}

type params map[string]any

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func start(t *testing.T, url string) *tab {
	t.Helper()
	b := &tab{t: t}
	b.launch()
	target := call[struct{ TargetID string }](b, "Target.createTarget", params{"url": "about:blank"})
	b.session = call[struct{ SessionID string }](b, "Target.attachToTarget", params{"targetId": target.TargetID, "flatten": true}).SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.do(domain+".enable", nil)
	}
	b.resize(1_280)
	b.do("Page.navigate", params{"url": url})
	b.load()
	b.do("Page.bringToFront", nil)
	return b
}

// launch starts the browser, which ends with the test.
func (b *tab) launch() {
	b.t.Helper()
	path, err := find()
	if err != nil {
		b.t.Fatal(err)
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+b.t.TempDir(), "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, as the flag says
	cmd.Stderr = &b.complaints                     // so that Wait waits for its children too
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b.in, b.out = in, bufio.NewReader(out)
	b.t.Cleanup(func() {
		in.Close() // which ends it
		_, _ = io.Copy(io.Discard, b.out)
		_ = cmd.Wait() // how it ended does not matter
		cancel()
		out.Close()
	})
}

func find() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("looking for a browser: %w", err)
}

// call calls a method of the protocol and returns the answer.
func call[T any](b *tab, method string, p params) (answer T) {
	b.t.Helper()
	if err := json.Unmarshal(b.do(method, p), &answer); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	return answer
}

func (b *tab) do(method string, p params) json.RawMessage {
	b.t.Helper()
	b.id++
	command := map[string]any{"id": b.id, "method": method, "params": p}
	if p == nil {
		command["params"] = params{}
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	line, err := json.Marshal(command)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	id := b.id
	for {
		m := b.read()
		if m.ID == id && m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if m.ID == id {
			return m.Result
		}
	}
}

func (b *tab) read() (m message) {
	b.t.Helper()
	line, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser is gone: %v", err)
	}
	if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	b.hear(m)
	return m
}

// hear records what happens on the page.
func (b *tab) hear(m message) {
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded = true
	case "Page.javascriptDialogOpening":
		b.dialogs++
		b.faults = append(b.faults, "a dialog: "+string(m.Params))
	case "Runtime.exceptionThrown", "Log.entryAdded":
		b.faults = append(b.faults, string(m.Params))
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		if err := json.Unmarshal(m.Params, &sent); err != nil {
			b.t.Error(err)
		}
		b.requests = append(b.requests, sent.Request.URL)
	}
}

// load waits for the page.
func (b *tab) load() {
	b.t.Helper()
	for !b.loaded {
		b.read()
	}
}

// quiet fails the test if something went wrong on the page, or if the page requested anything but itself.
func (b *tab) quiet() {
	b.t.Helper()
	for _, url := range b.requests {
		if !strings.HasPrefix(url, "file://") || !strings.HasSuffix(url, ".html") {
			b.t.Errorf("the page asked for %s", url)
		}
	}
	if len(b.requests) == 0 || len(b.faults) > 0 {
		b.t.Errorf("%d requests, faults: %s", len(b.requests), strings.Join(b.faults, "\n"))
	}
}

// value evaluates an expression on the page, and awaits it if it is a promise.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	got := call[struct {
		Result           struct{ Value T }
		ExceptionDetails json.RawMessage
	}](b, "Runtime.evaluate", params{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if got.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, got.ExceptionDetails)
	}
	return got.Result.Value
}

// hover scrolls to an element, moves the mouse to its middle, and returns that position.
func (b *tab) hover(selector string) (x, y float64) {
	b.t.Helper()
	at := value[[]float64](b, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector))
	b.do("Input.dispatchMouseEvent", params{"type": "mouseMoved", "x": at[0], "y": at[1]})
	return at[0], at[1]
}

func (b *tab) click(selector string) {
	b.t.Helper()
	x, y := b.hover(selector)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.do("Input.dispatchMouseEvent", params{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1})
	}
}

// enter types a text into the focused element.
func (b *tab) enter(text string) {
	b.t.Helper()
	b.do("Input.insertText", params{"text": text})
}

// press presses keys, one after the other.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	known := map[string]params{
		"Enter": {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13},
		"Space": {"key": " ", "code": "Space", "text": " ", "windowsVirtualKeyCode": 32},
		"Tab":   {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
	}
	for _, key := range keys {
		p := known[key]
		for _, kind := range []string{"keyDown", "keyUp"} {
			p["type"] = kind
			b.do("Input.dispatchKeyEvent", p)
		}
	}
}

// media sets the medium, screen or print, and the preferred theme of the system.
func (b *tab) media(kind, theme string) {
	b.t.Helper()
	b.do("Emulation.setEmulatedMedia", params{"media": kind, "features": []params{{"name": "prefers-color-scheme", "value": theme}}})
	value[bool](b, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`) // the page has noticed
}

func (b *tab) resize(width int) {
	b.t.Helper()
	b.do("Emulation.setDeviceMetricsOverride", params{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
}

func (b *tab) reloadWithoutScript() {
	b.t.Helper()
	b.do("Emulation.setScriptExecutionDisabled", params{"value": true})
	b.loaded = false
	b.do("Page.reload", nil)
	b.load()
}

// tallest is how tall a screenshot is at most, in pixels. Chromium refuses far taller ones.
const tallest = 5_000

// shot takes a screenshot of the page, if shots is set.
func (b *tab) shot(name string) {
	b.t.Helper()
	if shots != "" {
		b.capture(filepath.Join(shots, name+".png"), value[float64](b, `document.documentElement.scrollHeight`))
	}
}

// capture writes a screenshot of the top of the page.
func (b *tab) capture(file string, height float64) {
	b.t.Helper()
	clip := params{"x": 0, "y": 0, "width": value[float64](b, `innerWidth`), "height": min(height, tallest), "scale": 1}
	got := call[struct{ Data []byte }](b, "Page.captureScreenshot", params{"captureBeyondViewport": true, "clip": clip})
	if err := os.WriteFile(file, got.Data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
