package guard

import (
	"errors"

	"peerguard/function/peering"
)

// The codes of an Error that the guard itself finds. Any other code comes with a *peering.Failure.
const (
	codeNoConfirmation  = "NoConfirmation"
	codeUnknownOwner    = "UnknownOwner"
	codeUnknownAccepter = "UnknownAccepter"
	codeUnknownStatus   = "UnknownStatus"
	codeUnknownFacts    = "UnknownFacts"
	codeDirectory       = "DirectoryUnavailable"
	codeRegions         = "RegionsUnavailable"
	codeNotReady        = "NotReady"
	codeTooMany         = "TooManyRequesters"
	codeInvalidPolicy   = "InvalidPolicy"
)

// DeadlineExceeded is the code of what the deadline kept from being done.
const DeadlineExceeded = "DeadlineExceeded"

// Error is why a connection or a partition is unresolved.
type Error struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

func asError(f *peering.Failure) *Error {
	return &Error{Code: f.Code, Message: f.Message, Retryable: f.Retryable}
}

// failure returns what the cloud said. An error of another type confirms nothing.
func failure(err error) *peering.Failure {
	if f, ok := errors.AsType[*peering.Failure](err); ok {
		return f
	}
	return &peering.Failure{Code: codeNoConfirmation, Message: err.Error()}
}

// isGone reports whether the cloud said that there is no such connection.
func isGone(err error) bool { return err != nil && failure(err).Class == peering.Gone }

// outOfTime is the failure of what the deadline kept from being done.
func outOfTime() *peering.Failure {
	return &peering.Failure{Code: DeadlineExceeded, Message: "the invocation's deadline came first", Retryable: true, Class: peering.OutOfTime}
}
