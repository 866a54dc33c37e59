package simulator

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"
)

// Kind is the name of a fault.
type Kind string

// The faults. Unless stated otherwise, a fault answers in place of the API and the call has no effect.
const (
	Throttle       Kind = "throttle"           // 400 Throttling.User, with the header that says for how long
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
	HTML           Kind = "html"               // 200 with an HTML page, as a proxy sends it
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
	UnknownRequest Kind = "no-request-id"      // the call is carried out; the RequestId in its answer is empty
)

// spoiler makes the answer that the caller receives. a is the API's answer, or zero if the call was not carried out.
type spoiler func(f Fault, cl *call, a answer) answer

// kind is how a fault works.
type kind struct {
	severs  bool               // the fault strikes below HTTP
	applied bool               // the call is always carried out
	lasts   time.Duration      // default of Fault.For
	prepare func(Fault, *call) // is called before the call is carried out, or nil
	spoil   spoiler            // nil: the answer is not changed
}

// kinds says how each fault works.
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
	HTML:           {spoil: htmlPage(http.StatusOK)},
	BadGateway:     {spoil: htmlPage(http.StatusBadGateway)},
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

// Kinds returns the names of all faults, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// wrongTypes is an answer in which no value has the right type.
const wrongTypes = `{"RequestId":{"id":1},"TotalCount":"many","NextToken":[],"OwnerId":{},"Status":7,"Credentials":"none","VpcPeerConnects":{"Item":true}}`

// says answers with an API error.
func says(status int, code, text string) spoiler {
	return func(_ Fault, cl *call, _ answer) answer {
		return (&apiError{status: status, code: code, message: text}).answer(cl)
	}
}

// cuts breaks off the exchange without an answer.
func cuts(how cut) spoiler {
	return func(f Fault, _ *call, _ answer) answer { return answer{cut: how, code: string(f.Kind)} }
}

// body answers with a fixed text.
func body(status int, text string) spoiler {
	return func(f Fault, _ *call, _ answer) answer {
		return answer{status: status, code: string(f.Kind), body: []byte(text)}
	}
}

// htmlPage answers as a proxy does.
func htmlPage(status int) spoiler {
	return func(f Fault, cl *call, a answer) answer {
		a = body(status, "<html><body><h1>"+http.StatusText(status)+"</h1></body></html>")(f, cl, a)
		a.contentType = "text/html"
		return a
	}
}

func slowly(f Fault, _ *call, a answer) answer {
	a.pace = f.For
	return a
}

func cutsBody(f Fault, _ *call, a answer) answer {
	a.cut, a.code = short, string(f.Kind)
	return a
}

func truncates(f Fault, _ *call, a answer) answer {
	a.body, a.code = a.body[:len(a.body)/2], string(f.Kind)
	return a
}

func errorObject(_ Fault, cl *call, _ answer) answer {
	return (&apiError{status: http.StatusOK, code: "InternalError", message: "The request processing has failed."}).answer(cl)
}

// misshapes answers with an error of an unexpected shape.
func misshapes(change func(*errorBody)) spoiler {
	return func(f Fault, cl *call, _ answer) answer {
		e := badRequest("InvalidParameter", "The specified parameter is not valid.").body(cl)
		change(&e)
		return answer{status: http.StatusBadRequest, code: string(f.Kind), body: encode(e)}
	}
}

func denies(_ Fault, cl *call, _ answer) answer {
	return forbidden(cl.product.denial, cl.ramAction(), cl.key).answer(cl)
}

func textDetail(f Fault, cl *call, a answer) answer {
	e := forbidden("NoPermission", cl.ramAction(), cl.key)
	e.detail = "implicit deny"
	a = e.answer(cl)
	a.code = string(f.Kind)
	return a
}

// redirect sends the caller to another path of the same server, without the signed query. A client that follows gets an
// error.
func redirect(f Fault, _ *call, _ answer) answer {
	return answer{status: http.StatusFound, code: string(f.Kind), location: "/redirected"}
}

// forgetsRequestID empties the RequestId, as in an answer that does not come from the API.
func forgetsRequestID(f Fault, _ *call, a answer) answer {
	a.body, a.code = requestID.ReplaceAll(a.body, []byte(`"RequestId":""`)), string(f.Kind)
	return a
}

var requestID = regexp.MustCompile(`"RequestId":"[^"]*"`)
