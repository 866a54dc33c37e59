package simulator

import (
	"cmp"
	"net/http"
	"regexp"
)

// wrongTypes is an answer in which nothing has the type it should have.
const wrongTypes = `{"RequestId":{"id":1},"TotalCount":"many","NextToken":[],"OwnerId":{},"Status":7,"Credentials":"none","VpcPeerConnects":{"Item":true}}`

// says answers with an error of the API.
func says(status int, code, text string) spoiler {
	return func(_ Fault, cl *call, _ answer) answer {
		return (&apiError{status: status, code: code, message: text}).answer(cl)
	}
}

// cuts ends the exchange without an answer.
func cuts(how cut) spoiler {
	return func(f Fault, _ *call, _ answer) answer { return answer{cut: how, code: string(f.Kind)} }
}

// body answers with a text, whatever it is.
func body(status int, text string) spoiler {
	return func(f Fault, _ *call, _ answer) answer {
		return answer{status: status, code: string(f.Kind), body: []byte(text)}
	}
}

func page(status int) spoiler {
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

// misshapes answers with an error whose shape no client expects.
func misshapes(change func(*errorBody)) spoiler {
	return func(f Fault, cl *call, _ answer) answer {
		e := badRequest("InvalidParameter", "The specified parameter is not valid.").body(cl)
		change(&e)
		return answer{status: http.StatusBadRequest, code: string(f.Kind), body: encode(e)}
	}
}

func denies(_ Fault, cl *call, _ answer) answer {
	return forbidden(cmp.Or(operations[cl.version][cl.Action].denial, "NoPermission"), cl.ramAction(), cl.key).answer(cl)
}

func textDetail(f Fault, cl *call, a answer) answer {
	e := forbidden("NoPermission", cl.ramAction(), cl.key)
	e.detail = "implicit deny"
	a = e.answer(cl)
	a.code = string(f.Kind)
	return a
}

// redirect sends the caller elsewhere on the same server, without the signed query; whoever follows finds nothing.
func redirect(f Fault, _ *call, _ answer) answer {
	return answer{status: http.StatusFound, code: string(f.Kind), location: "/redirected"}
}

// forgetsRequestID leaves the id out, as an answer does that somebody else has written.
func forgetsRequestID(f Fault, _ *call, a answer) answer {
	a.body, a.code = requestID.ReplaceAll(a.body, []byte(`"RequestId":""`)), string(f.Kind)
	return a
}

var requestID = regexp.MustCompile(`"RequestId":"[^"]*"`)
