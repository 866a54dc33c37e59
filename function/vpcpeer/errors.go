package vpcpeer

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"

	"peerguard/function/peering"
)

// The codes that no answer of the API gives.
const (
	codeTimeout        = "Timeout"
	codeNetwork        = "NetworkError"
	codeNoConfirmation = "NoConfirmation"
	codeDeadline       = "DeadlineExceeded"
)

// What the API's codes mean. This is the only place that knows them.
// https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-rejectvpcpeerconnection and
// https://www.alibabacloud.com/help/en/vpc/developer-reference/ensure-idempotence
var (
	classes = map[string]peering.Class{
		"ResourceNotFound.InstanceId": peering.Gone,
		"IncorrectStatus.VpcPeer":     peering.WrongStatus,
		"IdempotentParameterMismatch": peering.TokenTaken,
		"IdempotenceParamNotMatch":    peering.TokenTaken,
		"DryRunOperation":             peering.DryRunPassed,
	}
	transient = []string{
		"ServiceUnavailable", "InternalError", "SignatureNonceUsed", "LastTokenProcessing",
		"OperationConflict", "TaskConflict", "SystemBusy",
	}
	// Their messages repeat the string that was signed, with the security token in it.
	leaking = []string{"SignatureDoesNotMatch", "IncompleteSignature"}
)

const (
	letters        = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	codeCharacters = letters + "0123456789._-"
	codeLength     = 128
)

// isCode reports whether a text has the form of the API's codes.
func isCode(text string) bool {
	return text != "" && len(text) <= codeLength && strings.Contains(letters, text[:1]) && strings.Trim(text, codeCharacters) == ""
}

func throttled(code string, status int) bool {
	return strings.HasPrefix(code, "Throttling") || status == http.StatusTooManyRequests
}

// sessionRefused reports whether an assumed role's session is no longer taken.
func sessionRefused(err error) bool {
	f, ok := errors.AsType[*peering.Failure](err)
	return ok && strings.HasPrefix(f.Code, "InvalidSecurityToken")
}

func noConfirmation(why string) *peering.Failure {
	return &peering.Failure{Code: codeNoConfirmation, Message: why, Retryable: true}
}

// outOfTime is what a failure becomes when the deadline leaves no room for another attempt.
func outOfTime(last *peering.Failure) *peering.Failure {
	if last == nil {
		last = &peering.Failure{Code: codeDeadline, Message: "the invocation's deadline came first"}
	}
	f := *last
	f.Class, f.Retryable = peering.OutOfTime, true
	return &f
}

// failure turns whatever the SDK returned into what the rest of peerguard understands.
func failure(ctx context.Context, err error, secrets redactor) *peering.Failure {
	var server *sdkerrors.ServerError
	switch {
	case errors.As(err, &server):
		return serverFailure(server, secrets)
	case ctx.Err() != nil:
		return outOfTime(nil)
	case timedOut(err):
		return &peering.Failure{Code: codeTimeout, Message: "no answer within " + callTimeout.String(), Retryable: true}
	}
	if _, ok := errors.AsType[*sdkerrors.ClientError](err); ok {
		return noConfirmation("the answer is not the JSON that the API documents")
	}
	return &peering.Failure{Code: codeNetwork, Message: secrets.clean(cause(err).Error()), Retryable: true}
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// cause leaves out what net/http says around a transport's error: the URL, which holds the whole signed request.
func cause(err error) error {
	if around, ok := errors.AsType[*url.Error](err); ok {
		return around.Err
	}
	return err
}

func serverFailure(e *sdkerrors.ServerError, secrets redactor) *peering.Failure {
	code := e.ErrorCode()
	f := &peering.Failure{
		Code:      code,
		Message:   secrets.clean(e.Message()),
		Retryable: throttled(code, e.HttpStatus()) || e.HttpStatus() >= 500 || slices.Contains(transient, code),
		RequestID: secrets.clean(e.RequestId()),
		Class:     classes[code],
	}
	switch {
	case !isCode(code):
		*f = *noConfirmation("HTTP " + http.StatusText(e.HttpStatus()) + " with a body that is no error of the API")
	case slices.Contains(leaking, code):
		f.Message = "the API computed another signature: check the access key secret"
	}
	if throttled(code, e.HttpStatus()) {
		f.RetryAfter = retryAfter(e.RespHeaders)
	}
	return f
}

// retryAfter reads "Limit:1,Remain:0,TimeLeft:2000,Reset:1234": TimeLeft is the rest of the window, in milliseconds.
func retryAfter(headers http.Header) time.Duration {
	for _, name := range []string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		_, rest, _ := strings.Cut(headers.Get(name), "TimeLeft:")
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		if ms, err := strconv.ParseUint(digits, 10, 31); err == nil {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}
