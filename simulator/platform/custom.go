package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Custom invokes a function on a custom runtime as the platform does. A Custom with an Addr is ready to use and safe for
// concurrent use.
type Custom struct {
	Addr   string       // host:port that the function listens on
	Client *http.Client // default: http.DefaultClient
	// Deadline also sends x-fc-function-deadline, which the documents of this runtime do not list.
	Deadline bool
}

// Ready waits until the function accepts connections, or ctx is done.
func (c *Custom) Ready(ctx context.Context) error {
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.Addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the function to listen: %w", errors.Join(context.Cause(ctx), err))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Invoke invokes the function and waits for the result, or until ctx is done.
func (c *Custom) Invoke(ctx context.Context, payload []byte) Result {
	return c.Do(ctx, Invocation{Payload: payload})
}

// Do is Invoke with all settings of an invocation.
func (c *Custom) Do(ctx context.Context, inv Invocation) Result {
	if inv.RequestID == "" {
		inv.RequestID = newID()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Addr+"/invoke", bytes.NewReader(inv.Payload))
	if err != nil {
		return Result{RequestID: inv.RequestID, Err: err}
	}
	r.Header = inv.header()
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("x-fc-control-path", "/invoke")
	if c.Deadline || !inv.Deadline.IsZero() {
		r.Header.Set("x-fc-function-deadline", strconv.FormatInt(inv.deadline().UnixMilli(), 10))
	}
	if inv.Edit != nil {
		inv.Edit(r.Header)
	}
	return c.send(r, inv.RequestID)
}

func (c *Custom) send(r *http.Request, id string) Result {
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return Result{RequestID: id, Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Result{RequestID: id, Err: fmt.Errorf("reading the answer: %w", err)}
	}
	switch status := resp.Header.Get("x-fc-status"); {
	case resp.StatusCode == http.StatusOK && status == "200":
		return Result{RequestID: id, OK: true, Body: body}
	case resp.StatusCode == http.StatusNotFound && status == "404":
		return failed(id, body)
	default:
		return Result{RequestID: id, Body: body, Err: fmt.Errorf("answered %d with x-fc-status %q", resp.StatusCode, status)}
	}
}

// Initialize calls the hook that runs when an instance starts.
func (c *Custom) Initialize(ctx context.Context) error {
	return c.hook(ctx, http.MethodPost, "/initialize")
}

// PreStop calls the hook that runs before an instance is stopped.
func (c *Custom) PreStop(ctx context.Context) error { return c.hook(ctx, http.MethodGet, "/pre-stop") }

func (c *Custom) hook(ctx context.Context, method, path string) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.Addr+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header = Invocation{RequestID: newID()}.header()
	r.Header.Set("x-fc-control-path", path)
	return c.send(r, "").Err
}
