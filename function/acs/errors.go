package acs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
)

// The codes of failures without an answer. docs/reference.md lists them.
const (
	codeTimeout        = "Timeout"
	codeNetwork        = "NetworkError"
	codeNoConfirmation = "NoConfirmation"
	codeDeadline       = "DeadlineExceeded"
)

// What the codes of all APIs mean. This is the only place that knows them.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection and
// https://www.alibabacloud.com/help/en/vpc/developer-reference/ensure-idempotence
var (
	classes = map[string]peering.Class{
		"ResourceNotFound.InstanceId": peering.Gone,
		"IncorrectStatus.VpcPeer":     peering.WrongStatus,
		"IdempotentParameterMismatch": peering.TokenTaken,
		"IdempotenceParamNotMatch":    peering.TokenTaken,
		"IdempotentFailed":            peering.TokenTaken, // what the token stood for failed, and would again
		"DryRunOperation":             peering.DryRunPassed,
		"UnsupportedRegion":           peering.Unsupported,

		// https://www.alibabacloud.com/help/en/resource-management/resource-directory/developer-reference/api-resourcemanager-2020-03-31-getaccount
		"EntityNotExists.Account":           peering.NoMember,
		"EntityNotExists.ResourceDirectory": peering.NoDirectory,
		"ResourceDirectoryNotInUse":         peering.NoDirectory,
	}
	// Each also as the last part of a code with dots, in any letters: the API writes OperationFailed.LastTokenProcessing,
	// ServiceUnAvailable, and DistibuteLock.
	transient = []string{
		"ServiceUnavailable", "InternalError", "SignatureNonceUsed", "LastTokenProcessing", "IdempotentProcessing",
		"OperationConflict", "TaskConflict", "DistributeLock", "DistibuteLock", "SystemBusy",
	}
	// The caller's RAM policies, or the trust policy of a role, do not grant the call. Some codes continue after a dot.
	// https://help.aliyun.com/document_detail/51132.html
	forbidden = []string{"Forbidden", "NoPermission", "AccessDenied"}
	// Their messages repeat the string that was signed, with the security token in it.
	leaking = []string{"SignatureDoesNotMatch", "IncompleteSignature"}
)

// classOf returns what a code of an API means.
func classOf(code string) peering.Class {
	if family, _, _ := strings.Cut(code, "."); slices.Contains(forbidden, family) {
		return peering.Forbidden
	}
	return classes[code]
}

const (
	codeCharacters = peering.Letters + peering.Digits + "._-"
	codeLength     = 128
)

// IsCode reports whether a text has the form of an error code. Only such a text is shown.
func IsCode(text string) bool {
	return peering.MadeOf(codeCharacters, text, codeLength) && peering.MadeOf(peering.Letters, text[:1], 1)
}

// isTransient reports whether a code asks to try again.
func isTransient(code string) bool {
	last := code[strings.LastIndexByte(code, '.')+1:]
	return slices.ContainsFunc(transient, func(known string) bool { return strings.EqualFold(last, known) })
}

// throttled reports whether an error is a throttle: Throttling.User and Rejected.Throttling are two of its codes.
func throttled(code string, status int) bool {
	for part := range strings.SplitSeq(strings.ToLower(code), ".") {
		if strings.HasPrefix(part, "throttling") {
			return true
		}
	}
	return status == http.StatusTooManyRequests
}

// sessionRefused reports whether the API no longer accepts an assumed role's session.
func sessionRefused(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && strings.HasPrefix(f.Code, "InvalidSecurityToken")
}

// NoConfirmation returns the failure of a call whose answer does not say that it was done. It is worth a retry.
func NoConfirmation(why string) *peering.Failure {
	return &peering.Failure{Code: codeNoConfirmation, Message: why, Retryable: true, Unanswered: true}
}

// foreign is a failure that comes from something other than the API, such as a proxy on the way, and that blames the
// request: HTTP 4xx without an error of the API. More than a few repeats do not help.
type foreign struct{ *peering.Failure }

// Unwrap returns the failure.
func (f foreign) Unwrap() error { return f.Failure }

func isForeign(err error) bool {
	_, ok := errors.AsType[foreign](err)
	return ok
}

const deadlineFirst = "the invocation's deadline came first"

// OutOfTime returns the failure of a call that was not made because the deadline came first.
func OutOfTime() *peering.Failure { return outOfTime(nil) }

// outOfTime is what a failure becomes when the deadline leaves no room for another attempt.
func outOfTime(last *peering.Failure) *peering.Failure {
	if last == nil {
		last = &peering.Failure{Code: codeDeadline, Message: deadlineFirst}
	}
	f := *last
	f.Class, f.Retryable = peering.OutOfTime, true
	return &f
}

// unanswered is the failure of an exchange without a whole answer. err is a transport's: it does not hold the URL.
func unanswered(ctx context.Context, err error, secrets redactor) *peering.Failure {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return outOfTime(&peering.Failure{Code: codeDeadline, Message: deadlineFirst, Unanswered: true})
	case errors.As(err, &timeout) && timeout.Timeout():
		return &peering.Failure{Code: codeTimeout, Message: "no answer within " + callTimeout.String(), Retryable: true, Unanswered: true}
	}
	return &peering.Failure{Code: codeNetwork, Message: secrets.clean(err.Error(), maxMessage), Retryable: true, Unanswered: true}
}

// refused is the failure of an exchange that was answered with an error.
func refused(status int, header http.Header, body []byte, secrets redactor) error {
	f := understood(status, body, secrets)
	switch {
	case throttled(f.Code, status):
		f.RetryAfter = retryAfter(header)
	case f.Unanswered && status/100 == 4:
		return foreign{f}
	}
	return f
}

// said is a text of an error. Anything else in its place counts as none: the rest of the error may still be clear.
type said string

// UnmarshalJSON never fails.
func (s *said) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*string)(s)) != nil {
		*s = ""
	}
	return nil
}

// understood reads an error of the API. An error of any other shape comes from a proxy on the way, or is unknown.
func understood(status int, body []byte, secrets redactor) *peering.Failure {
	var e struct{ Code, Message, RequestId said }
	code := ""
	if decode(body, &e) == nil {
		code = string(e.Code)
	}
	if !IsCode(code) || secrets.clean(code, maxText) != code {
		return NoConfirmation(fmt.Sprintf("HTTP %d with a body that is not an error of the API", status))
	}
	f := &peering.Failure{
		Code:      code,
		Message:   secrets.clean(string(e.Message), maxMessage),
		Retryable: throttled(code, status) || status >= 500 || isTransient(code),
		RequestID: secrets.clean(string(e.RequestId), maxText),
		Class:     classOf(code),
	}
	if slices.Contains(leaking, f.Code) {
		f.Message = "the API computed another signature: check the access key secret"
	}
	return f
}

// maxRetryAfter is the longest pause that a throttle can ask for: quotas are per minute.
const maxRetryAfter = time.Minute

// retryAfter reads "Limit:1,Remain:0,TimeLeft:2000,Reset:1234": TimeLeft is the rest of the window, in milliseconds.
func retryAfter(headers http.Header) time.Duration {
	for _, name := range []string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		_, rest, _ := strings.Cut(headers.Get(name), "TimeLeft:")
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, peering.Digits))]
		if digits != "" {
			ms, _ := strconv.ParseUint(digits, 10, 64) // of a number that is too large it returns the largest
			return time.Duration(min(ms, uint64(maxRetryAfter.Milliseconds()))) * time.Millisecond
		}
	}
	return 0
}
