package fc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"peerguard/function/fc"
	"peerguard/simulator/platform"
)

// TestMain makes a function of the test binary where a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("FC_TEST_FUNCTION") != "" {
		os.Exit(function())
	}
	os.Exit(m.Run())
}

// function is what the deployable's main comes down to.
func function() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := fc.ConfigFromEnv(os.LookupEnv)
	if err == nil {
		cfg.Warn = func(id string, err error) { fmt.Fprintf(os.Stderr, "WARN %s %v\n", id, err) }
		err = fc.Serve(ctx, cfg, play)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// seen is what play returns of an invocation.
type seen struct {
	RequestID string        `json:"request_id"`
	Account   string        `json:"account"`
	Region    string        `json:"region"`
	Known     bool          `json:"known"` // the credentials are those that platform hands out
	Left      time.Duration `json:"left"`  // until the deadline
	Expired   bool          `json:"expired"`
	Payload   string        `json:"payload"`
}

// play is the handler of all tests: the event says what it does.
func play(ctx context.Context, inv fc.Invocation, payload []byte) (any, error) {
	secret := inv.Credentials.AccessKeySecret()
	switch what := string(payload); what {
	case "typed":
		return nil, fmt.Errorf("reading policy: %w", &fc.Error{Message: "a.yaml:1:1: bad\nb", Type: fc.InvalidPolicy})
	case "untyped":
		return nil, errors.New("1 of 2 failed")
	case "empty type":
		return nil, &fc.Error{Message: "no type"}
	case "nil error pointer":
		var e *fc.Error
		return nil, e
	case "panic":
		panic("secret " + secret)
	case "panic with error":
		return nil, []error{errors.New(secret)}[len(secret)]
	case "no json":
		return make(chan int), nil
	case "bad json":
		return json.RawMessage(`{"a":`), nil
	case "html":
		return json.RawMessage(`{"a": "<b>&"}`), nil
	case "nothing":
		return nil, nil
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "half a second":
		time.Sleep(500 * time.Millisecond)
		return "finished", ctx.Err()
	}
	at, _ := ctx.Deadline()
	c := platform.Credentials()
	return seen{
		RequestID: inv.RequestID, Account: string(inv.Account), Region: inv.Region,
		Known: c == platform.Secrets{AccessKeyID: inv.Credentials.AccessKeyID(), AccessKeySecret: inv.Credentials.AccessKeySecret(), SecurityToken: inv.Credentials.SecurityToken()},
		Left:  time.Until(at), Expired: ctx.Err() != nil, Payload: string(payload),
	}, nil
}
