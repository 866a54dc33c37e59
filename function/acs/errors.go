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

// The codes of failures without an answer. README.md lists them.
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
		"DryRunOperation":             peering.DryRunPassed,
		"UnsupportedRegion":           peering.Unsupported,
	}
	transient = []string{
		"ServiceUnavailable", "InternalError", "SignatureNonceUsed", "LastTokenProcessing",
		"OperationConflict", "TaskConflict", "SystemBusy",
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
	return peering.MadeOf(codeCharacters, text, codeLength) && strings.Contains(peering.Letters, text[:1])
}

func throttled(code string, status int) bool {
	return strings.HasPrefix(code, "Throttling") || status == http.StatusTooManyRequests
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

const deadlineFirst = "the invocation's deadline came first"

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
	return &peering.Failure{Code: codeNetwork, Message: secrets.clean(err.Error()), Retryable: true, Unanswered: true}
}

// refused is the failure of an exchange that was answered with an error.
func refused(status int, header http.Header, body []byte, secrets redactor) *peering.Failure {
	f := understood(status, body, secrets)
	if throttled(f.Code, status) {
		f.RetryAfter = retryAfter(header)
	}
	return f
}

// understood reads an error of the API. An error of any other shape comes from a proxy on the way, or is unknown.
func understood(status int, body []byte, secrets redactor) *peering.Failure {
	var said struct{ Code, Message, RequestId string }
	if json.Unmarshal(body, &said) != nil || !IsCode(said.Code) {
		return NoConfirmation(fmt.Sprintf("HTTP %d with a body that is not an error of the API", status))
	}
	f := &peering.Failure{
		Code:      said.Code,
		Message:   secrets.clean(said.Message),
		Retryable: throttled(said.Code, status) || status >= 500 || slices.Contains(transient, said.Code),
		RequestID: secrets.clean(said.RequestId),
		Class:     classOf(said.Code),
	}
	if slices.Contains(leaking, f.Code) {
		f.Message = "the API computed another signature: check the access key secret"
	}
	return f
}

// retryAfter reads "Limit:1,Remain:0,TimeLeft:2000,Reset:1234": TimeLeft is the rest of the window, in milliseconds.
func retryAfter(headers http.Header) time.Duration {
	for _, name := range []string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		_, rest, _ := strings.Cut(headers.Get(name), "TimeLeft:")
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, peering.Digits))]
		if ms, err := strconv.ParseUint(digits, 10, 31); err == nil {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}
