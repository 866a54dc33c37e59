package simulator

import (
	"net/http"
	"time"
)

// Kind is the name of a fault.
type Kind string

// The faults. Unless it says otherwise, a fault answers in place of the API: the call has no effect.
const (
	Throttle       Kind = "throttle"           // 400 Throttling.User, with the header that says for how long
	Throttle429    Kind = "throttle-429"       // the same as status 429 without the header
	InternalError  Kind = "internal"           // 500 InternalError
	Unavailable    Kind = "unavailable"        // 503 ServiceUnavailable
	Refused        Kind = "refused"            // nobody listens; a server, which does listen, resets
	ResetBefore    Kind = "reset-before"       // the connection breaks before the call is carried out
	ResetAfter     Kind = "reset-after"        // it breaks after
	Hang           Kind = "hang"               // no answer until the caller gives up
	HangAfter      Kind = "hang-after"         // the call is carried out, and not answered
	SlowBody       Kind = "slow-body"          // the call is carried out, its answer arrives in small pieces
	CutBody        Kind = "cut-body"           // the call is carried out, the connection breaks in the middle of its answer
	Truncated      Kind = "truncated"          // the call is carried out, its answer is half a JSON text
	HTML           Kind = "html"               // 200 with a page, as proxies do
	BadGateway     Kind = "bad-gateway"        // 502 with a page
	Empty          Kind = "empty"              // 200 with no body
	ErrorObject    Kind = "error-200"          // 200 with an error object
	WrongTypes     Kind = "wrong-types"        // 200 with objects where texts should be
	NumericCode    Kind = "numeric-code"       // an error whose Code is a number
	ObjectMessage  Kind = "object-message"     // an error whose Message is an object
	TextDetail     Kind = "text-detail"        // 403 whose AccessDeniedDetail is a text
	Redirect       Kind = "redirect"           // 302 to another path of the same server
	ClockSkew      Kind = "clock-skew"         // InvalidTimeStamp.Expired
	NonceUsed      Kind = "nonce-used"         // SignatureNonceUsed
	TokenExpired   Kind = "token-expired"      // InvalidSecurityToken.Expired
	Forbidden      Kind = "forbidden"          // 403, with AccessDeniedDetail
	Conflict       Kind = "operation-conflict" // OperationConflict
	TaskConflict   Kind = "task-conflict"      // TaskConflict
	TokenInFlight  Kind = "last-token"         // LastTokenProcessing
	SystemBusy     Kind = "system-busy"        // SystemBusy
	WrongStatus    Kind = "incorrect-status"   // IncorrectStatus.VpcPeer, whatever the status is
	Vanished       Kind = "not-found"          // ResourceNotFound.InstanceId, whatever there is
	TokenMismatch  Kind = "token-mismatch"     // IdempotentParameterMismatch, whatever was sent before
	LostUpdate     Kind = "lost-update"        // the call is acknowledged and not carried out
	StaleRead      Kind = "stale-read"         // Get and List show what was true some time ago, when a connection may not have been there
	SameToken      Kind = "same-token"         // each page of a List names itself as the next
	EndlessPages   Kind = "endless-pages"      // each page of a List is the first, and names a new next one
	UnknownRequest Kind = "no-request-id"      // the call is carried out, its answer lacks the RequestId
)

// spoiler makes the answer that the caller gets: a is that of the API, or the zero answer where it was not asked.
type spoiler func(f Fault, cl *call, a answer) answer

// kind is how a fault works.
type kind struct {
	severs  bool               // it strikes below HTTP
	applied bool               // the call is carried out
	lasts   time.Duration      // default of Fault.For
	prepare func(Fault, *call) // before the call is carried out
	spoil   spoiler            // nil: the answer stays as it is
}

// kinds are all faults.
var kinds = map[Kind]kind{
	Throttle:       {lasts: time.Second, spoil: func(f Fault, cl *call, _ answer) answer { return throttled(f.For).answer(cl) }},
	Throttle429:    {spoil: says(http.StatusTooManyRequests, "Throttling", "Request was denied due to request throttling.")},
	InternalError:  {spoil: says(http.StatusInternalServerError, "InternalError", "The request processing has failed due to some unknown error.")},
	Unavailable:    {spoil: says(http.StatusServiceUnavailable, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")},
	Refused:        {severs: true, spoil: cuts(refused)},
	ResetBefore:    {severs: true, spoil: cuts(reset)},
	ResetAfter:     {severs: true, applied: true, spoil: cuts(reset)},
	Hang:           {severs: true, spoil: cuts(hang)},
	HangAfter:      {severs: true, applied: true, spoil: cuts(hang)},
	SlowBody:       {applied: true, lasts: 20 * time.Second, spoil: slowly},
	CutBody:        {applied: true, spoil: cutsBody},
	Truncated:      {applied: true, spoil: truncates},
	HTML:           {spoil: page(http.StatusOK)},
	BadGateway:     {spoil: page(http.StatusBadGateway)},
	Empty:          {spoil: body(http.StatusOK, "")},
	ErrorObject:    {spoil: errorObject},
	WrongTypes:     {spoil: body(http.StatusOK, wrongTypes)},
	NumericCode:    {spoil: misshapes(func(b *errorBody) { b.Code = http.StatusInternalServerError })},
	ObjectMessage:  {spoil: misshapes(func(b *errorBody) { b.Message = map[string]string{"en": "failed"} })},
	TextDetail:     {spoil: textDetail},
	Redirect:       {spoil: redirect},
	ClockSkew:      {spoil: says(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")},
	NonceUsed:      {spoil: says(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")},
	TokenExpired:   {spoil: says(http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")},
	Forbidden:      {spoil: denies},
	Conflict:       {spoil: func(_ Fault, cl *call, _ answer) answer { return operationConflict().answer(cl) }},
	TaskConflict:   {spoil: says(http.StatusBadRequest, "TaskConflict", "The operation is too frequent. Try again later.")},
	TokenInFlight:  {spoil: func(_ Fault, cl *call, _ answer) answer { return tokenProcessing().answer(cl) }},
	SystemBusy:     {spoil: says(http.StatusBadRequest, "SystemBusy", "The system is busy. Try again later.")},
	WrongStatus:    {spoil: says(http.StatusBadRequest, "IncorrectStatus.VpcPeer", "The status of the connection is incorrect.")},
	Vanished:       {spoil: func(_ Fault, cl *call, _ answer) answer { return notFound(cl.InstanceID).answer(cl) }},
	TokenMismatch:  {spoil: func(_ Fault, cl *call, _ answer) answer { return tokenMismatch().answer(cl) }},
	LostUpdate:     {applied: true, prepare: func(_ Fault, cl *call) { cl.lost = true }},
	StaleRead:      {applied: true, lasts: 5 * time.Second, prepare: func(f Fault, cl *call) { cl.stale = f.For }},
	SameToken:      {applied: true, prepare: func(_ Fault, cl *call) { cl.circles = true }},
	EndlessPages:   {applied: true, prepare: func(_ Fault, cl *call) { cl.endless = true }},
	UnknownRequest: {applied: true, spoil: forgetsRequestID},
}
