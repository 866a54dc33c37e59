package fc

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	sdk "github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"peerguard/function/peering"
)

// The Go runtime: fc.Start of the SDK polls the Runtime API for invocations and posts their results
// (https://github.com/aliyun/fc-runtime-go-sdk). transport.go makes up for what the SDK does not do.

// serveGo runs the SDK's loop. Start cannot return: once ctx is done, the transport ends its goroutine.
func (f *front) serveGo(ctx context.Context) error {
	giveBack, err := f.borrow(ctx)
	if err != nil {
		return fmt.Errorf("starting the Go runtime's loop: %w", err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		sdk.Start(f.handleGo)
	}()
	<-stopped
	if err := f.flight.drain(f.Grace); err != nil {
		return err // the invocation that is still running uses what was borrowed
	}
	giveBack()
	return nil
}

// borrow takes over the globals that the SDK uses: the SDK cannot be configured otherwise.
func (f *front) borrow(ctx context.Context) (giveBack func(), err error) {
	before, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("http.DefaultTransport is a %T", http.DefaultTransport)
	}
	if err := checkAddress(f.RuntimeAPI); err != nil {
		return nil, err
	}
	if err := os.Setenv("FC_RUNTIME_API", f.RuntimeAPI); err != nil {
		return nil, err
	}
	// It must stay an *http.Transport: other code relies on that.
	ours := before.Clone()
	ours.RegisterProtocol("http", (&transport{front: f, api: f.direct()}).until(ctx))
	output, flags := log.Writer(), log.Flags()
	http.DefaultTransport = ours
	log.SetOutput(writer(f.relay))

	// The SDK panics if a hook is configured but not registered. None of them has anything to do.
	hook := func(context.Context) {}
	sdk.RegisterInitializerFunction(hook)
	sdk.RegisterPreFreezeFunction(hook)
	sdk.RegisterPreStopFunction(hook)
	return func() {
		http.DefaultTransport = before
		log.SetOutput(output)
		log.SetFlags(flags)
	}, nil
}

// direct returns the way to the Runtime API. It never uses a proxy.
func (f *front) direct() http.RoundTripper {
	if f.Transport != nil {
		return f.Transport
	}
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: f.Grace, KeepAlive: 15 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 8,
		DisableCompression:  true,
	}
}

// handleGo is the handler in the SDK's shape. It calls FromContext once, because FromContext writes to what it returns.
func (f *front) handleGo(ctx context.Context, ticket []byte) (json.RawMessage, error) {
	payload := f.tickets.redeem(string(ticket))
	defer f.payloads.release(int64(len(payload)))
	var inv Invocation
	if c, ok := fccontext.FromContext(ctx); ok {
		inv = newInvocation(c.RequestID, c.AccountId, c.Region,
			peering.NewCredentials(c.Credentials.AccessKeyId, c.Credentials.AccessKeySecret, c.Credentials.SecurityToken))
	}
	result, failure := f.invoke(ctx, inv, payload)
	if failure != nil {
		return nil, messages.InvokeResponse_Error{Message: failure.Message, Type: failure.Type}
	}
	return result, nil
}

// relay passes entries of package log on to Warn, except for what the SDK logs about a failed invocation (on several
// lines) and a lost result: Warn has been told already.
func (f *front) relay(entry string) {
	if !strings.Contains(entry, " [ERROR] {") && !strings.Contains(entry, "failed to POST to ") {
		f.Warn("", oneLine(entry))
	}
}
