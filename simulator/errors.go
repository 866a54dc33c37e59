package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// apiError is an error answer of the API.
type apiError struct {
	status  int
	code    string
	message string
	detail  any           // AccessDeniedDetail, or nil
	wait    time.Duration // of a throttle: how long the caller should wait
}

func badRequest(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func missing(parameter string) *apiError {
	return badRequest("Missing"+parameter, "%s is mandatory for this action.", parameter)
}

func invalid(parameter string) *apiError {
	return badRequest("InvalidParameter."+parameter, "The specified parameter %s is not valid.", parameter)
}

func actionNotFound() *apiError {
	return &apiError{status: http.StatusNotFound, code: "InvalidApi.NotFound", message: "Specified api is not found, please check your url and method."}
}

func notFound(id string) *apiError {
	return badRequest("ResourceNotFound.InstanceId", "The specified resource of %s is not found.", id)
}

func wrongStatus(n *conn) *apiError {
	return badRequest("IncorrectStatus.VpcPeer", "The status of %s [%s] is incorrect.", n.InstanceID, n.Status)
}

func managed(n *conn) *apiError {
	return badRequest("OperationDenied.ServiceManagedInstance", "Operation is denied because %s belongs to the service %s.", n.InstanceID, n.ManagedService)
}

func dryRunPassed() *apiError {
	return badRequest("DryRunOperation", "Request validation has been passed with DryRun flag set.")
}

func operationConflict() *apiError {
	return badRequest("OperationConflict", "Another operation on the same resource is in progress. Try again later.")
}

func tokenProcessing() *apiError {
	return &apiError{status: http.StatusForbidden, code: "LastTokenProcessing", message: "The last token request is processing."}
}

func tokenMismatch() *apiError {
	return badRequest("IdempotentParameterMismatch", "The client token was used before with other parameters.")
}

func throttled(wait time.Duration) *apiError {
	e := badRequest("Throttling.User", "Request was denied due to user flow control.")
	e.wait = max(wait, time.Millisecond)
	return e
}

// identityPolicy is the type of policy that an account attaches to its identities.
const identityPolicy = "AccountLevelIdentityBasedPolicy"

// forbidden is the answer to a caller whose policies, of the type that policyType names, do not allow the action.
func (cl *call) forbidden(policyType string) *apiError {
	return &apiError{
		status:  http.StatusForbidden,
		code:    cl.product.denial,
		message: "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
		detail: map[string]string{
			"AuthAction":               cl.ramAction(),
			"AuthPrincipalOwnerId":     string(cl.key.Account),
			"AuthPrincipalType":        cl.key.kind(),
			"AuthPrincipalDisplayName": cl.key.name(),
			"NoPermissionType":         "ImplicitDeny",
			"PolicyType":               policyType,
			"EncodedDiagnosticMessage": "c2ltdWxhdGVk",
		},
	}
}

// errorBody is the shape of every error answer.
type errorBody struct {
	RequestID          string `json:"RequestId"`
	HostID             string `json:"HostId"`
	Code               any    `json:"Code"`
	Message            any    `json:"Message"`
	Recommend          string `json:"Recommend"`
	AccessDeniedDetail any    `json:"AccessDeniedDetail,omitempty"`
}

func (e *apiError) body(cl *call) errorBody {
	return errorBody{
		RequestID:          cl.RequestID,
		HostID:             cl.product.host,
		Code:               e.code,
		Message:            e.message,
		Recommend:          "https://api.aliyun.com/troubleshoot?q=" + e.code,
		AccessDeniedDetail: e.detail,
	}
}

func (e *apiError) answer(cl *call) answer {
	a := answer{status: e.status, code: e.code, body: encode(e.body(cl))}
	if e.wait > 0 {
		a.ratelimit = cl.quota.header(e.wait, time.Now())
	}
	return a
}

// done is the answer of a call that succeeded.
func done(v any) answer { return answer{status: http.StatusOK, body: encode(v)} }

// encode returns the JSON form of an answer, which always has one.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("simulator: encoding an answer: " + err.Error())
	}
	return b
}
