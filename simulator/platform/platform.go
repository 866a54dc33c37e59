// Package platform plays Function Compute's side of both runtimes, for tests: [Runtime] is the Runtime API that a function
// on the Go runtime polls, [Custom] sends invocations to a custom runtime's server, and [Process] runs the binary
// itself. All of them hand out recognisable credentials; [Leaks] finds them wherever they should not be.
//
// What the platform does is taken from its documents and from the SDK's source; it was not compared with a live account.
package platform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Who the function is, as every invocation and every [Process] is told.
const (
	Account = "1111111111111111"
	Region  = "cn-shanghai"
)

// Kind says what the platform wants of a function on the Go runtime (header x-fc-function-type).
type Kind int

// The kinds of an Invocation. Function Compute 3.0 sends no others.
const (
	Handle     Kind = iota // run the handler
	Initialize             // run the initializer hook
	PreStop                // run the pre-stop hook
)

// Invocation is one call of the function. The zero value is one with an empty event.
type Invocation struct {
	RequestID string            // default: a new one
	Payload   []byte            // the event
	Kind      Kind              // Runtime only
	Timeout   time.Duration     // default: 60 s; whole seconds
	Deadline  time.Time         // default: Timeout from when it is handed out
	Account   string            // default: Account
	Region    string            // default: Region
	Edit      func(http.Header) // changes the headers at last, where not nil
	Truncate  bool              // Runtime only: the connection breaks before the end of Payload
}

// Result is how one invocation ended.
type Result struct {
	RequestID    string
	OK           bool
	Body         []byte // as the function answered, of failures too
	ErrorType    string // of a failure
	ErrorMessage string
	Err          error // there was no answer: connection lost, process died, or time over
}

// failed reads the body of a failure, which has to be an object with two strings.
func failed(id string, body []byte) Result {
	var e struct {
		Message *string `json:"errorMessage"`
		Type    *string `json:"errorType"`
	}
	r := Result{RequestID: id, Body: body}
	if err := json.Unmarshal(body, &e); err != nil {
		r.Err = fmt.Errorf("reading the answer of a failed invocation: %w", err)
	} else if e.Message == nil || e.Type == nil {
		r.Err = fmt.Errorf("reading the answer of a failed invocation: no errorMessage or no errorType")
	} else {
		r.ErrorMessage, r.ErrorType = *e.Message, *e.Type
	}
	return r
}

var serial atomic.Int64

// newID is a request id of the platform's form, and never the same twice.
func newID() string {
	return fmt.Sprintf("1-%08x-%024x", time.Now().Unix(), serial.Add(1))
}

func (inv Invocation) timeout() time.Duration {
	if inv.Timeout == 0 {
		return time.Minute
	}
	return inv.Timeout
}

func (inv Invocation) deadline() time.Time {
	if inv.Deadline.IsZero() {
		return time.Now().Add(inv.timeout())
	}
	return inv.Deadline
}

// header holds what both runtimes are told of an invocation.
func (inv Invocation) header() http.Header {
	c := Credentials()
	h := http.Header{}
	for name, value := range map[string]string{
		"x-fc-request-id":              inv.RequestID,
		"x-fc-access-key-id":           c.AccessKeyID,
		"x-fc-access-key-secret":       c.AccessKeySecret,
		"x-fc-security-token":          c.SecurityToken,
		"x-fc-account-id":              or(inv.Account, Account),
		"x-fc-region":                  or(inv.Region, Region),
		"x-fc-function-name":           "peerguard",
		"x-fc-function-handler":        "peerguard",
		"x-fc-function-memory":         "256",
		"x-fc-function-timeout":        strconv.Itoa(int(inv.timeout() / time.Second)),
		"x-fc-qualifier":               "LATEST",
		"x-fc-version-id":              "LATEST",
		"x-fc-service-logproject":      "serverless-project",
		"x-fc-service-logstore":        "serverless-logstore",
		"x-fc-retry-count":             "0",
		"x-fc-tracing-jaeger-endpoint": "",
	} {
		h.Set(name, value)
	}
	return h
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
