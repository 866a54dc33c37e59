package simulator

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Kind is the name of a fault.
type Kind string

// The faults. Unless stated otherwise, a fault answers in place of the API and the call has no effect.
const (
	Throttle       Kind = "throttle"           // 400 Throttling.User, with the header that says how long to wait
	Throttle429    Kind = "throttle-429"       // 429 Throttling, without the header
	InternalError  Kind = "internal"           // 500 InternalError
	Unavailable    Kind = "unavailable"        // 503 ServiceUnavailable
	Refused        Kind = "refused"            // nobody listens (a server cannot do that: it resets the connection)
	ResetBefore    Kind = "reset-before"       // the connection breaks before the call is carried out
	ResetAfter     Kind = "reset-after"        // the connection breaks after the call is carried out
	Hang           Kind = "hang"               // there is no answer until the caller gives up
	HangAfter      Kind = "hang-after"         // the call is carried out and never answered
	SlowBody       Kind = "slow-body"          // the call is carried out; its answer arrives slowly, in pieces
	CutBody        Kind = "cut-body"           // the call is carried out; the connection breaks in the middle of the answer
	Truncated      Kind = "truncated"          // the call is carried out; its answer is half of the JSON text
	HTML           Kind = "html"               // an HTML page in place of an answer, as a proxy sends it; status 200 by default
	BadGateway     Kind = "bad-gateway"        // 502 with an HTML page
	Empty          Kind = "empty"              // 200 with no body
	ErrorObject    Kind = "error-200"          // 200 with an error object
	WrongTypes     Kind = "wrong-types"        // 200 with objects in place of strings
	NumericCode    Kind = "numeric-code"       // an error whose Code is a number
	ObjectMessage  Kind = "object-message"     // an error whose Message is an object
	TextDetail     Kind = "text-detail"        // 403 whose AccessDeniedDetail is a string
	Redirect       Kind = "redirect"           // 302 to another path of the same server
	ClockSkew      Kind = "clock-skew"         // InvalidTimeStamp.Expired
	NonceUsed      Kind = "nonce-used"         // SignatureNonceUsed
	TokenExpired   Kind = "token-expired"      // InvalidSecurityToken.Expired
	Forbidden      Kind = "forbidden"          // 403, with AccessDeniedDetail
	Conflict       Kind = "operation-conflict" // OperationConflict
	TaskConflict   Kind = "task-conflict"      // TaskConflict
	TokenInFlight  Kind = "last-token"         // LastTokenProcessing
	SystemBusy     Kind = "system-busy"        // SystemBusy
	WrongStatus    Kind = "incorrect-status"   // IncorrectStatus.VpcPeer, regardless of the status
	Vanished       Kind = "not-found"          // ResourceNotFound.InstanceId, although the connection may exist
	TokenMismatch  Kind = "token-mismatch"     // IdempotentParameterMismatch, regardless of earlier calls
	LostUpdate     Kind = "lost-update"        // the call is acknowledged but not carried out
	StaleRead      Kind = "stale-read"         // Get and List show what was true some time ago
	SameToken      Kind = "same-token"         // each page of a List names itself as the next page
	EndlessPages   Kind = "endless-pages"      // each page of a List is the first page, and names a new next one
	EarlyEnd       Kind = "early-end"          // a page of a List lacks its second half and names no next page; TotalCount counts all
	Overlap        Kind = "overlapping-pages"  // each next page of a List begins with the last connection of the page before
	MovingTotal    Kind = "moving-total"       // the TotalCount of a List differs from page to page
	APIError       Kind = "api-error"          // an API error with any Code and Status
	MissingKeys    Kind = "missing-keys"       // the call is carried out; its answer lacks Keys, which are facts by default
	NullKeys       Kind = "null-keys"          // the call is carried out; Keys are null in its answer, the list by default
	EchoError      Kind = "echo-error"         // an API error whose Code, Message and RequestId repeat the caller's secrets
	EchoKeys       Kind = "echo-keys"          // the call is carried out; Keys repeat the caller's secrets, facts by default
	UnknownRequest Kind = "no-request-id"      // the call is carried out; the RequestId in its answer is empty
)

// kind says how a fault works.
type kind struct {
	severs   bool               // the fault strikes below HTTP
	defaults Fault              // values of For, Code, Status, Keys and Applied that a Fault need not state
	prepare  func(Fault, *call) // is called before the call is carried out, or nil
	spoil    spoiler            // nil: the answer is not changed
}

// carriedOut are the defaults of a fault that always carries out the call.
var carriedOut = Fault{Applied: true}

// kinds says how each fault works.
var kinds = map[Kind]kind{
	Throttle:      {defaults: Fault{For: time.Second, Code: "Throttling.User", Status: http.StatusBadRequest}, spoil: throttles},
	Throttle429:   failing(&apiError{status: http.StatusTooManyRequests, code: "Throttling", message: "Request was denied due to request throttling."}),
	InternalError: failing(&apiError{status: http.StatusInternalServerError, code: "InternalError", message: "The request processing has failed due to some unknown error."}),
	Unavailable:   failing(&apiError{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "The request has failed due to a temporary failure of the server."}),
	ErrorObject:   failing(&apiError{status: http.StatusOK, code: "InternalError", message: "The request processing has failed."}),
	APIError:      failing(badRequest("OperationFailed", "The operation failed.")),
	ClockSkew:     failing(badRequest("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")),
	NonceUsed:     failing(badRequest("SignatureNonceUsed", "Specified signature nonce was used already.")),
	TokenExpired:  failing(badRequest("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")),
	Conflict:      failing(operationConflict()),
	TaskConflict:  failing(badRequest("TaskConflict", "The operation is too frequent. Try again later.")),
	TokenInFlight: failing(tokenProcessing()),
	SystemBusy:    failing(badRequest("SystemBusy", "The system is busy. Try again later.")),
	WrongStatus:   failing(badRequest("IncorrectStatus.VpcPeer", "The status of the connection is incorrect.")),
	TokenMismatch: failing(tokenMismatch()),
	Vanished:      {spoil: func(_ Fault, cl *call, _ answer) answer { return notFound(cl.InstanceID).answer(cl) }},
	Forbidden:     {spoil: func(_ Fault, cl *call, _ answer) answer { return cl.forbidden(identityPolicy).answer(cl) }},

	Refused:     {severs: true, spoil: cuts(refused)},
	ResetBefore: {severs: true, spoil: cuts(reset)},
	ResetAfter:  {severs: true, defaults: carriedOut, spoil: cuts(reset)},
	Hang:        {severs: true, spoil: cuts(hang)},
	HangAfter:   {severs: true, defaults: carriedOut, spoil: cuts(hang)},
	SlowBody:    {defaults: Fault{Applied: true, For: 20 * time.Second}, spoil: slows},
	CutBody:     {defaults: carriedOut, spoil: cutsBody},
	Truncated:   {defaults: carriedOut, spoil: truncates},

	HTML:           {defaults: Fault{Status: http.StatusOK}, spoil: sendsPage},
	BadGateway:     {defaults: Fault{Status: http.StatusBadGateway}, spoil: sendsPage},
	Redirect:       {spoil: redirects},
	Empty:          {spoil: sends("")},
	WrongTypes:     {spoil: sends(wrongTypes)},
	NumericCode:    {spoil: misshapes(func(b *errorBody) { b.Code = http.StatusInternalServerError })},
	ObjectMessage:  {spoil: misshapes(func(b *errorBody) { b.Message = map[string]string{"en": "failed"} })},
	TextDetail:     {spoil: misshapesDetail},
	UnknownRequest: {defaults: carriedOut, spoil: emptiesRequestID},
	MissingKeys:    {defaults: Fault{Applied: true, Keys: "Vpc,AcceptingVpc,RegionId"}, spoil: dropsKeys},
	NullKeys:       {defaults: Fault{Applied: true, Keys: "VpcPeerConnects"}, spoil: nullsKeys},
	EchoKeys:       {defaults: Fault{Applied: true, Keys: "VpcId,Ipv4Cidrs,RegionId,GmtCreate"}, spoil: echoesInKeys},
	EchoError:      {spoil: echoesInError},

	LostUpdate:   {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.lost = true }},
	StaleRead:    {defaults: Fault{Applied: true, For: 5 * time.Second}, prepare: func(f Fault, cl *call) { cl.stale = f.For }},
	SameToken:    {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.paging = circling }},
	EndlessPages: {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.paging = endless }},
	EarlyEnd:     {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.paging = ending }},
	MovingTotal:  {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.paging = moving }},
	Overlap:      {defaults: carriedOut, prepare: func(_ Fault, cl *call) { cl.paging = overlapping }},
}

// failing returns the fault that answers with an API error.
func failing(e *apiError) kind {
	return kind{defaults: Fault{Status: e.status, Code: e.code}, spoil: func(f Fault, cl *call, _ answer) answer {
		return (&apiError{status: f.Status, code: f.Code, message: e.message}).answer(cl)
	}}
}

// Kinds returns the names of all faults, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }
