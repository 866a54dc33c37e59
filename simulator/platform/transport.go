package platform

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
)

// Transport returns the Runtime as a transport without a network. It works inside a testing/synctest bubble, where real
// sockets would hang.
func (p *Runtime) Transport() http.RoundTripper { return roundTrip(p.roundTrip) }

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (p *Runtime) roundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		v := recover()
		if aborted, ok := v.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
			resp, err = nil, fmt.Errorf("%s %s: connection reset", r.Method, r.URL.Path)
		} else if v != nil {
			panic(v)
		}
	}()
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}
