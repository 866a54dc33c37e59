package fc

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
)

// The types of a failed invocation.
const (
	InvalidEvent  = "InvalidEvent"  // the event cannot be read
	InvalidPolicy = "InvalidPolicy" // the policy cannot be read
	Unresolved    = "Unresolved"    // anything else
)

// Error is the answer of a failed invocation. A Handler returns one (wrapped or not) to choose the type. Any other error is
// answered as Unresolved.
type Error struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`

	// For the log only.
	Cause      string `json:"-"` // code of what went wrong first; "" if the type says it all
	Incomplete bool   `json:"-"` // there was no time for some of the work, or a limit of the policy stopped it
}

// Error returns the message without the type.
func (e *Error) Error() string { return e.Message }

// body returns e as the platform wants it.
func (e *Error) body() []byte {
	body, err := json.Marshal(*e)
	if err != nil { // two strings always marshal
		panic(err)
	}
	return body
}

// answer returns the Error that reports err to the platform: the whole text, with the type of the Error that err wraps.
func answer(err error) *Error {
	a := &Error{Message: err.Error(), Type: Unresolved}
	if inner, ok := errors.AsType[*Error](err); ok && inner.Type != "" {
		a.Type, a.Cause, a.Incomplete = inner.Type, inner.Cause, inner.Incomplete
	}
	return a
}

// panicked reports a panic without its value, which may hold anything. It names the functions that led to the panic.
func panicked() *Error {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)]) // 3: start at runtime.gopanic
	var names []string
	for len(names) < 5 {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") && frame.Function != "" {
			names = append(names, frame.Function)
		}
		if !more {
			break
		}
	}
	return &Error{Message: "handler panicked in " + strings.Join(names, " < "), Type: Unresolved}
}
