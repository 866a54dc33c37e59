package peering

import "time"

// Class says what a failed call means for what to do next.
type Class int

// The classes. Only the room that talks to the API knows which of its codes belongs to which class.
const (
	Failed       Class = iota // it failed; nothing more is known
	Gone                      // there is no such connection (any more)
	WrongStatus               // the connection is not in a state that allows the call
	TokenTaken                // the client token was used before, with other parameters
	DryRunPassed              // not a failure: a dry run that found no obstacle
	Forbidden                 // the caller lacks a permission, or a role does not trust it
	Unsupported               // the region does not have this API
	NoMember                  // the directory does not hold the account that was asked for
	NoDirectory               // the caller's account is in no directory, or is not one that may read it
	OutOfTime                 // the deadline came before a final answer
	Withdrawn                 // not sent (again): who asked for the call does not want it any more
)

// LastStart is how long before the deadline the last attempt of a call may start: a later one is not worth it.
const LastStart = time.Second

// Failure is the error of a call to the cloud. It holds what the report shows and what the guard needs to go on.
// Its texts never hold a credential, even if the API's answer does.
type Failure struct {
	Code       string // the API's own, or one of the codes that docs/reference.md lists
	Message    string
	Retryable  bool          // the same call may succeed later
	RetryAfter time.Duration // how long a throttle asks to wait; 0 if it does not say
	RequestID  string        // of the API; "" if it did not answer
	Unanswered bool          // nobody answered, or what answered is not the API
	Class      Class
}

// Error returns code and message on one line.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }
