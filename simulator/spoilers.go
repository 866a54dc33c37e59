package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// spoiler makes the answer that the caller receives. a is the API's answer, or zero if the call was not carried out.
type spoiler func(f Fault, cl *call, a answer) answer

func throttles(f Fault, cl *call, _ answer) answer {
	e := throttled(f.For)
	e.status, e.code = f.Status, f.Code
	return e.answer(cl)
}

// cuts breaks off the exchange without an answer.
func cuts(how cut) spoiler {
	return func(f Fault, _ *call, _ answer) answer { return answer{cut: how, code: string(f.Kind)} }
}

func slows(f Fault, _ *call, a answer) answer {
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

// wrongTypes is an answer in which no value has the right type.
const wrongTypes = `{"RequestId":{"id":1},"TotalCount":"many","NextToken":[],"OwnerId":{},"Status":7,"Credentials":"none","VpcPeerConnects":{"Item":true}}`

// sends answers 200 with a fixed text.
func sends(text string) spoiler {
	return func(f Fault, _ *call, _ answer) answer {
		return answer{status: http.StatusOK, code: string(f.Kind), body: []byte(text)}
	}
}

// sendsPage answers as a proxy or a firewall does.
func sendsPage(f Fault, _ *call, _ answer) answer {
	a := htmlPage(f.Status)
	a.code = string(f.Kind)
	return a
}

func htmlPage(status int) answer {
	return answer{status: status, body: []byte("<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"), contentType: "text/html"}
}

// redirects sends the caller to another path of the same server, without the signed query. A client that follows gets an
// error.
func redirects(f Fault, _ *call, _ answer) answer {
	return answer{status: http.StatusFound, code: string(f.Kind), location: "/redirected"}
}

// misshapes answers with an error of an unexpected shape.
func misshapes(change func(*errorBody)) spoiler {
	return func(f Fault, cl *call, _ answer) answer {
		e := badRequest("InvalidParameter", "The specified parameter is not valid.").body(cl)
		change(&e)
		return answer{status: http.StatusBadRequest, code: string(f.Kind), body: encode(e)}
	}
}

func misshapesDetail(f Fault, cl *call, _ answer) answer {
	e := cl.forbidden(identityPolicy)
	e.code, e.detail = "NoPermission", "implicit deny"
	a := e.answer(cl)
	a.code = string(f.Kind)
	return a
}

// emptiesRequestID makes an answer that looks as if it did not come from the API.
func emptiesRequestID(f Fault, _ *call, a answer) answer {
	a.body, a.code = requestID.ReplaceAll(a.body, []byte(`"RequestId":""`)), string(f.Kind)
	return a
}

var requestID = regexp.MustCompile(`"RequestId":"[^"]*"`)

func dropsKeys(f Fault, _ *call, a answer) answer {
	return a.edited(f.Keys, func(object map[string]any, key string) { delete(object, key) })
}

func nullsKeys(f Fault, _ *call, a answer) answer {
	return a.edited(f.Keys, func(object map[string]any, key string) { object[key] = nil })
}

// echoesInKeys puts a secret of the caller, each time in another form, into every string and list of strings.
func echoesInKeys(f Fault, cl *call, a answer) answer {
	echoes, n := cl.echoes(), 0
	return a.edited(f.Keys, func(object map[string]any, key string) {
		echo := any(echoes[n%len(echoes)])
		if _, list := object[key].([]any); list {
			echo = []any{echo}
		}
		object[key] = echo
		n++
	})
}

// echoesInError answers with an error that repeats the caller's secrets in each of its parts.
func echoesInError(f Fault, cl *call, _ answer) answer {
	token := echoes(cmp.Or(cl.params.get("SecurityToken"), cl.params.get("Signature")))
	e := badRequest("Invalid."+echoes(cl.key.Secret)[1], "Not accepted: %s", strings.Join(cl.echoes(), " ")).body(cl)
	e.Recommend, e.RequestID = token[2], token[3]
	return answer{status: http.StatusBadRequest, code: string(f.Kind), body: encode(e)}
}

// echoes returns all forms of all secrets of the caller, those of its security token first.
func (cl *call) echoes() (all []string) {
	for _, secret := range []string{cl.params.get("SecurityToken"), cl.params.get("Signature"), cl.key.Secret, cl.key.ID} {
		if secret != "" {
			all = append(all, echoes(secret)...)
		}
	}
	return all
}

// echoes returns a secret in four forms: whole, its beginning, its end, and escaped with small letters.
func echoes(secret string) []string {
	third := len(secret) / 3
	return []string{secret, secret[:2*third], secret[third:], smallEscapes(secret)}
}

var escape = regexp.MustCompile(`%[0-9A-F]{2}`)

func smallEscapes(s string) string {
	return escape.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
}

// edited returns the answer with a change to each of the keys, wherever they occur.
func (a answer) edited(keys string, change func(object map[string]any, key string)) answer {
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber() // ids of accounts do not fit into a float64
	var body any
	if err := d.Decode(&body); err != nil {
		panic("simulator: decoding an answer: " + err.Error())
	}
	for path := range strings.SplitSeq(keys, ",") {
		edit(body, strings.Split(path, "."), change)
	}
	a.body = encode(body)
	return a
}

// edit changes each key at the end of a path. Every key of the path may be any number of levels below the one before.
func edit(v any, path []string, change func(object map[string]any, key string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch {
			case key != path[0]:
				edit(v[key], path, change)
			case len(path) == 1:
				change(v, key)
			default:
				edit(v[key], path[1:], change)
			}
		}
	case []any:
		for _, element := range v {
			edit(element, path, change)
		}
	}
}
