package platform

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Kind is what the platform asks a function on the Go runtime to do (header x-fc-function-type).
type Kind int

// The kinds of an Invocation. Function Compute 3.0 sends no others.
const (
	Handle     Kind = iota // run the handler
	Initialize             // run the initializer hook
	PreStop                // run the pre-stop hook
)

// Invocation is one call of the function. The zero value has an empty event.
type Invocation struct {
	RequestID string            // default: a new one
	Payload   []byte            // the event
	Kind      Kind              // Runtime only
	Timeout   time.Duration     // default: 60 s; whole seconds
	Deadline  time.Time         // default: Timeout after it is handed out
	Account   string            // default: Account
	Region    string            // default: Region
	Edit      func(http.Header) // if not nil, edits the headers last
	Truncate  bool              // Runtime only: the connection breaks before the end of Payload
}

// Result is the outcome of one invocation.
type Result struct {
	RequestID    string
	OK           bool
	Body         []byte // the function's answer, also of a failure
	ErrorType    string // of a failure
	ErrorMessage string
	Err          error // no usable answer: the connection broke, the process died, or time ran out
}

// failed returns the Result of a failure, whose body must be an object with two strings.
func failed(id string, body []byte) Result {
	var e struct {
		Message *string `json:"errorMessage"`
		Type    *string `json:"errorType"`
	}
	r := Result{RequestID: id, Body: body}
	if err := json.Unmarshal(body, &e); err != nil {
		r.Err = fmt.Errorf("reading the answer of a failed invocation: %w", err)
	} else if e.Message == nil || e.Type == nil {
		r.Err = fmt.Errorf("reading the answer of a failed invocation: errorMessage or errorType is missing")
	} else {
		r.ErrorMessage, r.ErrorType = *e.Message, *e.Type
	}
	return r
}

var serial atomic.Int64

// newID returns a request id in the platform's form that is never repeated.
func newID() string {
	return fmt.Sprintf("1-%08x-%024x", time.Now().Unix(), serial.Add(1))
}

func (inv Invocation) timeout() time.Duration {
	return cmp.Or(inv.Timeout, time.Minute)
}

func (inv Invocation) deadline() time.Time {
	if inv.Deadline.IsZero() {
		return time.Now().Add(inv.timeout())
	}
	return inv.Deadline
}

// header returns the headers of an invocation that both runtimes receive.
func (inv Invocation) header() http.Header {
	c := Credentials()
	h := http.Header{}
	for name, value := range map[string]string{
		"x-fc-request-id":              inv.RequestID,
		"x-fc-access-key-id":           c.AccessKeyID,
		"x-fc-access-key-secret":       c.AccessKeySecret,
		"x-fc-security-token":          c.SecurityToken,
		"x-fc-account-id":              cmp.Or(inv.Account, Account),
		"x-fc-region":                  cmp.Or(inv.Region, Region),
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
