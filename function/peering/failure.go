package peering

import "time"

// Class says what a failed call means to the one who decides what to do next.
type Class int

// The classes. Which code of the API belongs to which is known in one place only, the room that talks to the API.
const (
	Failed       Class = iota // nothing more is known than that it failed
	Gone                      // there is no such connection (any more)
	WrongStatus               // the connection is not in a state that allows the call
	TokenTaken                // the client token was used before, with other parameters
	DryRunPassed              // not a failure: a dry run that found nothing in the way
	OutOfTime                 // the deadline came before an answer that settles the matter
)

// Failure is the error of a call to the cloud: what the report shows, and what the judge needs to go on.
// Its texts hold no credential, whatever the API answered.
type Failure struct {
	Code       string // the API's own, or one of the codes that README.md lists
	Message    string
	Retryable  bool          // the same call may succeed later
	RetryAfter time.Duration // how long a throttle asked to wait, 0 when it did not say
	RequestID  string        // of the API, where it answered
	Class      Class
}

// Error gives code and message on one line.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }
