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

// Error is what a failed invocation answers. A Handler returns one (wrapped or not) to choose the type;
// any other error is answered as Unresolved.
type Error struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Error gives the message. The type travels beside it.
func (e *Error) Error() string { return e.Message }

// body is e as the platform wants it.
func (e *Error) body() []byte {
	body, err := json.Marshal(*e)
	if err != nil { // two strings always marshal
		panic(err)
	}
	return body
}

// answer is the Error that tells err to the platform: the whole text, with the type of the Error inside, if there is one.
func answer(err error) *Error {
	a := &Error{Message: err.Error(), Type: Unresolved}
	if inner, ok := errors.AsType[*Error](err); ok && inner.Type != "" {
		a.Type = inner.Type
	}
	return a
}

// panicked tells of a panic without its value, which may hold anything: only the functions on the way to it are named.
func panicked() *Error {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)]) // 3: from runtime.gopanic on
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
